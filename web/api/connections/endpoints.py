"""`/endpoints`: who is told what happens, looked after by key as on the page « Webhooks sortants »."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, url_for
from sqlalchemy import Connection, Row

from houblon.orders.events import endpoints
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.endpoints import Paused, Wanted, destination_of
from houblon.orders.events.feed import enqueue_test_event, unread_count
from houblon.orders.queries import lists
from houblon.orders.services import Conflict
from houblon.web.access.account_commands import By
from houblon.web.access.audit import by as acting
from houblon.web.admin import acts
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.connections.bodies import EndpointWanted, ResendAfter
from houblon.web.api.etags import etag_of, seen, tagged
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response

_ROOM = "Endpoints"


@operation("GET", "/endpoints", scope="read", room=_ROOM, answer="Endpoints")
def list_endpoints() -> Response:
    """Every endpoint, the oldest first"""
    with house().services.ledger.reading() as connection:
        counts, now = lists.count_by_destination(connection), house().now()
        found = [_document(connection, row, now, counts) for row in endpoints.list_endpoints(connection)]
    return json_response({"items": found})


@operation("POST", "/endpoints", scope="write", room=_ROOM, answer="EndpointSecret", status=201, body=EndpointWanted)
def add_endpoint(asked: dict[str, Any]) -> Response:
    """Add an endpoint

    Its secret is told in this answer, and never again.
    """
    wanted, allowed = _wanted(asked), house().settings.private_webhooks

    id, secret = _write(lambda connection, by: acts.add_endpoint(connection, by, wanted, allowed))
    response = _shown(id, secret=secret)
    response.status_code = 201
    response.headers["Location"] = url_for("api.get_endpoint", id=id)
    return response


@operation("GET", "/endpoints/<id>", scope="read", room=_ROOM, answer="Endpoint", faults=(404,), etag=True)
def get_endpoint(id: str) -> Response:
    """One endpoint, and what waits for it"""
    return _shown(id)


@operation(
    "PUT",
    "/endpoints/<id>",
    scope="write",
    room=_ROOM,
    answer="Endpoint",
    body=EndpointWanted,
    faults=(404,),
    etag=True,
    if_match=False,
)
def change_endpoint(asked: dict[str, Any], id: str) -> Response:
    """Say anew where an endpoint is and what it is told"""
    wanted, allowed, check = _wanted(asked), house().settings.private_webhooks, seen()

    def work(connection: Connection, by: By) -> None:
        check(_etag(_row(connection, id)))
        acts.change_endpoint(connection, by, id, wanted, allowed)

    _write(work)
    return _shown(id)


@operation("DELETE", "/endpoints/<id>", scope="write", room=_ROOM, answer="Endpoint", faults=(404,), if_match=False)
def remove_endpoint(id: str) -> Response:
    """Remove an endpoint; what waits for it is parked

    The answer is the endpoint as it was.
    """
    check = seen()

    def work(connection: Connection, by: By) -> dict[str, Any]:
        row = _row(connection, id)
        check(_etag(row))
        document = _document(connection, row, by.at, lists.count_by_destination(connection))
        acts.remove_endpoint(connection, by, id)
        return document

    return json_response(_write(work))


@operation("POST", "/endpoints/<id>/pause", scope="write", room=_ROOM, answer="Endpoint", faults=(404,))
def pause_endpoint(id: str) -> Response:
    """Send an endpoint nothing until it is resumed; one that is paused stays so"""
    _write(lambda connection, by: acts.pause_endpoint(connection, by, id))
    return _shown(id)


@operation("POST", "/endpoints/<id>/resume", scope="write", room=_ROOM, answer="Endpoint", faults=(404,))
def resume_endpoint(id: str) -> Response:
    """Send an endpoint again what waits for it, and what happens"""
    _write(lambda connection, by: acts.resume_endpoint(connection, by, id))
    return _shown(id)


@operation(
    "POST",
    "/endpoints/<id>/resend",
    scope="write",
    room=_ROOM,
    answer="Endpoint",
    body=ResendAfter,
    faults=(404, 410),
)
def resend_to_endpoint(asked: dict[str, Any], id: str) -> Response:
    """Send an endpoint again what happened after an event

    Messages keep the ids that they had. 410 for a place older than what is kept.
    """
    _write(lambda connection, by: acts.resend_after(connection, by, id, asked["after"]))
    return _shown(id)


@operation("POST", "/endpoints/<id>/test", scope="write", room=_ROOM, answer="Endpoint", status=202, faults=(404,))
def test_endpoint(id: str) -> Response:
    """Send an endpoint a test event; 409 while it is paused"""

    def work(connection: Connection, by: By) -> None:
        _row(connection, id)
        try:
            enqueue_test_event(connection, id, by.at)
        except Paused:
            raise Conflict(
                "paused",
                "Ce point de livraison est suspendu : reprenez d’abord les envois.",
                "This endpoint is paused: resume it first.",
            ) from None

    _write(work)
    response = _shown(id)
    response.status_code = 202
    return response


@operation("POST", "/endpoints/<id>/secret", scope="write", room=_ROOM, answer="EndpointSecret", faults=(404,))
def rotate_endpoint_secret(id: str) -> Response:
    """Make a new secret; the one before signs beside it for a day

    It is told in this answer, and never again.
    """
    return _shown(id, secret=_write(lambda connection, by: acts.rotate_endpoint(connection, by, id)))


def _wanted(asked: dict[str, Any]) -> Wanted:
    events = EVENTS if asked["events"] is None else tuple(asked["events"])
    return Wanted(asked["url"].strip(), events, asked["description"].strip())


def _write(work: Callable[[Connection, By], Any]) -> Any:
    """In the ledger, the act and its entry, by this key at this instant. 404 where there is no such endpoint."""
    by = acting(house(), caller())
    try:
        return house().services.ledger.write(lambda connection: work(connection, by))
    except LookupError:
        not_found()


def _row(connection: Connection, id: str) -> Row[Any]:
    return endpoints.endpoint_row(connection, id) or not_found()


def _shown(id: str, **more: Any) -> Response:
    with house().services.ledger.reading() as connection:
        row = _row(connection, id)
        counts = lists.count_by_destination(connection)
        return tagged(json_response(_document(connection, row, house().now(), counts) | more), _etag(row))


def _etag(row: Row[Any]) -> str:
    return etag_of(row.url, row.events, row.description, row.active)


def _document(
    connection: Connection, row: Row[Any], now: datetime, counts: dict[tuple[str, str], int]
) -> dict[str, Any]:
    is_rotating = len(endpoints.secrets_at(row, now)) > 1
    waiting = {state: counts.get((destination_of(row.id), state), 0) for state in ("pending", "parked")}
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "active": row.active,
        "stopped_why": row.stopped_why,
        "created_at": row.created_at,
        "old_secret_until": row.old_secret_until if is_rotating else None,
        **waiting,
        "place": row.place,
        "unread": unread_count(connection, row),
        "lost_through": endpoints.lost_through(connection, row),
    }
