"""What becomes of an order beside its review: delivered or cancelled; each move once, whoever else tries."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from houblon.orders.db.tables import invoices, orders
from houblon.orders.handling.receive import ruling
from houblon.orders.handling.review import buyer_of, invoice_as_decided, order_at
from houblon.orders.invoicing.invoice import Issued, credit
from houblon.orders.invoicing.transitions import credited
from houblon.orders.mail import enqueue as messages
from houblon.orders.records.decision_log import keep_move, settled
from houblon.orders.services import Conflict, Desk, Matter

CANCELLABLE = ("held", "accepted")
# The setting lists no event for these, so each goes by the one whose message it takes back.
_TOLD_AS = {"held": "order.held", "accepted": "order.accepted"}


class Cancelled(msgspec.Struct, frozen=True):
    """What followed a cancellation: the credit note's number where the order had an invoice, and who was told."""

    credit_note: str | None
    is_buyer_told: bool


def deliver(desk: Desk, key: int, *, by: str, at: datetime, why: str = "") -> str | None:
    """Note that an accepted order was delivered; returns the invoice's number where one is issued now.

    That is when the acceptance decided so (trigger `on_delivery`), on the acceptance's terms. Raises
    Conflict when the order is not accepted or somebody moved it first; LookupError when there is none.
    """
    return desk.ledger.write(lambda connection: _deliver(connection, desk, key, by, at, why))


def cancel(desk: Desk, key: int, *, was: str, by: str, at: datetime, why: str) -> Cancelled:
    """Cancel an order that the person saw `was` held or accepted; its invoice is credited at once.

    Raises Conflict when it is no longer what they saw, LookupError when there is no such order.
    """
    return desk.ledger.write(lambda connection: _cancel(connection, desk, key, was, by, at, why))


def _deliver(connection: Connection, desk: Desk, key: int, by: str, at: datetime, why: str) -> str | None:
    row, order = order_at(connection, key)
    if row.state == "held":
        raise Conflict(
            "not_accepted",
            f"La commande {row.order_id} est encore en attente : acceptez-la avant de la livrer.",
            f"Order {row.order_id} is still held: accept it before it is delivered.",
        )
    _move_on(connection, desk, row, "accepted", "delivered")
    policy = ruling(connection, desk, order, at).policy
    keep_move(connection, Matter(key, order, buyer_of(connection, row), policy, at), "accepted", "delivered", by, why)
    if _invoice(connection, key) is not None:
        return None
    return invoice_as_decided(connection, desk, row, order, by, at, on_delivery=True)


def _cancel(connection: Connection, desk: Desk, key: int, was: str, by: str, at: datetime, why: str) -> Cancelled:
    if was not in CANCELLABLE:
        raise ValueError(f"an order that is {was} can't be cancelled")
    row, order = order_at(connection, key)
    _move_on(connection, desk, row, was, "cancelled")
    policy = ruling(connection, desk, order, at).policy
    matter = Matter(key, order, buyer_of(connection, row), policy, at)
    move = keep_move(connection, matter, was, "cancelled", by, why)
    credited_invoice = _invoice(connection, key)
    note: Issued | None = None
    if credited_invoice is not None:
        note = credit(connection, desk, matter, credited_invoice, by, why)
        credited(connection, credited_invoice, who=by, at=at, why=note.number)
    number = note.number if note else None
    told = policy.settings["notifications.buyer"].value
    if note is not None and "invoice.issued" in told:
        messages.queue_notice(connection, desk, matter, move, "credit_note.issued", note)
    elif _TOLD_AS[was] in told:
        messages.queue_notice(connection, desk, matter, move, "order.cancelled", None)
    else:
        return Cancelled(number, False)
    return Cancelled(number, True)


def _move_on(connection: Connection, desk: Desk, row: Row[Any], before: str, after: str) -> None:
    """The one transition from `before`: whoever comes second finds nothing to move."""
    moved = connection.execute(
        update(orders).where(orders.c.key == row.key, orders.c.state == before).values(state=after)
    )
    if moved.rowcount != 1:
        now, _ = order_at(connection, row.key)
        raise settled(connection, desk, now)


def _invoice(connection: Connection, key: int) -> Row[Any] | None:
    query = select(invoices).where(invoices.c.order_key == key, invoices.c.kind == "invoice")
    return connection.execute(query.with_for_update()).one_or_none()
