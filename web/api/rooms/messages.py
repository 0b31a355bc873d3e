"""`/messages`: what leaves the house, how far it is, and a way to send again what is parked."""

from typing import Any

from flask import Response, abort
from sqlalchemy import Connection, Row

from houblon.engine.core.problem import refuse
from houblon.orders.outbox.delivery import send_again
from houblon.orders.queries import lists
from houblon.orders.services import Conflict
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Listing, choice, text
from houblon.web.api.keys import caller
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, moment_cursor, page, read_moment_cursor

_MEMBERS = (
    *("id", "order_key", "invoice_key", "kind", "destination", "event", "recipient", "state", "attempts"),
    *("created_at", "due_at", "sent_at", "error"),
)


class MessageListing(Listing):
    """`destination` is `mail`, or `webhook:` and an endpoint's id."""

    after = text(100, 1)
    state = choice("pending", "sent", "parked")
    kind = choice("mail", "webhook")
    destination = text(60, 1)


@operation("GET", "/messages", scope="read", room="Messages", answer="Messages", query=MessageListing)
def list_messages(asked: dict[str, Any]) -> Response:
    """Messages, the newest first"""
    filters = (asked.get("state"), asked.get("kind"), _cursor(asked.get("after")), asked.get("destination"))
    with house().services.ledger.reading() as connection:
        found = lists.list_messages(connection, *filters, limit=asked["limit"] + 1)
    shown, after = page(found, asked["limit"], lambda row: moment_cursor(row.created_at, row.id))
    return linked(json_response({"items": [_head(row) for row in shown]}), after)


@operation("GET", "/messages/<id>", scope="read", room="Messages", answer="Message", faults=(404,))
def get_message(id: str) -> Response:
    """One message; what a mail says is its reader's, a webhook's payload is told"""
    return _shown(id)


@operation("POST", "/messages/<id>/resend", scope="write", room="Messages", answer="Message", faults=(404,))
def resend_message(id: str) -> Response:
    """Send a parked message again"""
    with house().services.ledger.reading() as connection:
        row = _row(connection, id)
    # Its link opens somebody's account: who sends it is who may let people in, and that is no key.
    if row.event.startswith("account."):
        abort(403)
    by = acting(house(), caller())

    def entry_of(is_sent: bool) -> Entry | None:
        return by.entry("message.sent_again", id) if is_sent else None

    if not send_again(house().services.ledger, id, by.at, entry_of=entry_of):
        raise Conflict(
            "not_parked",
            "Ce message n’attend pas de repartir, ou n’a pas où aller.",
            "This message does not wait to be sent again, or has nowhere to go.",
        )
    return _shown(id)


def _cursor(after: str | None) -> Any:
    try:
        return None if after is None else read_moment_cursor(after)
    except (ValueError, OverflowError):
        raise refuse("cursor", "/after", "Aucune liste ne s’arrête là.", "No list stops there.") from None


def _row(connection: Connection, id: str) -> Row[Any]:
    return lists.message_row(connection, id) or not_found()


def _shown(id: str) -> Response:
    with house().services.ledger.reading() as connection:
        row = _row(connection, id)
    payload = {"payload": row.message} if row.kind == "webhook" else {}
    return json_response({**_head(row), **payload})


def _head(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _MEMBERS}
