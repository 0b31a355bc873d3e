"""`/invoices/{key}/dispute` and `/close-dispute`: its buyer contests an invoice; and that is over."""

from typing import Any

import msgspec
from flask import Response

from houblon.engine.core.money import dollars
from houblon.orders.invoicing import disputes
from houblon.orders.invoicing.disputes import Disputed, disputes_of
from houblon.web.access.audit import by as acting
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import Body, text
from houblon.web.api.keys import caller
from houblon.web.api.rooms.invoice_shapes import DisputeEntry
from houblon.web.api.rooms.invoices import dispute_entry
from houblon.web.api.spec.types import Key, Money
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.invoices.entries import dispute_closed, disputed


class NewDispute(Body):
    reason = text(disputes.MOST_WORDS, 1, required=True)


class DisputeClosing(Body):
    outcome = text(disputes.MOST_WORDS, load_default="")


class DisputeOf(DisputeEntry, frozen=True, kw_only=True):
    """A dispute that was just opened or closed, and its invoice; while one is open, `balance` counts for nothing."""

    invoice_key: Key
    invoice_number: str
    disputed: bool
    balance: Money


SHAPES: tuple[type[msgspec.Struct], ...] = (DisputeOf,)


@operation(
    "POST",
    "/invoices/<int:key>/dispute",
    scope="write",
    room="Invoices",
    answer="DisputeOf",
    body=NewDispute,
    faults=(404,),
)
def dispute_invoice(asked: dict[str, Any], key: int) -> Response:
    """Note that its buyer contests an invoice: until that is closed it is not owed, and nobody is reminded of it"""
    by = acting(house(), caller())
    try:
        done = disputes.dispute(house().services, key, asked["reason"], by=by.who, at=by.at, entry_of=disputed(by))
    except LookupError:
        not_found()
    return _of(done)


@operation(
    "POST",
    "/invoices/<int:key>/close-dispute",
    scope="write",
    room="Invoices",
    answer="DisputeOf",
    body=DisputeClosing,
    faults=(404,),
)
def close_dispute(asked: dict[str, Any], key: int) -> Response:
    """Close the dispute of an invoice: what is left of it is owed again"""
    by = acting(house(), caller())
    try:
        done = disputes.close(house().services, key, asked["outcome"], by=by.who, at=by.at, entry_of=dispute_closed(by))
    except LookupError:
        not_found()
    return _of(done)


def _of(done: Disputed) -> Response:
    with house().services.ledger.reading() as connection:
        row = next(each for each in disputes_of(connection, done.invoice_key) if each.key == done.key)
    return json_response(
        {
            **dispute_entry(row),
            "invoice_key": done.invoice_key,
            "invoice_number": done.number,
            "disputed": done.is_open,
            "balance": dollars(done.balance),
        }
    )
