"""TPS and TVQ, each on the pre-tax total, half a cent up, never one combined rate.

Source: Revenu Québec, « Taux de la TPS et de la TVQ »: both are computed on the price before taxes,
TVQ at 9.975 % since 2013, TPS at 5 % since 2008.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """A tax at `percent` for invoices from `since` on."""

    tax: str
    percent: Decimal
    since: date


class Tax(msgspec.Struct, frozen=True):
    """What one tax comes to, in cents."""

    tax: str
    percent: Decimal
    amount: int


RATES = (
    Rate("TPS", Decimal("5"), date(2008, 1, 1)),
    Rate("TVQ", Decimal("9.975"), date(2013, 1, 1)),
)


def taxes(pretax: int, on: date) -> tuple[Tax, ...]:
    """Each tax on `pretax` cents at the rates in force `on` a day."""
    in_force: dict[str, Rate] = {}
    for rate in RATES:
        if rate.since <= on or rate.tax not in in_force:
            in_force[rate.tax] = rate
    return tuple(Tax(rate.tax, rate.percent, percent_of(pretax, rate.percent)) for rate in in_force.values())


def percent_of(amount: int, percent: Decimal) -> int:
    """`percent` per cent of an amount in cents, half a cent away from zero."""
    return int((amount * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
