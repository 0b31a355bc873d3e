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


@dataclass(frozen=True)
class Content:
    """What a source says of an order: goods, as it writes them, and words; with `is_held` a person has to accept it."""

    goods: str
    paper: Paper
    words: str = ""
    is_held: bool = False


@dataclass
class Bill:
    """An invoice and what came of it: how much of each line was credited, its credit notes, its payments."""

    paper: Paper
    credited: Quantities = field(default_factory=dict)
    notes: list[int] = field(default_factory=list)
    payments: list[int] = field(default_factory=list)
    reversed: set[int] = field(default_factory=set)
    is_replaced: bool = False
    is_disputed: bool = False

    def credit(self, wanted: Quantities) -> None:
        invoiced = self.paper.all
        if any(number not in invoiced for number in wanted):
            raise Refused("unknown_line")
        if any(quantity > invoiced[number] for number, quantity in wanted.items()):
            raise Refused("too_many")
        if any(quantity > invoiced[number] - self.credited.get(number, 0) for number, quantity in wanted.items()):
            raise Refused("already_credited")
        self.take(wanted)

    def pay(self, amount: int) -> None:
        if self.total <= 0:
            raise Refused("nothing_to_pay")
        self.payments.append(amount)

    def pay_rest(self) -> None:
        if self.total <= 0:
            raise Refused("nothing_to_pay")
        if self.state in ("paid", "credited"):
            raise Refused(f"already_{self.state}")
        self.payments.append(self.balance)

    def reverse(self, place: int) -> None:
        if self.payments[place] < 0:
            raise Refused("reversal")
        if place in self.reversed:
            raise Refused("already_reversed")
        self.reversed.add(place)
        self.payments.append(-self.payments[place])

    def dispute(self) -> None:
        if self.total <= 0:
            raise Refused("nothing_to_pay")
        if self.state in ("paid", "credited"):
            raise Refused(f"already_{self.state}")
        if self.is_disputed:
            raise Refused("already_disputed")
        self.is_disputed = True

    def close_dispute(self) -> None:
        if not self.is_disputed:
            raise Refused("not_disputed")
        self.is_disputed = False

    def take(self, wanted: Quantities) -> None:
        before = self.paper.amount(self.credited)
        self.credited = {number: self.credited.get(number, 0) + wanted.get(number, 0) for number in self.paper.all}
        after = self.paper.amount(self.credited)
        # What is credited grows from nothing to the invoice, whichever side of zero that is on.
        if self.credited != self.paper.all and not (
            0 <= before <= after <= self.total or self.total <= after <= before <= 0
        ):
            raise Refused("only_whole")
        self.notes.append(before - after)

    def take_rest(self) -> None:
        self.take({number: quantity - self.credited.get(number, 0) for number, quantity in self.paper.all.items()})

    @property
    def total(self) -> int:
        return self.paper.amount(self.paper.all)

    @property
    def balance(self) -> int:
        return self.total + sum(self.notes) - sum(self.payments)

    @property
    def state(self) -> str:
        is_credited = all(self.credited.get(number, 0) == left for number, left in self.paper.all.items())
        if is_credited or 0 < self.total <= -sum(self.notes):
            return "credited"
        return "paid" if self.balance <= 0 else "issued"

    def seen(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "total": self.total,
            "balance": self.balance,
            "notes": list(self.notes),
            "payments": list(self.payments),
            "disputed": self.is_disputed,
        }


@dataclass
class Life:
    """One order from its acceptance on. Acts raise Refused and change nothing then."""

    content: Content
    trigger: str
    state: str = "accepted"
    bills: list[Bill] = field(default_factory=list)
    delivered: Quantities | None = None
    followed: bool = False  # a document came of the delivery
    waiting: Content | None = None
    last: Content | None = None  # the last change that did not become what the order says at once

    def __post_init__(self) -> None:
        if self.trigger == "on_acceptance":
            self.bills.append(Bill(self.ordered))

    @property
    def ordered(self) -> Paper:
        return self.content.paper

    @property
    def invoice(self) -> Bill | None:
        return next((each for each in self.bills if not each.is_replaced), None)

    def deliver(self, said: dict[int, tuple[int, int, int]]) -> None:
        self._must_be("accepted", "already_settled")
        # Lines that the order has not any more, where it was changed meanwhile.
        if any(number not in self.ordered.all for number in said):
            raise Refused("unknown_line")
        delivered, invoice = {}, self.invoice
        credited = invoice.credited if invoice else {}
        for number, quantity in self.ordered.all.items():
            came, lost, back = said.get(number, (quantity - credited.get(number, 0), 0, 0))
            if came + lost + back > quantity:
                raise Refused("too_many")
            delivered[number] = came
        self.state, self.delivered = "delivered", delivered
        if invoice is None:
            if self.trigger == "on_delivery":
                self._invoice_delivered()
                self.followed = self.invoice is not None
            return
        missed = {
            number: max(0, quantity - delivered[number] - credited.get(number, 0))
            for number, quantity in self.ordered.all.items()
        }
        if any(missed.values()):
            invoice.take(missed)
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

    def credit(self, place: int, wanted: Quantities) -> None:
        self.bills[place].credit(wanted)

    def pay(self, place: int, amount: int) -> None:
        self.bills[place].pay(amount)

    def pay_rest(self, place: int) -> None:
        self.bills[place].pay_rest()

    def reverse(self, place: int, entry: int) -> None:
        self.bills[place].reverse(entry)

    def dispute(self, place: int) -> None:
        self.bills[place].dispute()

    def close_dispute(self, place: int) -> None:
        self.bills[place].close_dispute()

    @property
    def owed(self) -> int:
        """What counts of its invoices as still to be paid."""
        return sum(max(0, each.balance) for each in self.bills if not each.is_disputed and each.total > 0)

    def cancel(self) -> None:
        self._must_be("accepted", "already_settled")
        self.state = "cancelled"
        if self.invoice is not None and self.invoice.state != "credited":
            self.invoice.take_rest()
            self.followed = True

    def undo_delivery(self) -> None:
        self._must_be("delivered", "already_settled")
        if self.followed:
            raise Refused("followed")
        self.state, self.delivered = "accepted", None

    def change(self, said: Content) -> None:
        """The source says something else, or the same once more."""
        may_wait = self.state in ("accepted", "delivered")
        if said == self.content:
            if may_wait and self.waiting is not None:
                self.waiting = self.last = None  # withdrawn: said again, it is a change as any other
            return
        if may_wait and said == self.last:
            return
        if self.state != "accepted" or self.barred is not None:
            raise Refused("already_settled")
        if said.is_held:
            self.waiting = self.last = said
        else:
            self.waiting = None
            self._become(said)

    def accept_change(self) -> None:
        waiting = self._waits()
        self._must_be("accepted", "already_settled")
        if self.barred is not None:
            raise Refused(f"order_{self.barred}")
        self.waiting = None
        self._become(waiting)

    def dismiss_change(self) -> None:
        self._waits()
        self.waiting = None

    @property
    def barred(self) -> str | None:
        """Why the order can't be changed any more."""
        if self.invoice is None:
            return None
        if sum(self.invoice.payments) > 0:
            return "paid"
        return "credited" if self.invoice.notes else None

    def seen(self) -> dict[str, Any]:
        is_waiting = self.waiting is not None and self.state != "cancelled"
        return {
            "state": self.state,
            "said": (sum(self.ordered.all.values()), self.content.words),
            "waiting": (sum(self.waiting.paper.all.values()), self.waiting.words)
            if self.waiting and is_waiting
            else None,
            "bills": [each.seen() for each in self.bills],
            "delivered": self.delivered,
            "owed": self.owed,
        }

    def _waits(self) -> Content:
        if self.waiting is None or self.state == "cancelled":
            raise Refused("no_change")
        return self.waiting

    def _become(self, said: Content) -> None:
        """The order says it; an invoice that says something else is credited whole, and a new one issued."""
        is_as_invoiced = said.goods == self.content.goods
        self.content, self.last, old = said, None, self.invoice
        if old is not None and not is_as_invoiced:
            old.take_rest()
            old.is_replaced = True
            self.bills.append(Bill(said.paper))

    def _must_be(self, state: str, code: str) -> None:
        if self.state != state:
            raise Refused(code)

    def _invoice_delivered(self) -> None:
        if self.delivered is None or self.delivered == self.ordered.all:
            self.bills.append(Bill(self.ordered))
        elif any(self.delivered.values()):
            self.bills.append(Bill(self.ordered.part(self.delivered)))
