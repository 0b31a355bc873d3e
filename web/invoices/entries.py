"""The audit entries of payments, disputes and credit notes: the same from a page, by key and from a shell."""

from collections.abc import Callable, Sequence
from datetime import date

from houblon.engine.core.money import dollars
from houblon.orders.handling.credit_notes import Asked, Credited
from houblon.orders.invoicing.disputes import Disputed
from houblon.orders.invoicing.payments import Entered
from houblon.rules.model.entry import Entry
from houblon.web.access.account_commands import By


def paid(by: By, on: date) -> Callable[[Entered], Entry]:
    """The entry of a payment made on a day."""

    def entry_of(done: Entered) -> Entry:
        said = {"id": done.key, "amount": dollars(done.amount), "on": on.isoformat()}
        return by.entry("invoice.paid", done.number, None, said)

    return entry_of


def applied(by: By, source: str) -> Callable[[Entered], Entry]:
    """The entry of what was over on another invoice, applied to one."""

    def entry_of(done: Entered) -> Entry:
        return by.entry("invoice.credit_applied", done.number, None, {"amount": dollars(done.amount), "from": source})

    return entry_of


def reversed_payment(by: By, payment: int, why: str) -> Callable[[Entered], Entry]:
    """The entry of a payment that was taken back, by the key of each."""
    return lambda done: by.entry("invoice.payment_reversed", done.number, {"id": payment}, {"id": done.key, "why": why})


def disputed(by: By) -> Callable[[Disputed], Entry]:
    """The entry of a dispute, with why."""
    return lambda done: by.entry("invoice.disputed", done.number, None, {"id": done.key, "reason": done.reason})


def dispute_closed(by: By) -> Callable[[Disputed], Entry]:
    """The entry of a dispute that was closed, with how it ended."""
    return lambda done: by.entry("invoice.dispute_closed", done.number, {"id": done.key}, {"reason": done.reason})


def credited(by: By, asked: Sequence[Asked], reason: str) -> Callable[[Credited], Entry]:
    """The entry of a credit note: its number, and how many of each line."""
    lines = [f"{each.line}: {each.quantity}" for each in asked]

    def entry_of(done: Credited) -> Entry:
        said = {"credit_note": done.note.number, "lines": lines, "reason": reason}
        return by.entry("invoice.credited", done.invoice, None, said)

    return entry_of
