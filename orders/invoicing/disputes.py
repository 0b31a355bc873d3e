"""Disputed invoices: while a buyer contests one, what is left of it counts for nothing that they owe, and nobody is
reminded of it. Each dispute is an entry that stays, with who opened and who closed it.

A payment or a credit note does not close a dispute: what is reversed afterwards would be owed again without a word.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import is_text
from houblon.orders.db.tables import disputes, invoices
from houblon.orders.events.record import record_event
from houblon.orders.invoicing.owing import left_of, owe
from houblon.orders.invoicing.payments import already_settled, is_settled, payable
from houblon.orders.invoicing.transitions import balance_of, locked_invoice
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import who_text
from houblon.orders.records.redecisions import DISPUTE, decide_retailers_again
from houblon.orders.services import Conflict, Services

MOST_WORDS = 500


class Disputed(msgspec.Struct, frozen=True):
    """A dispute that was opened or closed, of which invoice, what is left to pay of it, and what was said."""

    key: int
    invoice_key: int
    number: str
    balance: int
    is_open: bool
    reason: str


def dispute(
    services: Services,
    invoice_key: int,
    reason: str,
    *,
    by: str,
    at: datetime,
    entry_of: EntryOf[Disputed] | None = None,
) -> Disputed:
    """Note that the buyer contests an invoice, and why.

    Raises Conflict where nothing is to be paid of it or it is disputed already, Invalid for a reason that is not one
    line or is missing, LookupError where there is no such invoice.
    """
    said = _words(reason, is_needed=True)
    return services.ledger.write(
        audited(lambda connection: _open(connection, services, invoice_key, said, by, at), entry_of)
    )


def close(
    services: Services,
    invoice_key: int,
    outcome: str = "",
    *,
    by: str,
    at: datetime,
    entry_of: EntryOf[Disputed] | None = None,
) -> Disputed:
    """Note that the dispute is over, and how it ended; what is left of the invoice is owed again.

    Raises Conflict where it is not disputed, Invalid for words too long, LookupError.
    """
    said = _words(outcome)
    return services.ledger.write(audited(lambda connection: _close(connection, invoice_key, said, by, at), entry_of))


def disputes_of(connection: Connection, invoice_key: int) -> list[Row[Any]]:
    """Every dispute of an invoice, the first one first; the last one is open where its `ended_at` is not there."""
    query = select(disputes).where(disputes.c.invoice_key == invoice_key).order_by(disputes.c.key)
    return list(connection.execute(query))


def _open(connection: Connection, services: Services, key: int, reason: str, by: str, at: datetime) -> Disputed:
    row = payable(connection, key)
    if is_settled(row):
        raise already_settled(connection, services, row)
    if row.disputed_at is not None:
        last = disputes_of(connection, key)[-1]
        when, who = services.moment_text(last.at), who_text(last.who)
        raise Conflict(
            "already_disputed",
            f"La facture {row.number} est déjà contestée, notée par {who.fr}, le {when.fr}.",
            f"Invoice {row.number} is disputed already, noted by {who.en}, on {when.en}.",
        )
    values = {"order_key": row.order_key, "invoice_key": key, "at": at, "who": by, "why": reason}
    fact: int = connection.execute(insert(disputes).values(**values).returning(disputes.c.key)).scalar_one()
    return _changed(connection, row, "invoice.disputed", fact, at, by, reason)


def _close(connection: Connection, key: int, outcome: str, by: str, at: datetime) -> Disputed:
    row = locked_invoice(connection, key)
    if row.disputed_at is None:
        raise Conflict(
            "not_disputed",
            f"La facture {row.number} n’est pas contestée.",
            f"Invoice {row.number} is not disputed.",
        )
    fact = disputes_of(connection, key)[-1].key
    over = update(disputes).where(disputes.c.key == fact)
    connection.execute(over.values(ended_at=at, ended_by=by, outcome=outcome))
    return _changed(connection, row, "invoice.dispute_closed", fact, at, by, outcome)


def _changed(connection: Connection, row: Row[Any], kind: str, fact: int, at: datetime, by: str, said: str) -> Disputed:
    """The invoice is disputed from now on, or is not any more: what its retailer owes follows, and the event."""
    is_open, balance = row.disputed_at is None, balance_of(row)
    mine = update(invoices).where(invoices.c.key == row.key)
    after = connection.execute(mine.values(disputed_at=at if is_open else None).returning(*invoices.c)).one()
    owe(connection, row.retailer_id, left_of(after) - left_of(row))
    data = {"dispute_id": fact, "balance": dollars(balance)}
    record_event(connection, kind, at, order_key=row.order_key, invoice_key=row.key, fact=fact, data=data)
    decide_retailers_again(connection, (row.retailer_id,), DISPUTE, by=by, at=at, subject=row.number)
    return Disputed(fact, row.key, row.number, balance, is_open, said)


def _words(said: str, *, is_needed: bool = False) -> str:
    words = said.strip()
    if is_needed and not words:
        raise refuse("missing", "/reason", "Dites pourquoi l’acheteur la conteste.", "Say why the buyer disputes it.")
    if not is_text(words, MOST_WORDS):
        raise refuse(
            "text",
            "/reason",
            f"Une raison d’une ligne, d’au plus {MOST_WORDS} caractères.",
            f"A reason of one line, at most {MOST_WORDS} characters.",
        )
    return words
