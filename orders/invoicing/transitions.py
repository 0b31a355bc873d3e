"""What becomes of an issued invoice: sent, viewed, paid, credited; each move once, whoever else tries."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import invoices, transitions
from houblon.orders.events.record import record_event
from houblon.orders.invoicing.invoice import Issued
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import BUYER, SYSTEM, record_invoice_transition, who_text
from houblon.orders.services import Conflict, Services

# From which states each one can be reached; a buyer may open the link before its sending is noted.
_BEFORE = {
    "viewed": ("issued", "sent"),
    "paid": ("issued", "sent", "viewed"),
    "credited": ("issued", "sent", "viewed", "paid"),
}
# For every mail that brings one: prepared.
_SENT = Prepared(
    update(invoices)
    .where(invoices.c.key == bindparam("invoice"), invoices.c.state == "issued")
    .values(state="sent")
    .returning(invoices.c.order_key)
)
_WORDS = {"paid": ("payée", "paid"), "credited": ("créditée", "credited")}


def sent(connection: Connection, invoice_key: int | None, at: datetime) -> None:
    """Note that the message which brings the invoice to its buyer has left; nothing for other messages."""
    if invoice_key is None:
        return
    order_key: int | None = _SENT.scalar(connection, {"invoice": invoice_key})
    if order_key is not None:
        record_invoice_transition(connection, (order_key, invoice_key), "issued", "sent", who=SYSTEM, at=at, why="")


def viewed(services: Services, invoice_key: int, *, at: datetime) -> bool:
    """Note that the buyer opened the invoice; False when that was known already, and nothing is written."""
    with services.ledger.reading() as connection:
        if _row(connection, invoice_key).state not in _BEFORE["viewed"]:
            return False
    return services.ledger.write(lambda connection: _view(connection, invoice_key, at))


def pay(
    services: Services, invoice_key: int, *, by: str, at: datetime, on: date, entry_of: EntryOf[str] | None = None
) -> str:
    """Note that the invoice was paid `on` a day; returns its number.

    Raises Conflict when somebody did already, or when it is credited; Invalid for a day to come or
    before the order was placed; LookupError when there is no such invoice.
    """
    return services.ledger.write(
        audited(lambda connection: _pay(connection, services, invoice_key, by, at, on), entry_of)
    )


def paid_at_sender(connection: Connection, invoice: Row[Any], *, at: datetime, on: date, reference: str | None) -> None:
    """Note, in the running transaction, that who sent the order was paid for it, by its own reference."""
    day = on.isoformat()
    data = {"amount": dollars(invoice.total), "paid_on": day}
    _move(connection, invoice, "paid", who=SYSTEM, at=at, why=reference or day, data=data, paid_on=day)


def credited(connection: Connection, invoice: Row[Any], note: Issued, *, who: str, at: datetime) -> None:
    """Note, in the running transaction, that the credit note takes the invoice back."""
    amount = dollars(-note.document["cents"]["total"])
    data = {"amount": amount, "credit_note_key": note.key, "credit_note_number": note.number}
    if not _move(connection, invoice, "credited", who=who, at=at, why=note.number, data=data):
        raise RuntimeError(f"invoice {invoice.number} was credited already")


def _view(connection: Connection, key: int, at: datetime) -> bool:
    return _move(connection, _row(connection, key), "viewed", who=BUYER, at=at)


def _pay(connection: Connection, services: Services, key: int, by: str, at: datetime, on: date) -> str:
    row = _row(connection, key)
    if row.kind != "invoice":
        raise Conflict(
            "credit_note",
            f"La note de crédit {row.number} ne se paie pas.",
            f"Credit note {row.number} is not to be paid.",
        )
    zone = services.installation.zone
    placed = datetime.fromisoformat(row.document["placed_at"]).astimezone(zone).date()
    if not placed <= on <= at.astimezone(zone).date():
        raise refuse(
            "paid_on",
            "/paid_on",
            "Le jour du paiement va de celui de la commande à aujourd’hui.",
            "The day of payment is between that of the order and today.",
        )
    day = on.isoformat()
    data = {"amount": dollars(row.total), "paid_on": day}
    if not _move(connection, row, "paid", who=by, at=at, why=day, data=data, paid_on=day):
        raise _already(connection, services, _row(connection, key))
    number: str = row.number
    return number


def _move(
    connection: Connection,
    row: Row[Any],
    after: str,
    *,
    who: str,
    at: datetime,
    why: str = "",
    data: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """The one transition of the invoice to `after`, and its event with `data`; False when it was in no state
    that leads there."""
    # One update a state that may come before, so that the move tells which it was; at most one finds the row.
    for before in _BEFORE[after]:
        moved = connection.execute(
            update(invoices).where(invoices.c.key == row.key, invoices.c.state == before).values(state=after, **values)
        )
        if moved.rowcount == 1:
            keys = (row.order_key, row.key)
            fact = record_invoice_transition(connection, keys, before, after, who=who, at=at, why=why)
            record_event(
                connection,
                f"{row.kind}.{after}",
                at,
                order_key=row.order_key,
                invoice_key=row.key,
                fact=fact,
                data=data,
            )
            return True
    return False


def _already(connection: Connection, services: Services, row: Row[Any]) -> Conflict:
    last = connection.execute(
        select(transitions).where(transitions.c.invoice_key == row.key).order_by(transitions.c.key.desc()).limit(1)
    ).one()
    when, who, (fr, en) = services.moment_text(last.at), who_text(last.who), _WORDS[row.state]
    return Conflict(
        f"already_{row.state}",
        f"La facture {row.number} est déjà {fr}, par {who.fr}, le {when.fr}.",
        f"Invoice {row.number} is already {en}, by {who.en}, on {when.en}.",
    )


def _row(connection: Connection, key: int) -> Row[Any]:
    row = connection.execute(select(invoices).where(invoices.c.key == key)).one_or_none()
    if row is None:
        raise LookupError(f"there is no invoice {key}")
    return row
