"""An order is cancelled, and its invoice credited at once; each move of an order happens once, whoever else tries."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, update

from houblon.engine.core.problem import Text
from houblon.orders.db.tables import orders
from houblon.orders.events.record import record_event
from houblon.orders.handling.receive import effective_policy
from houblon.orders.handling.review import buyer_of, order_at
from houblon.orders.invoicing.credits import Words, credit
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.invoicing.languages import languages_of, said_in
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.invoicing.owing import note_uninvoiced
from houblon.orders.mail import enqueue as messages
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import SYSTEM, already_moved, record_transition
from houblon.orders.records.redecisions import CANCELLATION, decide_retailers_again
from houblon.orders.services import OrderContext, Services

CANCELLABLE = ("held", "accepted")
CALLED_OFF = Text("Annulée chez l’expéditeur.", "Cancelled at the sender.")
# The setting lists no event for these, so each goes by the one whose message it takes back.
_NOTIFIED_AS = {"held": "order.held", "accepted": "order.accepted"}


class Cancelled(msgspec.Struct, frozen=True):
    """What followed a cancellation: the credit note's number where the order had an invoice, and who was told."""

    credit_note: str | None
    is_buyer_notified: bool


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


def cancel_in(
    connection: Connection, services: Services, key: int, was: str, by: str, at: datetime, why: str
) -> Cancelled:
    """`cancel` in the running transaction. Where Houblon itself does it, `why` is a code: its credit note says it in
    the buyer's language."""
    if was not in CANCELLABLE:
        raise ValueError(f"an order that is {was} can't be cancelled")
    row, order = order_at(connection, key, is_locked=True)
    move_on(connection, services, row, was, "cancelled")
    policy = effective_policy(connection, services, order, at).policy
    context = OrderContext(key, order, buyer_of(connection, row), policy, at)
    note_uninvoiced(connection, key, 0)
    move = record_transition(connection, context, was, "cancelled", by, why)
    invoice = invoice_of(connection, key)
    record_event(
        connection,
        "order.cancelled",
        at,
        order_key=key,
        invoice_key=invoice and invoice.key,
        fact=move,
        data={"was": was},
    )
    note: Issued | None = None
    # One that was credited line by line, to the last, has nothing left to take back.
    if was == "accepted" and invoice is None:
        decide_retailers_again(connection, (row.retailer_id,), CANCELLATION, by=by, at=at, subject=row.order_id)
    if invoice is not None and invoice.state != "credited":
        printed = said_in(CALLED_OFF, languages_of(services, order, context.buyer)) if by == SYSTEM else why
        note = credit(connection, services, context, invoice, by, Words(why=printed))
    number = note.number if note else None
    notified = policy.settings["notifications.buyer"].value
    if note is not None and "invoice.issued" in notified:
        messages.queue_notice(connection, services, context, move, "credit_note.issued", note)
    elif _NOTIFIED_AS[was] in notified:
        messages.queue_notice(connection, services, context, move, "order.cancelled", None)
    else:
        return Cancelled(number, False)
    return Cancelled(number, True)


def move_on(connection: Connection, services: Services, row: Row[Any], before: str, after: str) -> None:
    """The one transition from `before`: whoever comes second finds nothing to move."""
    moved = connection.execute(
        update(orders).where(orders.c.key == row.key, orders.c.state == before).values(state=after)
    )
    if moved.rowcount != 1:
        now, _ = order_at(connection, row.key)
        raise already_moved(connection, services, now)
