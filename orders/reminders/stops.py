"""A person stops the reminders of a retailer, or of one invoice, and starts them again."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import is_text
from houblon.orders.db.tables import orders, reminder_stops, retailers
from houblon.orders.invoicing.transitions import locked_invoice
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.retailers.joins import root_of
from houblon.orders.services import Conflict, Services

MOST_WORDS = 200


class Whose(msgspec.Struct, frozen=True):
    """Whose reminders: a retailer's, or those of one invoice."""

    retailer_id: str | None = None
    invoice_key: int | None = None


class Changed(msgspec.Struct, frozen=True):
    """What was stopped or started again: the invoice's number, or the retailer's id."""

    subject: str
    why: str = ""


def stop(
    services: Services, whose: Whose, *, by: str, at: datetime, why: str = "", entry_of: EntryOf[Changed] | None = None
) -> Changed:
    """Stop the reminders from now on. Raises Conflict where they are stopped, Invalid for words too long, LookupError."""
    if not is_text(why, MOST_WORDS):
        raise refuse(
            "text",
            "/why",
            f"Une raison d’une ligne, d’au plus {MOST_WORDS} caractères.",
            f"A reason of one line, at most {MOST_WORDS} characters.",
        )
    return services.ledger.write(audited(lambda connection: _stop(connection, whose, by, at, why), entry_of))


def start(
    services: Services, whose: Whose, *, by: str, at: datetime, entry_of: EntryOf[Changed] | None = None
) -> Changed:
    """Start them again: days that passed meanwhile are not made up for. Raises Conflict where nobody stopped them."""
    return services.ledger.write(audited(lambda connection: _start(connection, whose, by, at), entry_of))


def stop_of(connection: Connection, whose: Whose) -> Row[Any] | None:
    """How the reminders came to be stopped, where they are."""
    mine = _mine(whose)
    query = select(reminder_stops).where(mine, reminder_stops.c.ended_at.is_(None))
    return connection.execute(query).one_or_none()


def _stop(connection: Connection, whose: Whose, by: str, at: datetime, why: str) -> Changed:
    whose, subject = _locked(connection, whose)
    if stop_of(connection, whose) is not None:
        raise Conflict(
            "already_stopped",
            f"Les rappels de {subject} sont déjà arrêtés.",
            f"The reminders of {subject} are stopped already.",
        )
    values = {**msgspec.structs.asdict(whose), "at": at, "who": by, "why": why}
    connection.execute(insert(reminder_stops).values(**values))
    return Changed(subject, why)


def _start(connection: Connection, whose: Whose, by: str, at: datetime) -> Changed:
    whose, subject = _locked(connection, whose)
    stopped = stop_of(connection, whose)
    if stopped is None:
        raise Conflict(
            "not_stopped",
            f"Personne n’a arrêté les rappels de {subject}.",
            f"Nobody stopped the reminders of {subject}.",
        )
    over = update(reminder_stops).where(reminder_stops.c.key == stopped.key)
    connection.execute(over.values(ended_at=at, ended_by=by))
    return Changed(subject)


def _locked(connection: Connection, whose: Whose) -> tuple[Whose, str]:
    """Whose they are now, who is named so, locked: reminders that are being written are stopped after that."""
    if whose.invoice_key is not None:
        invoice = locked_invoice(connection, whose.invoice_key)
        if invoice.kind != "invoice":
            raise Conflict(
                "credit_note",
                f"De la note de crédit {invoice.number}, personne n’est averti.",
                f"Nobody is reminded of credit note {invoice.number}.",
            )
        return whose, invoice.number
    # Who was joined to another is that one.
    id = root_of(connection, whose.retailer_id or "")
    found = connection.execute(
        select(retailers.c.id).where(retailers.c.id == id).with_for_update()
    ).scalar_one_or_none()
    if found is None:
        raise LookupError(f"there is no retailer {whose.retailer_id}")
    return Whose(retailer_id=id), id


def stopped_retailer(connection: Connection, invoice: Any) -> Row[Any] | None:
    """How the reminders of an invoice's retailer came to be stopped, where they are."""
    whose = select(orders.c.retailer_id).where(orders.c.key == invoice.order_key)
    return stop_of(connection, Whose(retailer_id=connection.execute(whose).scalar_one()))


def _mine(whose: Whose) -> Any:
    if whose.invoice_key is not None:
        return reminder_stops.c.invoice_key == whose.invoice_key
    return reminder_stops.c.retailer_id == whose.retailer_id
