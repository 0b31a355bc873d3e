"""What becomes of an order after its acceptance, in fractions of dollars and plain dictionaries: the model of `lives`."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

RATES = (Fraction(5, 100), Fraction(9975, 100_000))
Quantities = dict[int, int]


class Refused(Exception):
    """The act can't be, with the code that it is told by."""


def whole(amount: Fraction) -> int:
    """Cents, half a cent away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * int(abs(amount) + Fraction(1, 2))


@dataclass(frozen=True)
class Goods:
    """A line as it is ordered or invoiced: how many, for how much each, less how much."""

    quantity: int
    price: int
    discount: int
    deposit: int
    taxable: bool

    def value(self, quantity: int) -> int:
        return quantity * self.price - self.share(quantity)

    def share(self, quantity: int) -> int:
        return whole(Fraction(self.discount * quantity, self.quantity))


@dataclass(frozen=True)
class Paper:
    """An invoice: its lines by number, charges (cents, taxable) and the group's discount in percent."""

    lines: dict[int, Goods]
    charges: tuple[tuple[int, bool], ...]
    percent: Fraction

    def amount(self, quantities: Quantities) -> int:
        """What so many of each line come to, with taxes and deposits."""
        taxed = untaxed = deposits = 0
        for number, goods in self.lines.items():
            quantity = quantities.get(number, 0)
            deposits += quantity * goods.deposit
            if goods.taxable:
                taxed += goods.value(quantity)
            else:
                untaxed += goods.value(quantity)
        part, all_of_it = taxed + untaxed, sum(goods.value(goods.quantity) for goods in self.lines.values())
        is_all = all(quantities.get(number, 0) == goods.quantity for number, goods in self.lines.items())
        taxable = taxed - whole(taxed * self.percent / 100)
        for charge, is_taxed in self.charges:
            if not is_all:
                charge = whole(Fraction(charge * part, all_of_it)) if charge < 0 and all_of_it else 0
            if is_taxed:
                taxable += charge
            else:
                untaxed += charge
        return taxable + untaxed + deposits + sum(whole(taxable * rate) for rate in RATES)

    def part(self, quantities: Quantities) -> Paper:
        """What is invoiced where only so many were delivered."""
        kept = {
            number: Goods(
                quantities[number], goods.price, goods.share(quantities[number]), goods.deposit, goods.taxable
            )
            for number, goods in self.lines.items()
            if quantities[number]
        }
        part = sum(goods.value(goods.quantity) for goods in kept.values())
        all_of_it = sum(goods.value(goods.quantity) for goods in self.lines.values())
        charges = tuple(
            (whole(Fraction(amount * part, all_of_it)) if amount < 0 and all_of_it else amount, is_taxed)
            for amount, is_taxed in self.charges
        )
        return Paper(kept, charges, self.percent)

    @property
    def all(self) -> Quantities:
        return {number: goods.quantity for number, goods in self.lines.items()}


@dataclass
class Life:
    """One order from its acceptance on. Acts raise Refused and change nothing then."""

    ordered: Paper
    trigger: str
    state: str = "accepted"
    invoice: Paper | None = None
    credited: Quantities = field(default_factory=dict)
    notes: list[int] = field(default_factory=list)
    payments: list[int] = field(default_factory=list)
    reversed: set[int] = field(default_factory=set)
    delivered: Quantities | None = None
    followed: bool = False  # a document came of the delivery

    def __post_init__(self) -> None:
        if self.trigger == "on_acceptance":
            self.invoice = self.ordered

    def deliver(self, said: dict[int, tuple[int, int, int]]) -> None:
        self._must_be("accepted", "already_settled")
        delivered = {}
        for number, quantity in self.ordered.all.items():
            came, lost, back = said.get(number, (quantity - self.credited.get(number, 0), 0, 0))
            if came + lost + back > quantity:
                raise Refused("too_many")
            delivered[number] = came
        self.state, self.delivered = "delivered", delivered
        if self.invoice is None:
            if self.trigger == "on_delivery":
                self._invoice_delivered()
                self.followed = self.invoice is not None
            return
        missed = {
            number: max(0, quantity - delivered[number] - self.credited.get(number, 0))
            for number, quantity in self.ordered.all.items()
        }
        if any(missed.values()):
            self._take(missed)
            self.followed = True

    def issue(self) -> None:
        if self.invoice is not None:
            raise Refused("already_invoiced")
        if self.state not in ("accepted", "delivered"):
            raise Refused("not_accepted")
        self._invoice_delivered()
        if self.invoice is None:
            raise Refused("nothing_delivered")
        # One of a delivery in part has its quantities.
        self.followed = self.delivered is not None and self.delivered != self.ordered.all

    def credit(self, wanted: Quantities) -> None:
        assert self.invoice is not None
        invoiced = self.invoice.all
        if any(number not in invoiced for number in wanted):
            raise Refused("unknown_line")
        if any(quantity > invoiced[number] for number, quantity in wanted.items()):
            raise Refused("too_many")
        if any(quantity > invoiced[number] - self.credited.get(number, 0) for number, quantity in wanted.items()):
            raise Refused("already_credited")
        self._take(wanted)

    def pay(self, amount: int) -> None:
        if self.total <= 0:
            raise Refused("nothing_to_pay")
        self.payments.append(amount)

    def pay_rest(self) -> None:
        if self.total <= 0:
            raise Refused("nothing_to_pay")
        if self.invoice_state in ("paid", "credited"):
            raise Refused(f"already_{self.invoice_state}")
        self.payments.append(self.balance)

    def reverse(self, place: int) -> None:
        if self.payments[place] < 0:
            raise Refused("reversal")
        if place in self.reversed:
            raise Refused("already_reversed")
        self.reversed.add(place)
        self.payments.append(-self.payments[place])

    def cancel(self) -> None:
        self._must_be("accepted", "already_settled")
        self.state = "cancelled"
        if self.invoice is not None and self.invoice_state != "credited":
            self._take({number: left - self.credited.get(number, 0) for number, left in self.invoice.all.items()})
            self.followed = True

    def undo_delivery(self) -> None:
        self._must_be("delivered", "already_settled")
        if self.followed:
            raise Refused("followed")
        self.state, self.delivered = "accepted", None

    @property
    def total(self) -> int:
        return self.invoice.amount(self.invoice.all) if self.invoice else 0

    @property
    def balance(self) -> int:
        return self.total + sum(self.notes) - sum(self.payments)

    @property
    def invoice_state(self) -> str | None:
        if self.invoice is None:
            return None
        is_credited = all(self.credited.get(number, 0) == left for number, left in self.invoice.all.items())
        if is_credited or 0 < self.total <= -sum(self.notes):
            return "credited"
        return "paid" if self.balance <= 0 else "issued"

    def seen(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "invoice": self.invoice_state,
            "total": self.total,
            "balance": self.balance,
            "notes": self.notes,
            "payments": self.payments,
            "delivered": self.delivered,
        }

    def _must_be(self, state: str, code: str) -> None:
        if self.state != state:
            raise Refused(code)

    def _invoice_delivered(self) -> None:
        if self.delivered is None or self.delivered == self.ordered.all:
            self.invoice = self.ordered
        elif any(self.delivered.values()):
            self.invoice = self.ordered.part(self.delivered)

    def _take(self, wanted: Quantities) -> None:
        assert self.invoice is not None
        before = self.invoice.amount(self.credited)
        self.credited = {number: self.credited.get(number, 0) + wanted.get(number, 0) for number in self.invoice.all}
        self.notes.append(before - self.invoice.amount(self.credited))
