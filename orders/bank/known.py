"""What the ledger knows that lines of a bank can be matched to: what is owed, who owes it, what is recorded."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from houblon.orders.bank.matching import Known, Match, Number, OpenInvoice, match_lines, numbers_in
from houblon.orders.bank.statement_file import BankLine
from houblon.orders.db.tables import bank_lines, bank_payments, invoices, orders, payments, retailers
from houblon.orders.invoicing.numbering import number_text
from houblon.orders.queries.lists import BALANCE, OWED
from houblon.orders.services import Services

_ASKED = 500  # values in one statement
_REVERSALS = payments.alias()
IS_UNREVERSED = ~select(_REVERSALS.c.key).where(_REVERSALS.c.reverses == payments.c.key).exists()
Said = dict[int, tuple[str, ...]]


def matches_of(connection: Connection, services: Services, lines: Sequence[BankLine], said: Said) -> tuple[Match, ...]:
    """What the lines of a file pay, as the ledger stands; `said` is what a person says of some of them."""
    prefixes = tuple(connection.execute(select(invoices.c.prefix).where(_IS_INVOICE).distinct()).scalars())
    owed = _owed(connection, services)
    named = {number for line in lines for number in numbers_in(line.text, prefixes)} - {each.parts for each in owed}
    known = Known(
        owed,
        _names(connection, {each.retailer for each in owed}),
        _settled(connection, named),
        recorded_among(connection, [line.hash for line in lines]),
    )
    return match_lines(lines, known, prefixes, said)


def owed_numbers(connection: Connection, limit: int) -> Sequence[Any]:
    """What is owed, for a person to choose among: number, what is left and the retailer's name, the newest first."""
    query = (
        select(
            invoices.c.number, BALANCE.label("balance"), func.coalesce(retailers.c.name, retailers.c.id).label("name")
        )
        .join(orders, orders.c.key == invoices.c.order_key)
        .join(retailers, retailers.c.id == orders.c.retailer_id)
        .where(OWED)
    )
    return connection.execute(query.order_by(invoices.c.key.desc()).limit(limit)).all()


def names_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """What some retailers are called."""
    return {
        row.id: row.name or row.id
        for some in _chunks(sorted(set(ids)))
        for row in connection.execute(select(retailers.c.id, retailers.c.name).where(retailers.c.id.in_(some)))
    }


def recorded_among(connection: Connection, hashes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Those of the lines that are recorded, with the numbers of the invoices that they pay; one of which every payment
    was taken back is not."""
    found: dict[str, tuple[str, ...]] = {}
    query = (
        select(bank_lines.c.hash, invoices.c.number)
        .join(bank_payments, bank_payments.c.line_key == bank_lines.c.key)
        .join(payments, payments.c.key == bank_payments.c.payment_key)
        .join(invoices, invoices.c.key == payments.c.invoice_key)
        .where(bank_lines.c.undone_at.is_(None), IS_UNREVERSED)
        .order_by(payments.c.key)
    )
    for some in _chunks(hashes):
        for hash, number in connection.execute(query.where(bank_lines.c.hash.in_(some))):
            found[hash] = (*found.get(hash, ()), number)
    return found


_IS_INVOICE = invoices.c.kind == "invoice"


def _owed(connection: Connection, services: Services) -> tuple[OpenInvoice, ...]:
    zone = services.installation.zone
    query = (
        select(
            invoices.c.key,
            invoices.c.number,
            invoices.c.prefix,
            invoices.c.year,
            invoices.c.sequence,
            BALANCE.label("balance"),
            orders.c.retailer_id,
            orders.c.placed_at,
        )
        .join(orders, orders.c.key == invoices.c.order_key)
        .where(OWED)
        .order_by(invoices.c.key)
    )
    return tuple(
        OpenInvoice(
            row.key,
            row.number,
            (row.prefix, row.year, row.sequence),
            row.retailer_id,
            int(row.balance),
            row.placed_at.astimezone(zone).date(),
        )
        for row in connection.execute(query)
    )


def _names(connection: Connection, owing: set[str]) -> dict[str, tuple[str, ...]]:
    """What each of those who owe is called: by its own card, and by those of whom is joined to it."""
    found: dict[str, tuple[str, ...]] = {}
    query = select(retailers.c.id, retailers.c.name)
    for some in _chunks(sorted(owing)):
        for id, name in connection.execute(query.where(retailers.c.id.in_(some))):
            found[id] = (name,) if name else ()
    joined = {row.id: row for row in connection.execute(_JOINED)}
    for row in joined.values():
        root = row.joined_to
        while root in joined:
            root = joined[root].joined_to
        if root in found and row.name:
            found[root] = (*found[root], row.name)
    return found


_JOINED = select(retailers.c.id, retailers.c.name, retailers.c.joined_to).where(retailers.c.joined_to.is_not(None))


def _settled(connection: Connection, numbers: Iterable[Number]) -> frozenset[Number]:
    """Those of some numbers that an invoice has."""
    found = set()
    asked = {number_text(f"{prefix}-{year}", sequence): (prefix, year, sequence) for prefix, year, sequence in numbers}
    for some in _chunks(sorted(asked)):
        there = connection.execute(select(invoices.c.number).where(_IS_INVOICE, invoices.c.number.in_(some)))
        found |= {asked[number] for number in there.scalars()}
    return frozenset(found)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _ASKED):
        yield values[start : start + _ASKED]
