"""`/retailers`: who buys, what is kept of them, and the groups that they are in."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from flask import Response
from marshmallow import fields
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import MAX_ID
from houblon.engine.policy.policy import BASE
from houblon.orders.queries import retailers
from houblon.orders.retailers.brought import groups_among, groups_of, keep_brought
from houblon.orders.retailers.cards import Card, edit_retailer, limit_text, read_card
from houblon.orders.retailers.joins import root_of
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import noted
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Body, Listing, text
from houblon.web.api.etags import seen, tagged
from houblon.web.api.groups import check_groups
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page

_SAID = ("name", "email", "language", "province", "credit_limit")


class RetailerListing(Listing):
    """`search` is a part of the id, the name or the address; `after` is the id of the last one seen."""

    after = text(MAX_ID, 1)
    search = text(100, load_default="")
    group = text(60, 1)


class RetailerCard(Body):
    """What is known of a retailer, all of it: what is not said is not known."""

    name = text(300, load_default="", allow_none=True)
    email = text(320, load_default="", allow_none=True)
    language = text(35, load_default="", allow_none=True)
    province = text(100, load_default="", allow_none=True)
    credit_limit = text(20, load_default="", allow_none=True)


class RetailerGroups(Body):
    """The ids of all the groups that a retailer shall be in."""

    groups = fields.List(text(60, 1), required=True)


@operation("GET", "/retailers", scope="read", room="Retailers", answer="Retailers", query=RetailerListing)
def list_retailers(asked: dict[str, Any]) -> Response:
    """Retailers, by name"""
    with house().services.ledger.reading() as connection:
        last = retailers.retailer_row(connection, asked["after"]) or not_found() if "after" in asked else None
        after = None if last is None else (last.sort, last.id)
        found = retailers.list_retailers(connection, asked["search"], asked.get("group"), after, asked["limit"] + 1)
        shown, more = page(found, asked["limit"], lambda row: row.id)
        groups = groups_among(connection, house().store.history(), [row.id for row in shown])
        items = [_document(row, groups.get(row.id, ())) for row in shown]
    return linked(json_response({"items": items}), more)


@operation("GET", "/retailers/<path:id>", scope="read", room="Retailers", answer="Retailer", faults=(404,), etag=True)
def get_retailer(id: str) -> Response:
    """One retailer, or whom it is joined to, and the groups that it is in"""
    return _shown(id)


@operation(
    "PUT",
    "/retailers/<path:id>",
    scope="write",
    room="Retailers",
    answer="Retailer",
    body=RetailerCard,
    faults=(404, 409),
    etag=True,
    if_match=False,
)
def put_retailer(asked: dict[str, Any], id: str) -> Response:
    """Write what is known of a retailer, or make one that never ordered"""
    card, by = read_card(id, *(asked[name] or "" for name in _SAID)), acting(house(), caller())
    check_seen, history = seen(), house().store.history()
    if card.id != id:
        raise refuse("id", "/id", "Cet identifiant s’écrit autrement.", f"This id is written “{card.id}”.")

    def work(connection: Connection) -> None:
        row = retailers.retailer_row(connection, id)
        check_seen("" if row is None else _etag(_document(row, groups_of(connection, history, id))))
        before, after = edit_retailer(connection, card, by.at, by.who), _said(card)
        if row is None:
            noted(connection, by, "retailer.added", id, None, after)
        elif before != after:
            noted(connection, by, "retailer.edited", id, before, after)

    house().services.ledger.write(work)
    return _shown(id)


@operation(
    "PUT",
    "/retailers/<path:id>/groups",
    scope="write",
    room="Retailers",
    answer="Retailer",
    body=RetailerGroups,
    faults=(404,),
    etag=True,
    if_match=False,
)
def put_retailer_groups(asked: dict[str, Any], id: str) -> Response:
    """Put a retailer in exactly these groups, from now on"""
    groups, by, history = sorted(set(asked["groups"])), acting(house(), caller()), house().store.history()
    check_seen = seen()
    check_groups(asked["groups"], but=(BASE,))

    def work(connection: Connection) -> None:
        row = retailers.retailer_row(connection, root_of(connection, id))
        if row is None:
            raise LookupError
        check_seen(_etag(_document(row, groups_of(connection, history, row.id))))
        keep_brought(connection, history, by.at)
        before = sorted(memberships_of(connection, row.id))
        if before != groups:
            set_memberships(connection, {row.id: groups}, by.at, by.who)
            noted(connection, by, "memberships.set", row.id, before, groups)

    try:
        house().services.ledger.write(work)
    except LookupError:
        not_found()
    return _shown(id)


def _shown(id: str) -> Response:
    with house().services.ledger.reading() as connection:
        row = retailers.retailer_row(connection, root_of(connection, id)) or not_found()
        document = _document(row, groups_of(connection, house().store.history(), row.id))
    return tagged(json_response(document), _etag(document))


def _said(card: Card) -> dict[str, Any]:
    return {name: getattr(card, name) for name in _SAID}


def _document(row: Any, groups: Sequence[str]) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("id", *_SAID, "created_at", "updated_at")}
    return {**said, "credit_limit": limit_text(row), "groups": sorted(groups)}


def _etag(document: dict[str, Any]) -> str:
    kept = {name: document[name] for name in (*_SAID, "groups")}
    return hashlib.sha256(msgspec.json.encode(kept)).hexdigest()[:32]
