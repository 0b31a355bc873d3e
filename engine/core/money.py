"""Money: whole cents inside, decimal strings with at most two places at the edges.

What comes in by a door is read by `cents` and bounded; what the house wrote itself, sums over many orders
too, is read by `cents_written`, which takes all that `dollars` writes.
"""

import re
from decimal import Decimal
from functools import lru_cache

MOST = 10**14 - 1  # cents: of an amount that comes in, and of an order in all
_MONEY = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_WRITTEN = re.compile(r"(-?)(\d{1,40})(?:\.(\d{1,2}))?", re.ASCII)


class Cents(int):
    """An amount in whole cents; a type of its own so that a decoder knows money from a count."""

    __slots__ = ()


class Price(Cents):
    """An amount that is never negative."""

    __slots__ = ()


# Prices repeat from line to line and from order to order; a look-up is a tenth of a parse.
@lru_cache(maxsize=1 << 16)
def cents(text: str) -> Cents:
    """`"54.00"` → 5400. Raises ValueError unless `text` is a decimal string with at most two places."""
    match = _MONEY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('money is a decimal string with at most two places, such as "54.00"')
    return Cents(_amount(match))


@lru_cache(maxsize=1 << 16)
def price(text: str) -> Price:
    """The same for an amount that is never negative. Raises ValueError."""
    amount = Price(cents(text))
    if amount < 0:
        raise ValueError("this amount can't be negative")
    return amount


@lru_cache(maxsize=4_096)
def dollars(amount: int) -> str:
    """5400 → `"54.00"`, the form that every document of the house uses."""
    whole, part = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{part:02d}"


@lru_cache(maxsize=4_096)
def cents_written(text: str) -> int:
    """The reverse of `dollars`, however large: sums go beyond what one order may say. Raises ValueError."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError("this is no amount that the house wrote")
    return _amount(match)


def _amount(match: re.Match[str]) -> int:
    sign, whole, part = match.groups()
    amount = int(whole) * 100 + (int(part.ljust(2, "0")) if part else 0)
    return -amount if sign else amount


def as_decimal(amount: int) -> Decimal:
    """5400 → `Decimal("54.00")`, for those who count in dollars."""
    return Decimal(amount).scaleb(-2)
