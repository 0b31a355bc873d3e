"""TPS and TVQ, or TVH, each on the pre-tax total, half a cent up, never one combined rate.

Source: Revenu Québec, « Taux de la TPS et de la TVQ »: both are computed on the price before taxes,
TVQ at 9.975 % since 2013, TPS at 5 % since 2008. Canada Revenue Agency, “GST/HST calculator (and
rates)”: where the tax is harmonized, one TVH takes the place of the TPS. The sales taxes of British
Columbia, Saskatchewan and Manitoba are not counted: a seller registers for them apart.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import msgspec

from houblon.engine.core.places import LONGEST, country_code, is_abroad, province_code
from houblon.engine.core.texts import remembered


class Rate(msgspec.Struct, frozen=True):
    """A tax at `percent` for invoices from `since` on, to buyers in `provinces`; none named: in all."""

    tax: str
    percent: Decimal
    since: date
    provinces: tuple[str, ...] = ()


class Tax(msgspec.Struct, frozen=True):
    """What one tax comes to, in cents."""

    tax: str
    percent: Decimal
    amount: int


_GST, _QST = "TPS", "TVQ"
HST = "TVH"
RATES = (
    Rate(_GST, Decimal("5"), date(2008, 1, 1)),
    Rate(_QST, Decimal("9.975"), date(2013, 1, 1), ("QC",)),
    Rate(HST, Decimal("13"), date(2010, 7, 1), ("ON",)),
    Rate(HST, Decimal("13"), date(2008, 1, 1), ("NB", "NL")),
    Rate(HST, Decimal("15"), date(2016, 7, 1), ("NB", "NL")),
    Rate(HST, Decimal("14"), date(2013, 4, 1), ("PE",)),
    Rate(HST, Decimal("15"), date(2016, 10, 1), ("PE",)),
    Rate(HST, Decimal("15"), date(2010, 7, 1), ("NS",)),
    Rate(HST, Decimal("14"), date(2025, 4, 1), ("NS",)),
)


class Place(msgspec.Struct, frozen=True):
    """Where goods go, for taxes: a province of Canada, or `abroad`; neither where nobody knows."""

    province: str | None = None
    abroad: bool = False

    @property
    def is_known(self) -> bool:
        return self.abroad or self.province is not None


@remembered(4_096, LONGEST)
def place_of(province: str | None, country: str | None, otherwise: str | None = None) -> Place:
    """The place that a province and a country say; `otherwise` is the province taken where neither is said.

    A province that is written and that nobody knows is not replaced by another.
    """
    if is_abroad(country, province):
        return Place(None, True)
    if country and country_code(country) is None:
        return Place()
    return Place(province_code(province, country) if province and province.strip() else province_code(otherwise))


def taxes(pretax: int, on: date, place: Place) -> tuple[Tax, ...]:
    """Each tax on `pretax` cents at the rates in force `on` a day; none abroad, and none where the place is unknown."""
    if place.province is None:
        return ()
    rates = _in_force(on, place.province)
    return tuple([Tax(rate.tax, rate.percent, percent_of(pretax, rate.percent)) for rate in rates])


@lru_cache(maxsize=256)
def _in_force(on: date, where: str) -> tuple[Rate, ...]:
    """The rates that count: those of a day are asked for with every invoice."""
    in_force: dict[str, Rate] = {}
    for rate in RATES:
        if (where in rate.provinces or not rate.provinces) and (rate.since <= on or rate.tax not in in_force):
            in_force[rate.tax] = rate
    if HST in in_force:  # it takes the place of the GST
        del in_force[_GST]
    return tuple(in_force.values())


def percent_of(amount: int, percent: Decimal) -> int:
    """`percent` per cent of an amount in cents, half a cent away from zero."""
    return int((amount * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
