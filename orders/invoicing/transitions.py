"""What becomes of an issued invoice: sent, viewed, paid, credited; the last two follow its payments and credit notes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from houblon.engine.core.money import dollars
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import invoices, outbox, transitions
from houblon.orders.events.record import record_event
from houblon.orders.records.decision_log import BUYER, SYSTEM, record_invoice_transition
from houblon.orders.services import Conflict, Services

Data = dict[str, Any]
Seen = tuple[int, int]
# A buyer may open the link before its sending is noted.
_BEFORE_VIEWED = ("issued", "sent")
# For every mail that brings one: prepared.
_SENT = Prepared(
    update(invoices)
    .where(invoices.c.key == bindparam("invoice"), invoices.c.state == "issued")
    .values(state="sent")
    .returning(invoices.c.order_key)
)


def sent(connection: Connection, invoice_key: int | None, at: datetime) -> None:
    """Note that the message which brings the invoice to its buyer has left; nothing for other messages."""
    if invoice_key is None:
        return
    order_key: int | None = _SENT.scalar(connection, {"invoice": invoice_key})
    if order_key is not None:
        record_invoice_transition(connection, (order_key, invoice_key), "issued", "sent", who=SYSTEM, at=at, why="")


def sent_with(connection: Connection, invoice_key: int | None, at: datetime) -> None:
    """Note that the credit note has left of the invoice which this one replaces: one message brings both."""
    if invoice_key is None:
        return
    said = invoice_row(connection, invoice_key).document.get("replaces")
    if said is not None:
        note = select(invoices.c.key).where(invoices.c.number == said["credit_note"])
        sent(connection, connection.execute(note).scalar_one(), at)


def viewed(services: Services, invoice_key: int, *, at: datetime) -> bool:
    """Note that the buyer opened the invoice; False when that was known already, and nothing is written."""
    with services.ledger.reading() as connection:
        if invoice_row(connection, invoice_key).state not in _BEFORE_VIEWED:
            return False
    return services.ledger.write(lambda connection: _view(connection, invoice_key, at))


def follow(
    connection: Connection, key: int, *, who: str, at: datetime, on: date, why: str, credited_by: Data | None = None
) -> str:
    """Bring the invoice's state to what its payments and credit notes make of it; the state it has now.

    `on` is the day of what changed them, by which it is paid if it is now; `credited_by` is what the event says of
    the credit note that left nothing to credit. The caller has locked its row.
    """
    row = invoice_row(connection, key)
    after = _state(connection, row, credited_by is not None)
    if after == row.state:
        return after
    values: dict[str, Any] = {"state": after}
    if after == "paid":
        values["paid_on"] = on.isoformat()
    elif after != "credited":
        values["paid_on"] = None
    connection.execute(update(invoices).where(invoices.c.key == key).values(**values))
    # Whoever was paid elsewhere says by its reference what; a person, on which day.
    reason = on.isoformat() if after == "paid" and not (who == SYSTEM and why) else why
    keys = (row.order_key, key)
    fact = record_invoice_transition(connection, keys, row.state, after, who=who, at=at, why=reason)
    # What else it can become is what it was before it was paid.
    kind = f"invoice.{after}" if after in ("paid", "credited") else "invoice.reopened"
    data = {
        "invoice.paid": {"amount": dollars(row.total - row.credited), "paid_on": on.isoformat()},
        "invoice.credited": credited_by,
        "invoice.reopened": {"balance": dollars(balance_of(row))},
    }[kind]
    record_event(connection, kind, at, order_key=row.order_key, invoice_key=key, fact=fact, data=data)
    return after


def check_seen(invoice: Row[Any], seen: Seen | None) -> None:
    """Raise Conflict where something was paid or credited since somebody saw the invoice."""
    if seen is not None and seen != seen_of(invoice):
        raise Conflict(
            "invoice_changed",
            f"La facture {invoice.number} a changé depuis que vous l’avez vue : relisez-la d’abord.",
            f"Invoice {invoice.number} was changed since you saw it: read it again first.",
        )


def seen_of(invoice: Any) -> Seen:
    """What somebody who looks at an invoice sees of its sums: what was paid of it, and what was credited."""
    return invoice.paid, invoice.credited


def balance_of(invoice: Any) -> int:
    """What is left to pay of an invoice, in cents; below zero where its buyer is owed something."""
    return int(invoice.total - invoice.paid - invoice.credited)


def locked_invoice(connection: Connection, key: int) -> Row[Any]:
    """The invoice, which nobody else changes until the transaction ends. Raises LookupError."""
    return invoice_row(connection, key, is_locked=True)


def invoice_row(connection: Connection, key: int, is_locked: bool = False) -> Row[Any]:
    """The invoice as it is. Raises LookupError."""
    query = select(invoices).where(invoices.c.key == key)
    row = connection.execute(query.with_for_update() if is_locked else query).one_or_none()
    if row is None:
        raise LookupError(f"there is no invoice {key}")
    return row


def _state(connection: Connection, row: Row[Any], is_credited: bool) -> str:
    # What was credited in full stays so, whatever is paid or reversed afterwards.
    if is_credited or row.state == "credited" or 0 < row.total <= row.credited:
        return "credited"
    if balance_of(row) <= 0:
        return "paid"
    if row.state != "paid":
        return str(row.state)
    return _before_paid(connection, row)


def _before_paid(connection: Connection, row: Row[Any]) -> str:
    """What had become of an invoice beside its payments; one that was paid at once may have been sent since."""
    moves = set(connection.execute(select(transitions.c.after).where(transitions.c.invoice_key == row.key)).scalars())
    if "viewed" in moves:
        return "viewed"
    left = select(outbox.c.id).where(
        outbox.c.order_key == row.order_key, outbox.c.invoice_key == row.key, outbox.c.state == "sent"
    )
    return "sent" if "sent" in moves or connection.execute(left).first() is not None else "issued"


def _view(connection: Connection, key: int, at: datetime) -> bool:
    """The one move to viewed, from what the invoice was; False when it was in no state that leads there."""
    # One update a state that may come before, so that the move tells which it was; at most one finds the row.
    for before in _BEFORE_VIEWED:
        moved = connection.execute(
            update(invoices).where(invoices.c.key == key, invoices.c.state == before).values(state="viewed")
        )
        if moved.rowcount == 1:
            row = invoice_row(connection, key)
            keys = (row.order_key, key)
            fact = record_invoice_transition(connection, keys, before, "viewed", who=BUYER, at=at, why="")
            record_event(connection, f"{row.kind}.viewed", at, order_key=row.order_key, invoice_key=key, fact=fact)
            return True
    return False
