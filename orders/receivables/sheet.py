"""A statement of account as it is printed: the same sheet as an invoice's, from which page and PDF are drawn alike."""

from datetime import date, datetime
from typing import Any

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import day_text
from houblon.orders.invoicing.document import Entry as Line
from houblon.orders.invoicing.document import Row, Sheet, drawn, in_sheets
from houblon.orders.queries.receivables import AGES, NOT_DUE
from houblon.orders.receivables.statement import CREDIT, CREDIT_NOTE, INVOICE, PAYMENT, REVERSAL, Entry, Statement
from houblon.orders.services import Seller


def sheet(statement: Statement, retailer: Any, seller: Seller, languages: tuple[str, ...]) -> Sheet:
    """The sheet of a statement in its languages; `retailer` is a row with the card."""
    return in_sheets(languages, lambda language: _sheet_in(statement, retailer, seller, language))


def _sheet_in(statement: Statement, retailer: Any, seller: Seller, language: str) -> Sheet:
    def said(text: Text) -> str:
        return text.in_(language)

    return Sheet(
        language,
        said(_STATEMENT),
        _day(statement.until, language),
        _lines(
            seller.name,
            seller.address,
            seller.email,
            seller.gst_number and f"{said(_GST_NUMBER)} {seller.gst_number}",
            seller.qst_number and f"{said(_QST_NUMBER)} {seller.qst_number}",
        ),
        said(_ACCOUNT_OF),
        _lines(retailer.name or retailer.id, retailer.address, retailer.province, retailer.email),
        (
            Line(said(_SINCE), _day(statement.since, language)),
            Line(said(_UNTIL), _day(statement.until, language)),
            Line(said(_RETAILER), statement.retailer),
        ),
        tuple(said(each) for each in _COLUMNS),
        (
            Row(said(_OPENING), "", (_day(statement.since, language), "", "", _money(statement.opening, language))),
            *(_row(each.entry, each.balance, language) for each in statement.entries),
        ),
        (
            Line(said(_OPENING), _money(statement.opening, language)),
            Line(said(_INVOICED), _money(statement.sum_of(INVOICE), language)),
            Line(said(_CREDITED), _money(statement.sum_of(CREDIT_NOTE), language)),
            Line(said(_PAID), _money(statement.sum_of(PAYMENT, REVERSAL, CREDIT), language)),
            Line(said(closing_label(statement)), _money(abs(statement.closing), language), strong=True),
        ),
        _ages(statement, language),
        _notes(statement, language),
    )


def pdf(paper: Sheet, at: datetime) -> bytes:
    """The sheet as a PDF, made at an instant."""
    return drawn(paper, at)


def entry_text(entry: Entry) -> Text:
    """What an entry is: « Facture MF-2026-00012 », « Paiement de la facture MF-2026-00012 »."""
    text = _KINDS[entry.kind]
    number = entry.number or entry.invoice
    return Text(text.fr.format(number=number), text.en.format(number=number))


def closing_label(statement: Statement) -> Text:
    """What the last balance is: to be paid, or the retailer's."""
    return _CLOSING if statement.closing >= 0 else _THEIRS


def age_texts(statement: Statement) -> list[tuple[Text, int]]:
    """What is owed by its age, each that is not nothing."""
    return [(_AGES[name], amount) for name, amount in statement.ages.items() if amount]


def dispute_texts(statement: Statement) -> list[Text]:
    """What the retailer contests, invoice by invoice; the balance has it too."""
    return [
        Text(
            _DISPUTED.fr.format(number=number, amount=money_text(amount).fr),
            _DISPUTED.en.format(number=number, amount=money_text(amount).en),
        )
        for number, amount in statement.contested
    ]


def _row(entry: Entry, balance: int, language: str) -> Row:
    owed, paid = (entry.amount, None) if entry.kind in (INVOICE, CREDIT_NOTE) else (None, entry.amount)
    remarks = [entry.reference]
    if entry.kind == CREDIT:
        moved = _GIVEN if entry.amount < 0 else _TAKEN
        remarks = [moved.in_(language).format(number=entry.reference)]
    if entry.kind == INVOICE and entry.due is not None:
        remarks = [_DUE.in_(language).format(day=_day(entry.due, language))]
    if entry.kind == CREDIT_NOTE:
        remarks = [_OF.in_(language).format(number=entry.invoice)]
    figures = (
        _day(entry.on, language),
        "" if owed is None else _money(owed, language),
        "" if paid is None else _money(paid, language),
        _money(balance, language),
    )
    return Row(entry_text(entry).in_(language), " · ".join(each for each in remarks if each), figures)


def _notes(statement: Statement, language: str) -> tuple[str, ...]:
    notes = [dispute.in_(language) for dispute in dispute_texts(statement)]
    if statement.credit:
        notes.append(_OVER.in_(language).format(amount=_money(statement.credit, language)))
    return tuple(notes)


def _ages(statement: Statement, language: str) -> tuple[Line, ...]:
    return tuple(Line(text.in_(language), _money(amount, language)) for text, amount in age_texts(statement))


def _lines(*texts: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for text in texts if text for line in text.splitlines() if line.strip())


def _day(day: date, language: str) -> str:
    return day_text(day).in_(language)


def _money(amount: int, language: str) -> str:
    return money_text(amount).in_(language)


_STATEMENT, _ACCOUNT_OF = Text("Relevé de compte", "Statement of account"), Text("Compte de", "Account of")
_GST_NUMBER, _QST_NUMBER = Text("TPS", "GST"), Text("TVQ", "QST")
_SINCE, _UNTIL, _RETAILER = Text("Du", "From"), Text("Au", "To"), Text("Client", "Customer")
_COLUMNS = (
    Text("Écriture", "Entry"),
    Text("Date", "Date"),
    Text("Facturé", "Invoiced"),
    Text("Payé", "Paid"),
    Text("Solde", "Balance"),
)
_OPENING, _CLOSING = Text("Solde d’ouverture", "Opening balance"), Text("Solde à payer", "Balance due")
_THEIRS = Text("Solde en votre faveur", "Balance in your favour")
_INVOICED, _CREDITED, _PAID = Text("Facturé", "Invoiced"), Text("Crédité", "Credited"), Text("Payé", "Paid")
_KINDS = {
    INVOICE: Text("Facture {number}", "Invoice {number}"),
    CREDIT_NOTE: Text("Note de crédit {number}", "Credit note {number}"),
    PAYMENT: Text("Paiement, facture {number}", "Payment of invoice {number}"),
    CREDIT: Text("Crédit porté, facture {number}", "Credit applied, invoice {number}"),
    REVERSAL: Text("Paiement annulé, facture {number}", "Payment reversed, invoice {number}"),
}
_TAKEN = Text("vers la facture {number}", "to invoice {number}")
_GIVEN = Text("de la facture {number}", "from invoice {number}")
_DUE = Text("payable au plus tard le {day}", "payable by {day}")
_OF = Text("sur la facture {number}", "off invoice {number}")
_AGES = {
    NOT_DUE: Text("Pas encore échu", "Not due yet"),
    **dict(
        zip(
            AGES,
            (
                Text("Échu depuis 0 à 30 jours", "0 to 30 days since due"),
                Text("Échu depuis 31 à 60 jours", "31 to 60 days since due"),
                Text("Échu depuis 61 à 90 jours", "61 to 90 days since due"),
                Text("Échu depuis plus de 90 jours", "Over 90 days since due"),
            ),
            strict=True,
        )
    ),
}
_DISPUTED = Text(
    "Vous contestez la facture {number}\u00a0: les {amount} qui en restent sont dans le solde jusqu’à ce que ce soit réglé.",
    "You dispute invoice {number}: the {amount} left of it are in the balance until that is settled.",
)
_OVER = Text(
    "Le solde tient compte de {amount} payés ou crédités en trop.",
    "The balance takes into account {amount} paid or credited beyond what was owed.",
)
