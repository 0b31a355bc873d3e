"""Figures as people read them, in French and English (fr-CA, en-CA): money, numbers, units."""

from decimal import Decimal

from houblon.engine.conditions.vocabulary import Fact
from houblon.engine.core.problem import Text

NBSP = "\u00a0"
_UNITS = {
    "items": ("article", "articles", "item", "items"),
    "lines": ("ligne", "lignes", "line", "lines"),
    "days": ("jour", "jours", "day", "days"),
}


def money_text(cents: int) -> Text:
    """123450 → « 1 234,50 $ », “$1,234.50”."""
    sign = "−" if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    grouped = f"{whole:,}"
    return Text(f"{sign}{grouped.replace(',', NBSP)},{part:02d}{NBSP}$", f"{sign}${grouped}.{part:02d}")


def round_money_text(cents: int) -> Text:
    """The same, without cents when there are none: 25000 → « 250 $ », “$250”."""
    text = money_text(cents)
    if cents % 100:
        return text
    return Text(text.fr.replace(",00", ""), text.en.replace(".00", ""))


def number_text(value: int | float | Decimal) -> Text:
    """1234.5 → « 1 234,5 », “1,234.5”, without needless zeros."""
    written = f"{_decimal(value):,f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    written = written.replace("-", "−")
    return Text(written.replace(",", NBSP).replace(".", ","), written)


def quantity_text(fact: Fact, value: int | float | Decimal) -> Text:
    """A rule's number in its fact's unit: dollars for money, else the number with its unit."""
    if fact.unit == "cents":
        return _dollars_text(_decimal(value))
    number = number_text(value)
    if fact.unit == "hours":
        return Text(f"{number.fr}{NBSP}h", f"{number.en}:00")
    one_fr, many_fr, one_en, many_en = _UNITS[fact.unit or "items"]
    # French counts from two for the plural, English has it for all but one.
    unit_fr = one_fr if abs(_decimal(value)) < 2 else many_fr
    return Text(f"{number.fr}{NBSP}{unit_fr}", f"{number.en} {one_en if value == 1 else many_en}")


def _dollars_text(value: Decimal) -> Text:
    if value * 100 == int(value * 100):
        return round_money_text(int(value * 100))
    number = number_text(value)
    return Text(f"{number.fr}{NBSP}$", f"${number.en}")


def _decimal(value: int | float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))
