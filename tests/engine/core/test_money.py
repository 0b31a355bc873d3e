"""Money at the edges: read in one form, bounded at the doors, shown as people write it."""

from decimal import Decimal

import pytest

from houblon.engine.conditions.figures import NBSP, money_text, number_text, quantity_text, round_money_text
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.money import cents, cents_written, dollars, price
from houblon.engine.core.problem import Text


@pytest.mark.parametrize(
    ("written", "amount"), [("54.00", 5400), ("54", 5400), ("0.5", 50), ("-0.05", -5), ("9" * 12 + ".99", 10**14 - 1)]
)
def test_an_amount_is_read_to_the_cent_and_written_in_one_form(written, amount):
    assert cents(written) == cents_written(dollars(amount)) == amount


@pytest.mark.parametrize("written", ["", "1.234", "1,50", "1e3", "+1", ".5", "1.", " 1", "1" * 13, "١", 54, None])
def test_what_is_no_amount_is_refused(written):
    with pytest.raises(ValueError, match="decimal string"):
        cents(written)


def test_a_price_is_never_negative():
    assert price("0.00") == 0
    with pytest.raises(ValueError, match="negative"):
        price("-0.01")


def test_what_the_house_wrote_is_read_however_large_and_nothing_else():
    assert cents_written(dollars(-(10**30))) == -(10**30)
    with pytest.raises(ValueError, match="no amount"):
        cents_written("54.00 $")


def test_figures_are_written_as_in_canada():
    assert money_text(-123_456_789) == Text(f"−1{NBSP}234{NBSP}567,89{NBSP}$", "−$1,234,567.89")
    assert round_money_text(25_000) == Text(f"250{NBSP}$", "$250") and round_money_text(25_050).en == "$250.50"
    assert number_text(-1234.50) == Text(f"−1{NBSP}234,5", "−1,234.5") and number_text(Decimal("1E+3")).en == "1,000"


@pytest.mark.parametrize(
    ("fact", "value", "fr", "en"),
    [
        ("order_value", Decimal("0.005"), f"0,005{NBSP}$", "$0.005"),
        ("order_value", 250, f"250{NBSP}$", "$250"),
        ("placed_hour", 17, f"17{NBSP}h", "17:00"),
        ("item_count", 1.5, f"1,5{NBSP}article", "1.5 items"),
        ("days_overdue", 0, f"0{NBSP}jour", "0 days"),
        ("line_count", 1, f"1{NBSP}ligne", "1 line"),
    ],
)
def test_a_quantity_has_its_unit_in_the_number_that_each_language_gives_it(fact, value, fr, en):
    assert quantity_text(FACTS[fact], value) == Text(fr, en)
