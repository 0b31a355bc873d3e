"""`/orders/{key}/…`: what follows an acceptance. Delivered, cancelled, invoiced by hand, planned for another day."""

from typing import Any

import msgspec
from flask import Response

from houblon.orders.handling import deliveries, lifecycle, planned_delivery, review, undo
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.invoicing.credits import Words
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import operation
from houblon.web.api.bodies import Cancellation, Delivery, PlannedDelivery, Undoing
from houblon.web.api.keys import caller
from houblon.web.api.orders import reviewed, seen_order
from houblon.web.api.rooms.references import of_recorded
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.orders.entries import cancelled, delivered, delivery_changed, invoiced, undone


@operation(
    "POST",
    "/orders/<int:key>/deliver",
    scope="write",
    room="Orders",
    answer="Delivered",
    body=Delivery,
    faults=(404,),
    if_match=False,
)
def deliver_order(asked: dict[str, Any], key: int) -> Response:
    """Deliver an accepted order: all of it, or so many of each line"""
    row, by = seen_order(key), acting(house(), caller())
    lines = [LineDelivered(**each) for each in asked["lines"]]
    words = Words(reason=asked["reason"].strip(), note=asked["note"].strip())
    done = deliveries.deliver(
        house().services,
        key,
        by=by.who,
        at=by.at,
        on=asked.get("on"),
        lines=lines,
        words=words,
        entry_of=delivered(by, row.order_id),
    )
    return _answer(key, on=done.on, lines=msgspec.to_builtins(done.lines), credit_note=done.credit_note)


@operation(
    "POST",
    "/orders/<int:key>/cancel",
    scope="write",
    room="Orders",
    answer="Cancelled",
    body=Cancellation,
    faults=(404,),
    if_match=False,
)
def cancel_order(asked: dict[str, Any], key: int) -> Response:
    """Cancel a held or accepted order; its invoice is credited"""
    row, by, why = seen_order(key), acting(house(), caller()), asked["why"].strip()
    # What is neither is refused by the move itself, which tells who moved it before.
    was = row.state if row.state in lifecycle.CANCELLABLE else "accepted"
    entry = cancelled(by, row.order_id, was, why)
    done = lifecycle.cancel(house().services, key, was=was, by=by.who, at=by.at, why=why, entry_of=lambda _: entry)
    return _answer(key, credit_note=done.credit_note, is_buyer_notified=done.is_buyer_notified)


@operation(
    "POST",
    "/orders/<int:key>/invoice",
    scope="write",
    room="Orders",
    answer="Invoiced",
    status=201,
    faults=(404,),
    if_match=False,
)
def invoice_order(key: int) -> Response:
    """Issue the invoice of an accepted order whose policy leaves that to a person"""
    row, by = seen_order(key), acting(house(), caller())
    review.issue_invoice(
        house().services,
        key,
        by=by.who,
        at=by.at,
        entry_of=invoiced(by, row.order_id),
    )
    return _answer(key, 201)


@operation(
    "PUT",
    "/orders/<int:key>/planned-delivery",
    scope="write",
    room="Orders",
    answer="Planned",
    body=PlannedDelivery,
    faults=(404,),
    if_match=False,
)
def plan_delivery(asked: dict[str, Any], key: int) -> Response:
    """Plan the delivery of an accepted order for another day; its due date follows where the installation says so"""
    row, by, why = seen_order(key), acting(house(), caller()), asked["why"].strip()
    entry_of = delivery_changed(by, row.order_id, why)
    done = planned_delivery.change(
        house().services, key, asked["date"], by=by.who, at=by.at, why=why, entry_of=entry_of
    )
    return _answer(key, planned_delivery=done.after, due_date=done.due_after)


@operation(
    "POST",
    "/orders/<int:key>/undo",
    scope="write",
    room="Orders",
    answer="Reviewed",
    body=Undoing,
    faults=(404,),
    if_match=False,
)
def undo_order(asked: dict[str, Any], key: int) -> Response:
    """Take back a delivery, a refusal or a cancellation that was a mistake, while nobody outside was told of it"""
    row, by, was = seen_order(key), acting(house(), caller()), asked["was"]
    undo.undo(house().services, key, was=was, by=by.who, at=by.at, entry_of=undone(by, row.order_id, was))
    return reviewed(key)


def _answer(key: int, status: int = 200, **members: Any) -> Response:
    """The order as it stands now, its invoice where it has one, and what is the act's own."""
    with house().services.ledger.reading() as connection:
        return json_response({"key": key, **of_recorded(connection, key), **members}, status)
