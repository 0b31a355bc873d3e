"""The sheet on disk: what a column holds, it holds whole, in no more bits than it takes."""

import pytest

from houblon.engine.core.order import order_of
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.facts.sheet import connect, open_sheet
from tests.clock import NOW
from tests.engine.policy.policies import ZONE


def taken(number, quantity, category="ipa"):
    line = {"sku": "IPA", "category": category, "quantity": quantity, "unit_price": "0.01"}
    buyer = {"id": f"acheteur-{number}", "credit_limit": "0.00", "outstanding_balance": "0.00"}
    order = order_of({"id": f"PO-{number}", "placed_at": NOW.isoformat(), "buyer": buyer, "lines": [line]})
    return Taken(order, NOW)


def rows_and_type(path, orders, column):
    sheet = fill_sheet(path, orders, ZONE)
    with connect() as connection:
        rows = connection.execute(f"SELECT {column} FROM '{sheet.path}' ORDER BY position").fetchall()
        kind = connection.execute(f"SELECT DISTINCT typeof({column}) FROM '{sheet.path}'").fetchall()
    return [row[0] for row in rows], *kind[0]


@pytest.mark.parametrize(
    ("most", "kind"),
    [(127, "TINYINT"), (128, "SMALLINT"), (32_767, "SMALLINT"), (32_768, "INTEGER"), (1_000_000, "INTEGER")],
)
def test_a_number_takes_as_many_bits_as_the_largest_of_them(tmp_path, most, kind):
    found = rows_and_type(tmp_path / "sheet.parquet", [taken(1, 1), taken(2, most)], "item_count")
    assert found == ([1, most], kind)


@pytest.mark.parametrize(("owed", "kind"), [(128, "TINYINT"), (129, "SMALLINT")])
def test_a_number_below_zero_too(tmp_path, owed, kind):
    # What is left of a credit of nothing is what was ordered, below zero.
    found = rows_and_type(tmp_path / "sheet.parquet", [taken(1, owed)], "credit_available")
    assert found == ([-owed], kind)


@pytest.mark.parametrize(
    ("count", "kind"),
    [(1, "TINYINT"), (7, "TINYINT"), (8, "SMALLINT"), (31, "INTEGER"), (32, "BIGINT"), (62, "BIGINT")],
)
def test_categories_take_a_bit_each(tmp_path, count, kind):
    orders = [taken(number, 1, f"categorie-{number}") for number in range(count)]
    found = rows_and_type(tmp_path / "sheet.parquet", orders, "categories_0")
    assert found == ([1 << number for number in range(count)], kind)


def test_a_sheet_that_is_opened_again_is_the_same(tmp_path):
    made = fill_sheet(tmp_path / "sheet.parquet", [taken(number, 1 + number % 7) for number in range(1_000)], ZONE)
    opened = open_sheet(tmp_path / "sheet.parquet")
    assert opened == made
    assert type(opened.sample[0].order_value) is type(made.sample[0].order_value)


def test_a_sample_is_of_all_the_orders_from_the_first_to_the_last(tmp_path):
    sheet = fill_sheet(tmp_path / "sheet.parquet", (taken(number, 1 + number) for number in range(1_000)), ZONE)
    counts = [facts.item_count for facts in sheet.sample]
    assert counts == list(range(1, 1_001, 4))
