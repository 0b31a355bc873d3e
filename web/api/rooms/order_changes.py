"""`/orders/{key}/change`: a change of an accepted order that waits for a person, settled by key as on its page."""

from typing import Any

from flask import Response

from houblon.orders.handling.changes import history
from houblon.orders.handling.changes import review as change_review
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import operation
from houblon.web.api.bodies import Acceptance
from houblon.web.api.keys import caller
from houblon.web.api.orders import seen_order
from houblon.web.api.rooms.references import of_recorded
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.orders.entries import change_accepted, change_dismissed


@operation(
    "POST",
    "/orders/<int:key>/change/accept",
    scope="write",
    room="Orders",
    answer="ChangeSettled",
    body=Acceptance,
    faults=(404,),
    if_match=False,
)
def accept_change(asked: dict[str, Any], key: int) -> Response:
    """Accept the change of an accepted order that waits; a new invoice takes the place of the one that it has"""
    row, by, why = seen_order(key), acting(house(), caller()), asked["why"].strip()
    entry_of = change_accepted(by, row.order_id, why)
    done = change_review.accept(house().services, key, by=by.who, at=by.at, why=why, seen=_seen(key), entry_of=entry_of)
    return _answer(key, history.ACCEPTED, done.credit_note)


@operation(
    "POST",
    "/orders/<int:key>/change/dismiss",
    scope="write",
    room="Orders",
    answer="ChangeSettled",
    body=Acceptance,
    faults=(404,),
    if_match=False,
)
def dismiss_change(asked: dict[str, Any], key: int) -> Response:
    """Dismiss the change of an accepted order that waits: it stays as it was accepted"""
    row, by, why = seen_order(key), acting(house(), caller()), asked["why"].strip()
    entry_of = change_dismissed(by, row.order_id, why)
    change_review.dismiss(house().services, key, by=by.who, at=by.at, why=why, seen=_seen(key), entry_of=entry_of)
    return _answer(key, history.DISMISSED, None)


def _seen(key: int) -> str | None:
    """What the caller means: the change that waits as the call begins."""
    with house().services.ledger.reading() as connection:
        waiting = history.waiting_change(connection, key)
    return waiting and waiting.content_hash


def _answer(key: int, state: str, note: str | None) -> Response:
    with house().services.ledger.reading() as connection:
        return json_response({"key": key, **of_recorded(connection, key), "change": state, "credit_note": note})
