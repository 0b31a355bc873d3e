"""What an order comes to, as invoices count it: lines, charges, taxes and deposits, in cents."""

from datetime import date
from decimal import Decimal

import msgspec

from houblon.engine.core.order import Line, Order
from houblon.engine.core.taxes import Place, Tax, percent_of, place_of, taxes


class Totals(msgspec.Struct, frozen=True):
    """What is taxed and what isn't, with the charges; `deposits` are those that bear no tax. `taxable` has the others.

    `lines` are the lines' values, `discount` what a group's discount took off the taxable ones.
    """

    lines: int
    discount: int
    charges: int
    taxable: int
    untaxed: int
    deposits: int
    taxed_deposits: int
    taxes: tuple[Tax, ...]

    @property
    def before_taxes(self) -> int:
        return self.taxable + self.untaxed + self.deposits

    @property
    def total(self) -> int:
        return self.before_taxes + sum([tax.amount for tax in self.taxes])


def totals_of(
    order: Order,
    on: date,
    place: Place,
    *,
    is_exempt: bool = False,
    is_deposit_exempt: bool = False,
    percent: str | None = None,
) -> Totals:
    """The sums of an order invoiced on a day to a place; `percent` comes off taxable lines, before taxes."""
    taxed = untaxed = deposits = taxed_deposits = charges = taxed_charges = 0
    for line in order.lines:
        if line.is_taxed:
            taxed += line.value
        else:
            untaxed += line.value
        if not is_deposit_exempt and (deposit := deposit_of(line)):
            deposits += deposit
            taxed_deposits += deposit if line.deposit_taxable and line.tax_exempt is not True else 0
    for charge in order.charges or ():
        charges += charge.amount
        taxed_charges += charge.amount if charge.is_taxed else 0
    discount = percent_of(taxed, Decimal(percent)) if percent else 0
    taxable = taxed - discount + taxed_charges + taxed_deposits
    counted = () if is_exempt or order.tax_exempt else taxes(taxable, on, place)
    return Totals(
        taxed + untaxed,
        discount,
        charges,
        taxable,
        untaxed + charges - taxed_charges,
        deposits - taxed_deposits,
        taxed_deposits,
        counted,
    )


def deposit_of(line: Line) -> int:
    """A line's deposits, in cents."""
    return line.quantity * line.deposit if line.deposit else 0


def place_of_order(order: Order, known_province: str | None, otherwise: str | None) -> Place:
    """Where the order goes: as it says, else in the province that its buyer is kept in, else in the installation's."""
    said = order.buyer.province
    return place_of(said if said and said.strip() else known_province, order.buyer.country, otherwise)


def is_untold(order: Order, place: Place) -> bool:
    """Whether taxes depend on a place that nobody knows."""
    if place.is_known or order.tax_exempt:
        return False
    is_taxed = any(line.is_taxed or (line.deposit and line.deposit_taxable) for line in order.lines)
    return is_taxed or any(charge.is_taxed for charge in order.charges or ())
