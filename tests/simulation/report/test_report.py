"""The report over real orders: its sums are those of the engine's own decisions."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from houblon.rules.policies import Policies
from houblon.simulation.facts.fill import fill_sheet
from houblon.simulation.report.report import Change, report, report_hash
from tests.engine.policy.policies import INSTALLATION, TOUS, ZONE
from tests.simulation.cases import taken
from tests.simulation.contents import CYCLE, content, decided, group

LARGE = {
    "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 5000}]},
    "actions": [{"name": "hold", "params": {"reason": "check"}}],
}
SHORT = {
    "conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 100}]},
    "actions": [{"name": "set_terms", "params": {"days": 15}}],
}
BEFORE = content(1, group("bars", 10, {"acceptance.minimum_items": 48}), cycles=(CYCLE,))
AFTER = content(
    2,
    group("tous", 0, {**TOUS, "acceptance.minimum_value": "300.00"}, {"court": SHORT, "gros": LARGE}),
    group("bars", 10, {"acceptance.minimum_items": 48}),
    cycles=(CYCLE,),
)


@pytest.mark.parametrize("name", ["orders_iowa_2021_60stores.csv", "orders_northwind.csv"])
def test_sums_and_explanations_are_those_of_the_engine(tmp_path, name):
    orders = list(taken(name))
    sheet = fill_sheet(tmp_path / "sheet.parquet", orders, ZONE)
    changes = (Change(datetime(1990, 1, 1, tzinfo=UTC), 1, ""), Change(datetime(2021, 6, 1, tzinfo=UTC), 2, "juin"))
    found = report(sheet, Policies(None), BEFORE, AFTER, INSTALLATION, changes)
    matrix, invoices, weeks, by_id = Counter(), Counter(), Counter(), {}
    for each in orders:
        both = [decided(version, each) for version in (BEFORE, AFTER)]
        by_id[each.order.id] = both
        value = sum(line.value for line in each.order.lines)
        matrix[tuple(one.outcome.value for one in both)] += value
        for side, one in enumerate(both):
            if one.invoice is not None:
                invoices[side] += one.invoice.issue
                due = one.invoice.due.due_date
                weeks[side] += value if due else 0
    assert {(c["before"], c["after"]): Decimal(c["value"]) * 100 for c in found["matrix"] if c["orders"]} == matrix
    assert [found["invoices"][side]["orders"] for side in ("before", "after")] == [invoices[0], invoices[1]]
    for side, label in enumerate(("before", "after")):
        assert sum(Decimal(week[label]) for week in found["due"]["weeks"]) * 100 == weeks[side]
    assert found["flips"]
    for changed_order in found["flips"]:
        for label, decision in zip(("before", "after"), by_id[changed_order["order_id"]], strict=True):
            side = changed_order[label]
            assert side["outcome"] == decision.outcome.value
            assert [each["code"] for each in side["reasons"]] == [each.code for each in decision.reasons]
            assert [each["message"]["fr"] for each in side["reasons"]] == [each.message.fr for each in decision.reasons]
            due = decision.invoice.due.due_date if decision.invoice else None
            assert side["due_date"] == (due.isoformat() if due else None)
    assert {"acceptance.minimum_items", "acceptance.minimum_value"} < {each["path"] for each in found["explorer"]}
    for explored in found["explorer"]:
        chosen = next(point for point in explored["points"] if str(point["minimum"]) == str(explored["chosen"]))
        assert chosen["orders"] == found["automation"]["after"]["orders"]
    assert report_hash(found) == report_hash(report(sheet, Policies(None), BEFORE, AFTER, INSTALLATION, changes))
    assert sum(period["orders"] for period in found["time"]["periods"]) == len(orders)


def test_nothing_in_nothing_out(tmp_path):
    sheet = fill_sheet(tmp_path / "sheet.parquet", [], ZONE)
    found = report(sheet, Policies(None), BEFORE, AFTER, INSTALLATION)
    assert (found["orders"], found["automation"]["after"]["rate"], found["flips"]) == (0, None, [])
