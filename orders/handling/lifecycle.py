"""What becomes of an order beside its review: delivered or cancelled; each move once, whoever else tries."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from houblon.engine.core.problem import Text
from houblon.orders.db.tables import invoices, orders
from houblon.orders.events.record import record_event
from houblon.orders.handling.receive import effective_policy
from houblon.orders.handling.review import buyer_of, invoice_as_decided, order_at
from houblon.orders.invoicing.invoice import Issued, credit, language_of
from houblon.orders.invoicing.transitions import credited
from houblon.orders.mail import enqueue as messages
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import SYSTEM, already_moved, record_transition
from houblon.orders.services import Conflict, OrderContext, Services

CANCELLABLE = ("held", "accepted")
CALLED_OFF = Text("Annulée chez l’expéditeur.", "Cancelled at the sender.")
# The setting lists no event for these, so each goes by the one whose message it takes back.
_NOTIFIED_AS = {"held": "order.held", "accepted": "order.accepted"}


class Cancelled(msgspec.Struct, frozen=True):
    """What followed a cancellation: the credit note's number where the order had an invoice, and who was told."""

    credit_note: str | None
    is_buyer_notified: bool


def deliver(
    services: Services,
    key: int,
    *,
    by: str,
    at: datetime,
    why: str = "",
    entry_of: EntryOf[str | None] | None = None,
) -> str | None:
    """Note that an accepted order was delivered; returns the invoice's number where one is issued now.

    That is when the acceptance decided so (trigger `on_delivery`), on the acceptance's terms. Raises
    Conflict when the order is not accepted or somebody moved it first; LookupError when there is none.
    """
    return services.ledger.write(audited(lambda connection: _deliver(connection, services, key, by, at, why), entry_of))


def cancel(
    services: Services,
    key: int,
    *,
    was: str,
    by: str,
    at: datetime,
    why: str,
    entry_of: EntryOf[Cancelled] | None = None,
) -> Cancelled:
    """Cancel an order that the person saw `was` held or accepted; its invoice is credited at once.

    Raises Conflict when it is no longer what they saw, LookupError when there is no such order.
    """
    return services.ledger.write(
        audited(lambda connection: cancel_in(connection, services, key, was, by, at, why), entry_of)
    )


def _deliver(connection: Connection, services: Services, key: int, by: str, at: datetime, why: str) -> str | None:
    row, order = order_at(connection, key)
    if row.state == "held":
        raise Conflict(
            "not_accepted",
            f"La commande {row.order_id} est encore en attente : acceptez-la avant de la livrer.",
            f"Order {row.order_id} is still held: accept it before it is delivered.",
        )
    _move_on(connection, services, row, "accepted", "delivered")
    policy = effective_policy(connection, services, order, at).policy
    move = record_transition(
        connection, OrderContext(key, order, buyer_of(connection, row), policy, at), "accepted", "delivered", by, why
    )
    invoiced = invoice_of(connection, key)
    record_event(connection, "order.delivered", at, order_key=key, invoice_key=invoiced and invoiced.key, fact=move)
    if invoiced is not None:
        return None
    return invoice_as_decided(connection, services, row, order, by, at, on_delivery=True)


def cancel_in(
    connection: Connection, services: Services, key: int, was: str, by: str, at: datetime, why: str
) -> Cancelled:
    """`cancel` in the running transaction. Where Houblon itself does it, `why` is a code: its credit note says it in
    the buyer's language."""
    if was not in CANCELLABLE:
        raise ValueError(f"an order that is {was} can't be cancelled")
    row, order = order_at(connection, key)
    _move_on(connection, services, row, was, "cancelled")
    policy = effective_policy(connection, services, order, at).policy
    context = OrderContext(key, order, buyer_of(connection, row), policy, at)
    move = record_transition(connection, context, was, "cancelled", by, why)
    credited_invoice = invoice_of(connection, key)
    record_event(
        connection,
        "order.cancelled",
        at,
        order_key=key,
        invoice_key=credited_invoice and credited_invoice.key,
        fact=move,
        data={"was": was},
    )
    note: Issued | None = None
    if credited_invoice is not None:
        printed = CALLED_OFF.in_(language_of(order, context.buyer)) if by == SYSTEM else why
        note = credit(connection, services, context, credited_invoice, by, printed)
        credited(connection, credited_invoice, note, who=by, at=at)
    number = note.number if note else None
    notified = policy.settings["notifications.buyer"].value
    if note is not None and "invoice.issued" in notified:
        messages.queue_notice(connection, services, context, move, "credit_note.issued", note)
    elif _NOTIFIED_AS[was] in notified:
        messages.queue_notice(connection, services, context, move, "order.cancelled", None)
    else:
        return Cancelled(number, False)
    return Cancelled(number, True)


def _move_on(connection: Connection, services: Services, row: Row[Any], before: str, after: str) -> None:
    """The one transition from `before`: whoever comes second finds nothing to move."""
    moved = connection.execute(
        update(orders).where(orders.c.key == row.key, orders.c.state == before).values(state=after)
    )
    if moved.rowcount != 1:
        now, _ = order_at(connection, row.key)
        raise already_moved(connection, services, now)


def invoice_of(connection: Connection, key: int) -> Row[Any] | None:
    query = select(invoices).where(invoices.c.order_key == key, invoices.c.kind == "invoice")
    return connection.execute(query.with_for_update()).one_or_none()
