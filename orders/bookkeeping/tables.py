"""The tables that a bookkeeper downloads: their columns, and a row at a time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Row

from houblon.engine.core.problem import Text
from houblon.orders.bookkeeping.accounts import Accounts
from houblon.orders.bookkeeping.entries import papers_of, payments_in
from houblon.orders.bookkeeping.journal import CREDIT_NOTE, PAYMENT, REVERSAL, JournalEntry, journal_of
from houblon.orders.bookkeeping.period import Period
from houblon.orders.bookkeeping.quickbooks import HEADER, invoice_rows
from houblon.orders.db.ledger import Ledger
from houblon.orders.invoicing.payments import MEANS_NAMES
from houblon.orders.invoicing.transitions import balance_of

Cell = str | int | Decimal | date | datetime | None
Width = Literal[10, 14, 18, 32]


class Column(msgspec.Struct, frozen=True):
    """A header in the languages of the house, and how wide its column is."""

    header: Text
    width: Width = 14


class Table(msgspec.Struct, frozen=True):
    """A table as it is written: its name for a sheet, its columns, and its rows as they are read.

    One that a program reads is written the same in every language: a comma between cells, a point in amounts.
    """

    name: str
    header: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Iterator[tuple[Cell, ...]]
    is_for_a_program: bool = False


class Books(msgspec.Struct, frozen=True):
    """What the tables are made of: a ledger, the installation's accounts and zone, and the reader's language."""

    ledger: Ledger
    accounts: Accounts
    zone: ZoneInfo
    language: str
    period: Period


def table_of(books: Books, name: str) -> Table:
    """One of TABLES."""
    title, columns, rows = TABLES[name]
    header = tuple(column.header.in_(books.language) for column in columns)
    widths = tuple(column.width for column in columns)
    return Table(title.in_(books.language), header, widths, rows(books), name in _FOR_PROGRAMS)


def money(cents: int) -> Decimal:
    """Cents as the amount that a spreadsheet reckons with."""
    return Decimal(cents).scaleb(-2)


def _invoices(books: Books) -> Iterator[tuple[Cell, ...]]:
    for row in papers_of(books.ledger, books.period):
        document = row.document
        cents, taxes = document["cents"], {tax["tax"]: tax["amount"] for tax in document["taxes"]}
        is_invoice = row.kind == "invoice"
        yield (
            date.fromisoformat(document["issued_on"]),
            _KINDS[row.kind].in_(books.language),
            row.number,
            row.invoice_number,
            row.order_id,
            row.source,
            row.retailer_id,
            row.retailer_name,
            document["buyer"]["province"],
            document["currency"],
            *(money(cents.get(name, 0)) for name in ("subtotal", "discount", "charges", "taxed_deposits")),
            *(money(taxes.get(tax, 0)) for tax in ("TPS", "TVQ", "TVH")),
            money(cents["deposits"]),
            money(row.total),
            date.fromisoformat(row.due_date) if is_invoice and row.due_date and row.total > 0 else None,
            _STATES[row.state].in_(books.language) if is_invoice else None,
            *((money(row.paid), money(row.credited), money(balance_of(row))) if is_invoice else (None, None, None)),
        )


def _payments(books: Books) -> Iterator[tuple[Cell, ...]]:
    for row in payments_in(books.ledger, books.period):
        yield (
            date.fromisoformat(row.paid_on),
            f"P-{row.key}",
            _KINDS[PAYMENT if row.reverses is None else REVERSAL].in_(books.language),
            money(row.amount),
            row.document["currency"],
            row.invoice_number,
            row.order_id,
            row.retailer_id,
            row.retailer_name,
            MEANS_NAMES[row.means].in_(books.language) if row.means else None,
            row.reference,
            f"P-{row.reverses}" if row.reverses is not None else None,
            row.why,
            row.who,
            row.at.astimezone(books.zone),
        )


def _journal(books: Books) -> Iterator[tuple[Cell, ...]]:
    return _posted(books, journal_of(books.ledger, books.period))


def _beside_invoices(books: Books) -> Iterator[tuple[Cell, ...]]:
    """What QuickBooks takes as journal entries where its invoices come by the other table."""
    return _posted(books, journal_of(books.ledger, books.period, (CREDIT_NOTE, PAYMENT, REVERSAL)))


def _posted(books: Books, journal: Iterator[JournalEntry]) -> Iterator[tuple[Cell, ...]]:
    for entry in journal:
        kind = _KINDS[entry.kind].in_(books.language)
        said = f"{kind} {entry.number}" if entry.about == entry.number else f"{kind} {entry.number} · {entry.about}"
        for posting in entry.postings:
            yield (
                entry.number,
                date.fromisoformat(entry.day),
                books.accounts.name_of(posting.account),
                money(posting.amount) if posting.amount > 0 else None,
                money(-posting.amount) if posting.amount <= 0 else None,
                said,
                entry.buyer,
                entry.currency,
                kind,
                entry.about,
                entry.order_id,
                entry.reference,
            )


def _quickbooks(books: Books) -> Iterator[tuple[Cell, ...]]:
    papers: Iterator[Row[Any]] = papers_of(books.ledger, books.period)
    return (tuple(row) for paper in papers if paper.kind == "invoice" for row in invoice_rows(paper, books.language))


def _columns(*said: tuple[str, str, Width]) -> tuple[Column, ...]:
    return tuple(Column(Text(fr, en), width) for fr, en, width in said)


_KINDS = {
    "invoice": Text("Facture", "Invoice"),
    "credit_note": Text("Note de crédit", "Credit note"),
    "payment": Text("Paiement", "Payment"),
    "reversal": Text("Annulation de paiement", "Reversed payment"),
}
_STATES = {
    "issued": Text("émise", "issued"),
    "sent": Text("envoyée", "sent"),
    "viewed": Text("vue", "viewed"),
    "paid": Text("payée", "paid"),
    "credited": Text("créditée", "credited"),
}
_INVOICE_COLUMNS = _columns(
    ("Date", "Date", 10),
    ("Pièce", "Document", 14),
    ("Numéro", "Number", 18),
    ("Facture créditée", "Credited invoice", 18),
    ("Commande", "Order", 18),
    ("Source", "Source", 14),
    ("Détaillant (id)", "Retailer (id)", 18),
    ("Détaillant", "Retailer", 32),
    ("Province", "Province", 10),
    ("Monnaie", "Currency", 10),
    ("Sous-total", "Subtotal", 14),
    ("Escompte", "Discount", 14),
    ("Frais et rabais", "Charges and discounts", 14),
    ("Consignes taxables", "Taxable deposits", 14),
    ("TPS", "GST", 14),
    ("TVQ", "QST", 14),
    ("TVH", "HST", 14),
    ("Consignes", "Deposits", 14),
    ("Total", "Total", 14),
    ("Échéance", "Due date", 10),
    ("État", "State", 14),
    ("Payé", "Paid", 14),
    ("Crédité", "Credited", 14),
    ("Reste à payer", "Balance", 14),
)
_PAYMENT_COLUMNS = _columns(
    ("Date", "Date", 10),
    ("Numéro", "Number", 14),
    ("Pièce", "Document", 18),
    ("Montant", "Amount", 14),
    ("Monnaie", "Currency", 10),
    ("Facture", "Invoice", 18),
    ("Commande", "Order", 18),
    ("Détaillant (id)", "Retailer (id)", 18),
    ("Détaillant", "Retailer", 32),
    ("Moyen", "Means", 14),
    ("Référence", "Reference", 18),
    ("Annule", "Reverses", 14),
    ("Raison", "Reason", 32),
    ("Noté par", "Entered by", 18),
    ("Noté le", "Entered at", 18),
)
_JOURNAL_COLUMNS = _columns(
    ("Nº d’écriture", "Journal No", 18),
    ("Date", "Journal Date", 10),
    ("Compte", "Account Name", 32),
    ("Débit", "Debits", 14),
    ("Crédit", "Credits", 14),
    ("Description", "Description", 32),
    ("Nom", "Name", 32),
    ("Monnaie", "Currency", 10),
    ("Pièce", "Document", 18),
    ("Facture", "Invoice", 18),
    ("Commande", "Order", 18),
    ("Référence", "Reference", 18),
)
# What QuickBooks Online asks of a journal entry comes first, by the names that it knows.
_QUICKBOOKS_COLUMNS = tuple(Column(Text(each.header.en, each.header.en), each.width) for each in _JOURNAL_COLUMNS)
_FOR_PROGRAMS = ("quickbooks", "quickbooks-journal")
_Rows = Callable[[Books], Iterator[tuple[Cell, ...]]]
TABLES: Mapping[str, tuple[Text, tuple[Column, ...], _Rows]] = {
    "invoices": (Text("Factures et notes de crédit", "Invoices and credit notes"), _INVOICE_COLUMNS, _invoices),
    "payments": (Text("Paiements", "Payments"), _PAYMENT_COLUMNS, _payments),
    "journal": (Text("Journal", "Journal"), _JOURNAL_COLUMNS, _journal),
    "quickbooks": (Text("QuickBooks", "QuickBooks"), tuple(Column(Text(each, each)) for each in HEADER), _quickbooks),
    "quickbooks-journal": (Text("Journal QuickBooks", "QuickBooks journal"), _QUICKBOOKS_COLUMNS, _beside_invoices),
}
