"""TPS and TVQ, as Revenu Québec counts them."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.money import cents
from houblon.engine.core.taxes import place_of, taxes
from tests import cases

TODAY = date(2026, 11, 24)
QUEBEC = place_of("QC", None)


def rows():
    with cases.path("quebec_tax_cases.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["pre_tax"])
def test_each_tax_is_counted_on_the_pre_tax_total_half_a_cent_up(row):
    pretax = cents(row["pre_tax"])
    tps, tvq = taxes(pretax, TODAY, QUEBEC)
    assert (tps.tax, tps.amount) == ("TPS", cents(row["gst"]))
    assert (tvq.tax, tvq.amount) == ("TVQ", cents(row["qst"]))
    assert pretax + tps.amount + tvq.amount == cents(row["total"])


@given(st.integers(0, 10**15))
def test_a_tax_is_off_by_half_a_cent_at_most_and_a_half_goes_up(pretax):
    for tax in taxes(pretax, TODAY, QUEBEC):
        below = pretax * int(tax.percent * 1000) - tax.amount * 100_000  # in thousandths of a percent of a cent
        assert -50_000 <= below < 50_000


@given(st.integers(0, 10**12))
def test_what_is_credited_is_what_was_charged(pretax):
    assert [tax.amount for tax in taxes(-pretax, TODAY, QUEBEC)] == [
        -tax.amount for tax in taxes(pretax, TODAY, QUEBEC)
    ]
