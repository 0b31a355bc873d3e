"""What the numeric operators mean, said once: the interval of values for which each holds.

business-rules compares Decimals with an epsilon of 1e-6 that counts as equal, so every numeric
operator is an interval around the rule's value. Each reader of the condition tree asks for the
interval in its own kind of number: whole units, floats or Decimals.

It rounds a difference to 28 digits (decimal's own context, half to even) before it compares it:
what exceeds the epsilon by half of the last digit or less comes back to it, and is equal.
"""

import math
from decimal import Context, Decimal

import msgspec

EPSILON = Decimal("0.000001")
# Rule values stay below 1e18 and end before the 1074th decimal, where the smallest float ends, so
# every sum here is exact.
_EXACT = Context(prec=1_100)
_REACH = _EXACT.add(EPSILON, Decimal("5E-34"))  # the greatest difference that rounds to the epsilon


class Interval(msgspec.Struct, frozen=True):
    """From `low` to `high`, None where unbounded; `open` when the bounds themselves don't count."""

    low: Decimal | None
    high: Decimal | None
    open: bool


class Bounds(msgspec.Struct, frozen=True):
    """Inclusive bounds, all ints or all floats, None where unbounded; empty when low > high."""

    low: int | float | None
    high: int | float | None


def interval(operator: str, value: int | float | Decimal) -> Interval:
    """The values for which `operator` holds against `value` (business_rules.operators.NumericType)."""
    value = Decimal(value)
    below, above = _EXACT.subtract(value, _REACH), _EXACT.add(value, _REACH)
    return {
        "equal_to": Interval(below, above, False),
        "greater_than": Interval(above, None, True),
        "greater_than_or_equal_to": Interval(below, None, False),
        "less_than": Interval(None, below, True),
        "less_than_or_equal_to": Interval(None, above, False),
    }[operator]


def whole_bounds(interval: Interval, scale: int) -> Bounds:
    """The same in whole units of 1/`scale`: exact for integers (cents when `scale` is 100)."""
    low, high = (None if b is None else _EXACT.multiply(b, Decimal(scale)) for b in (interval.low, interval.high))
    if interval.open:
        return Bounds(None if low is None else math.floor(low) + 1, None if high is None else math.ceil(high) - 1)
    return Bounds(None if low is None else math.ceil(low), None if high is None else math.floor(high))


def float_bounds(interval: Interval) -> Bounds | None:
    """The same in floats, exact for floats and ints alike; None where floats are too coarse for ints."""
    if any(b is not None and abs(b) >= 1 << 52 for b in (interval.low, interval.high)):
        return None
    return Bounds(
        None if interval.low is None else _float_beyond(interval.low, math.inf, interval.open),
        None if interval.high is None else _float_beyond(interval.high, -math.inf, interval.open),
    )


def _float_beyond(bound: Decimal, towards: float, strictly: bool) -> float:
    """The float nearest to `bound` on the side of `towards`, not `bound` itself if `strictly`."""
    nearest = float(bound)
    exact = Decimal(nearest)
    inside = exact > bound if towards > 0 else exact < bound
    if inside or (exact == bound and not strictly):
        return nearest
    return math.nextafter(nearest, towards)
