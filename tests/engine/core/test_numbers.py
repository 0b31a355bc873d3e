"""Bounds of numeric comparisons are those of business-rules' epsilon, in every kind of number."""

from decimal import Context, Decimal

from business_rules.operators import NumericType
from hypothesis import assume, example, given
from hypothesis import strategies as st

from houblon.engine.conditions.vocabulary import OPERATORS, Kind
from houblon.engine.core.numbers import EPSILON, float_bounds, interval, whole_bounds

operators = st.sampled_from(OPERATORS[Kind.NUMERIC])
values = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(-1e12, 1e12),
    st.floats(-1e-5, 1e-5),
    st.decimals(-(10**12), 10**12, places=7),
)
exactly = Context(prec=2_000)
# What the rounding of a difference to 28 digits brings back to the epsilon, and what it doesn't.
edges = [exactly.add(EPSILON, Decimal(each)) for each in ("-1E-34", "4E-34", "5E-34", "6E-34", "5.0000000001E-34")]
nudges = st.sampled_from(
    [
        *(Decimal(each) for each in ("0", "0.0000001", "0.000002", "0.01", "1")),
        *(each for edge in (EPSILON, *edges) for each in (edge, edge.copy_negate())),
    ]
)


def within(bounds, number):
    return (bounds.low is None or number >= bounds.low) and (bounds.high is None or number <= bounds.high)


def holds(number, operator, value):
    return getattr(NumericType(number), operator)(value)


@given(operators, values, st.integers(-3, 3), st.sampled_from([1, 100]))
def test_whole_units_are_exact(operator, value, step, scale):
    units = round(Decimal(value) * scale) + step
    bounds = whole_bounds(interval(operator, value), scale)
    assert within(bounds, units) == holds(Decimal(units) / scale, operator, Decimal(value))


@given(operators, values, nudges)
def test_floats_are_exact_to_their_last_bit(operator, value, nudge):
    bounds = float_bounds(interval(operator, value))
    assume(bounds is not None)
    for number in (float(Decimal(value) + nudge), float(value), int(value)):
        assert within(bounds, number) == holds(number, operator, Decimal(value))


@given(operators, values, nudges)
@example("equal_to", 2.395221060091385e-22, -EPSILON)
@example("less_than", 5e-324, edges[2])
@example("greater_than", 999_999_999_999_999.9, edges[3])
def test_decimals_keep_whether_the_bound_itself_counts(operator, value, nudge):
    found, number = interval(operator, value), exactly.add(Decimal(value), nudge)
    above = found.low is None or (number > found.low if found.open else number >= found.low)
    below = found.high is None or (number < found.high if found.open else number <= found.high)
    assert (above and below) == holds(number, operator, Decimal(value))


def test_floats_too_coarse_for_whole_numbers_are_not_used():
    assert float_bounds(interval("less_than", 1 << 53)) is None
    assert float_bounds(interval("less_than", 1 << 51)) is not None
