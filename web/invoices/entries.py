"""The audit entries of payments: the same from a page and by key."""

from collections.abc import Callable

from houblon.engine.core.money import dollars
from houblon.orders.invoicing.payments import Entered, Payment
from houblon.rules.model.entry import Entry
from houblon.web.access.account_commands import By


def paid(by: By, payment: Payment) -> Callable[[Entered], Entry]:
    """The entry of a payment."""

    def entry_of(done: Entered) -> Entry:
        said = {"id": done.key, "amount": dollars(done.amount), "on": payment.on.isoformat()}
        return by.entry("invoice.paid", done.number, None, said)

    return entry_of


def reversed_payment(by: By, payment: int, why: str) -> Callable[[Entered], Entry]:
    """The entry of a payment that was taken back, by the key of each."""
    return lambda done: by.entry("invoice.payment_reversed", done.number, {"id": payment}, {"id": done.key, "why": why})
