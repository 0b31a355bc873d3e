"""`/sources`: who may send orders and how they are read, looked after by key as on the page « Sources »."""

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, url_for
from sqlalchemy import Connection

from houblon.orders.credentials.credentials import STANDARD
from houblon.orders.intake.sources import (
    Source,
    default_mapping,
    find_source,
    list_sources,
)
from houblon.web.access.audit import by as acting
from houblon.web.admin.acts import add_source, change_source, retire_secret, retire_secrets
from houblon.web.api.blueprint import operation
from houblon.web.api.connections.bodies import NewMapping, NewSource, SourceGroups
from houblon.web.api.etags import etag_of, seen, tagged
from houblon.web.api.groups import check_groups
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response

_ROOM = "Sources"


@operation("GET", "/sources", scope="read", room=_ROOM, answer="Sources")
def list_all_sources() -> Response:
    """Every source, by name"""
    with house().services.ledger.reading() as connection:
        found = list_sources(connection)
    return json_response({"items": [_document(each) for each in found]})


@operation("POST", "/sources", scope="write", room=_ROOM, answer="SourceMade", status=201, body=NewSource)
def add_source_secret(asked: dict[str, Any]) -> Response:
    """Add a source, or one more secret to one that there is

    The secret that is made is told in this answer, and never again; a shop's own is not repeated.
    """
    name, kind, given = asked["name"].strip(), asked["kind"], asked["secret"]
    by = acting(house(), caller())
    made = house().services.ledger.write(
        lambda connection: add_source(connection, by, name, kind, given, has_own_buyers=asked["own_buyers"])
    )
    document = _document(_source(name)) | {"secret": made if given is None else None}
    return json_response(document, 201, Location=url_for("api.get_source", name=name))


@operation("GET", "/sources/<path:name>", scope="read", room=_ROOM, answer="Source", faults=(404,), etag=True)
def get_source(name: str) -> Response:
    """One source, its secrets' ages and how its orders are read"""
    return _shown(name)


@operation("POST", "/sources/<path:name>/retire", scope="write", room=_ROOM, answer="Source", faults=(404,))
def retire_source(name: str) -> Response:
    """Take every secret of a source back; what they sign is refused from now on"""
    by = acting(house(), caller())

    def work(connection: Connection) -> None:
        _source_in(connection, name)
        retire_secrets(connection, by, name)

    house().services.ledger.write(work)
    return _shown(name)


@operation(
    "POST",
    "/sources/<path:name>/secrets/<int:key>/retire",
    scope="write",
    room=_ROOM,
    answer="Source",
    faults=(404,),
)
def retire_source_secret(name: str, key: int) -> Response:
    """Take one secret of a source back: the end of a rotation"""
    by = acting(house(), caller())

    def work(connection: Connection) -> None:
        if not any(each.key == key for each in _source_in(connection, name).secrets):
            abort(404)
        retire_secret(connection, by, key)

    house().services.ledger.write(work)
    return _shown(name)


@operation(
    "PUT",
    "/sources/<path:name>/groups",
    scope="write",
    room=_ROOM,
    answer="Source",
    body=SourceGroups,
    faults=(404,),
    etag=True,
    if_match=False,
)
def set_source_groups(asked: dict[str, Any], name: str) -> Response:
    """Say which groups the buyers of a source are in whose orders name none"""
    check_groups(asked["groups"])

    def change(source: Source) -> tuple[Sequence[str], dict[str, Any] | None]:
        return asked["groups"], source.mapping

    return _set(name, change)


@operation(
    "PUT",
    "/sources/<path:name>/mapping",
    scope="write",
    room=_ROOM,
    answer="Source",
    body=NewMapping,
    faults=(404,),
    etag=True,
    if_match=False,
)
def set_source_mapping(asked: dict[str, Any], name: str) -> Response:
    """Say how a source's payloads are read; null goes back to its kind's own"""

    def change(source: Source) -> tuple[Sequence[str], dict[str, Any] | None]:
        mapping = asked["mapping"]
        return source.groups, None if mapping == default_mapping(source.kind) else mapping

    return _set(name, change)


def _set(name: str, change: Any) -> Response:
    by, check = acting(house(), caller()), seen()

    def work(connection: Connection) -> None:
        source = _source_in(connection, name)
        check(_etag(source))
        groups, mapping = change(source)
        change_source(connection, by, name, source, groups, mapping)

    house().services.ledger.write(work)
    return _shown(name)


def _source(name: str) -> Source:
    with house().services.ledger.reading() as connection:
        return _source_in(connection, name)


def _source_in(connection: Connection, name: str) -> Source:
    return find_source(connection, name) or abort(404)


def _shown(name: str) -> Response:
    source = _source(name)
    return tagged(json_response(_document(source)), _etag(source))


def _etag(source: Source) -> str:
    return etag_of(source.groups, source.mapping, [(each.key, each.active) for each in source.secrets])


def _document(source: Source) -> dict[str, Any]:
    path = "" if source.kind == STANDARD else f"{source.kind}/"
    return {
        "name": source.name,
        "kind": source.kind,
        "address": f"{house().services.base_url.rstrip('/')}/webhooks/{path}orders",
        "secrets": [{"key": each.key, "created_at": each.created_at, "active": each.active} for each in source.secrets],
        "groups": source.groups,
        "own_buyers": source.own_buyers,
        "mapping": source.mapping,
        "mapping_in_use": default_mapping(source.kind) if source.mapping is None else source.mapping,
        "last_call": source.last_call,
    }
