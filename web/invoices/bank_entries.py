"""The audit entries of a bank's file that is recorded or undone: one of the file, one of each payment."""

from collections.abc import Callable, Iterator

from houblon.engine.core.money import dollars
from houblon.orders.bank.record import Imported, Undone
from houblon.rules.model.entry import Entry
from houblon.web.access.account_commands import By
from houblon.web.invoices.entries import paid, reversed_payment


def imported(by: By) -> Callable[[Imported], Iterator[Entry]]:
    """The entries of a file that is recorded."""

    def entries_of(done: Imported) -> Iterator[Entry]:
        said = {"file": done.name, "lines": done.lines, "payments": len(done.noted), "amount": dollars(done.amount)}
        yield by.entry("payments.imported", str(done.key), None, said)
        for each in done.noted:
            yield paid(by, each.payment.on)(each.entered)

    return entries_of


def undone(by: By, why: str) -> Callable[[Undone], Iterator[Entry]]:
    """The entries of a file that is undone."""

    def entries_of(done: Undone) -> Iterator[Entry]:
        said = {"file": done.name, "payments": len(done.entered), "why": why}
        yield by.entry("payments.import_undone", str(done.key), None, said)
        for each in done.entered:
            yield reversed_payment(by, each.reverses or 0, why)(each)

    return entries_of
