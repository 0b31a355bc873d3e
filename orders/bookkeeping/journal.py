"""The journal: every invoice, credit note, payment and reversal of a period as a balanced entry, in the order of days."""

import heapq
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Row

from houblon.orders.bookkeeping.entries import papers_of, payments_in
from houblon.orders.bookkeeping.period import Period
from houblon.orders.bookkeeping.postings import Posting, postings_of, postings_of_payment
from houblon.orders.db.ledger import Ledger

INVOICE, CREDIT_NOTE, PAYMENT, REVERSAL = KINDS = ("invoice", "credit_note", "payment", "reversal")


class JournalEntry(msgspec.Struct, frozen=True):
    """One act: `number` names it for ever; `about` is the invoice that it is of, `reference` what was said beside it."""

    day: str
    kind: str
    number: str
    about: str
    order_id: str
    buyer: str
    currency: str
    reference: str
    postings: tuple[Posting, ...]


def journal_of(ledger: Ledger, period: Period, kinds: tuple[str, ...] = KINDS) -> Iterator[JournalEntry]:
    """Every entry of the period that is of one of the kinds, the earliest first."""
    sides = map(entry_of_paper, papers_of(ledger, period)), map(entry_of_payment, payments_in(ledger, period))
    return (each for each in heapq.merge(*sides, key=lambda each: each.day) if each.kind in kinds)


def entry_of_paper(row: Row[Any]) -> JournalEntry:
    """An invoice or a credit note."""
    document = row.document
    return JournalEntry(
        document["issued_on"],
        row.kind,
        row.number,
        row.invoice_number or row.number,
        row.order_id,
        row.retailer_name or row.retailer_id,
        document["currency"],
        document["buyer"].get("po_number") or "",
        postings_of(document),
    )


def entry_of_payment(row: Row[Any]) -> JournalEntry:
    """A payment, or the reversal of one."""
    return JournalEntry(
        row.paid_on,
        PAYMENT if row.reverses is None else REVERSAL,
        f"P-{row.key}",
        row.invoice_number,
        row.order_id,
        row.retailer_name or row.retailer_id,
        row.document["currency"],
        row.reference or row.why,
        postings_of_payment(row.amount, row.means),
    )
