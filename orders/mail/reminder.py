"""What a buyer is written when invoices are to be paid: all that they owe, in one letter, in their language."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP, money_text, number_text
from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import day_text
from houblon.orders.mail.content import EmailContent, EmailTable, TableRow, signed, subject_line
from houblon.orders.services import Seller


class Line(msgspec.Struct, frozen=True):
    """One invoice of the letter. `balance` is below zero where something is to be given back."""

    number: str
    issued_on: date
    due_on: date | None
    late: int
    total: int
    balance: int
    link: str


def reminder_email(
    name: str, lines: Sequence[Line], words: Mapping[str, Any] | None, seller: Seller, language: str
) -> EmailContent:
    """The letter about what `lines` list; `words` are the subject and text that the house writes, None for the usual."""
    total = money_text(sum(line.balance for line in lines)).in_(language)
    if words is None:
        subject, said = _subject(lines, seller, language), (_LATE if any(line.late for line in lines) else _EARLY)
        body = said.in_(language)
    else:
        subject, body = words["subject"][language], words["body"][language]
    table = EmailTable(
        (_INVOICE.in_(language), _BALANCE.in_(language)),
        tuple(_row(line, language) for line in lines),
        (_TOTAL.in_(language), total),
    )
    return EmailContent(
        subject_line(subject),
        (_HELLO.in_(language).format(name=name), body),
        language,
        signed(seller),
        table=table,
        closing=(_ON_ITS_WAY.in_(language),),
    )


def _subject(lines: Sequence[Line], seller: Seller, language: str) -> str:
    owed = [line for line in lines if line.balance > 0]
    if len(owed) == 1:
        return _ONE.in_(language).format(number=owed[0].number, seller=seller.name)
    return _SEVERAL.in_(language).format(count=number_text(len(owed)).in_(language), seller=seller.name)


def _row(line: Line, language: str) -> TableRow:
    amount = money_text(line.balance).in_(language)
    if line.balance < 0:
        return TableRow(line.number, amount, (_OVERPAID.in_(language),), line.link)
    issued, due = day_text(line.issued_on).in_(language), line.due_on and day_text(line.due_on).in_(language)
    notes = [(_DUE if due else _ISSUED).in_(language).format(issued=issued, due=due)]
    if line.late:
        said = _DAY_LATE if line.late == 1 else _DAYS_LATE
        notes.append(said.in_(language).format(days=number_text(line.late).in_(language)))
    if line.balance != line.total:
        notes.append(_PART.in_(language).format(total=money_text(line.total).in_(language)))
    return TableRow(line.number, amount, tuple(notes), line.link)


_HELLO = Text("Bonjour {name},", "Hello {name},")
_ONE = Text(f"Rappel{NBSP}: facture {{number}} de {{seller}}", "Reminder: invoice {number} from {seller}")
_SEVERAL = Text(f"Rappel{NBSP}: {{count}} factures de {{seller}}", "Reminder: {count} invoices from {seller}")
_EARLY = Text("Voici, en rappel, ce qui est à payer prochainement.", "Here is a reminder of what is to be paid soon.")
_LATE = Text(
    "Sauf erreur de notre part, ce qui suit n’est pas encore payé.",
    "According to our records, the following has not been paid yet.",
)
_ON_ITS_WAY = Text(
    f"Votre paiement est déjà en route{NBSP}? Ne tenez pas compte de ce message. Pour toute question, répondez-y.",
    "Is your payment already on its way? Please disregard this message. If you have a question, just reply to it.",
)
_INVOICE, _BALANCE = Text("Facture", "Invoice"), Text("Reste à payer", "Balance due")
_TOTAL = Text("Total à payer", "Total to pay")
_DUE = Text("Émise le {issued}, échéance le {due}", "Issued {issued}, due {due}")
_ISSUED = Text("Émise le {issued}", "Issued {issued}")
_DAY_LATE = Text(f"{{days}}{NBSP}jour de retard", "{days} day late")
_DAYS_LATE = Text(f"{{days}}{NBSP}jours de retard", "{days} days late")
_PART = Text("sur un total de {total}", "of a total of {total}")
_OVERPAID = Text("Payée en trop, à déduire", "Overpaid, to be deducted")
