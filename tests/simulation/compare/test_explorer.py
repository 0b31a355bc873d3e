"""The explorer and near misses: what a moved threshold would accept is what the engine accepts with it."""

import copy
import random
from decimal import Decimal

import pytest

from houblon.rules.policies import Policies
from houblon.simulation.compare.explorer import explore, near_misses
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.facts.sheet import connect
from tests.clock import NOW
from tests.engine.oracle.generated import random_order
from tests.engine.policy.policies import INSTALLATION, TOUS, ZONE
from tests.simulation.cases import taken
from tests.simulation.contents import content, decided, group


def comparison(name, operator, value):
    return {"name": name, "operator": operator, "value": value}


def rule(action, *conditions, word="all", **params):
    return {
        "label": {"fr": "Une règle", "en": "A rule"},
        "conditions": {word: list(conditions)},
        "actions": [{"name": action, "params": params}],
    }


LARGE = comparison("order_value", "greater_than", 1500.5)
RULES = {
    "gros": rule("hold", LARGE, {"any": [comparison("item_count", "less_than", 60)]}, reason="check"),
    "petit": rule("refuse", comparison("line_count", "less_than_or_equal_to", 1), reason="tiny"),
    "fidele": rule("waive_minimums", comparison("line_count", "greater_than_or_equal_to", 4), reason="loyal"),
    "retard": rule(
        "hold",
        comparison("days_overdue", "greater_than", 30),
        comparison("line_count", "greater_than", 40),
        reason="late",
    ),
}
SETTINGS = {**TOUS, "acceptance.mode": "automatic", "acceptance.minimum_value": "300.00"}


def after(rules, settings=SETTINGS):
    return content(2, group("tous", 0, settings, rules), group("bars", 10, {"acceptance.minimum_items": 48}))


def moved(explored, minimum):
    """The second content with one threshold written anew."""
    if not explored["path"].startswith("rules/"):
        return after(RULES, {**SETTINGS, explored["path"]: minimum})
    rules = copy.deepcopy(RULES)
    conditions = rules[explored["path"].removeprefix("rules/")]["conditions"]["all"]
    written = conditions[explored["place"]]
    written = written["any"][0] if "any" in written else written
    assert (written["name"], written["operator"]) == (explored["fact"], explored["operator"])
    written["value"] = float(minimum) if explored["fact"] == "order_value" else minimum
    return after(rules)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    orders = list(taken("orders_iowa_2021_60stores.csv"))[:700]
    path = tmp_path_factory.mktemp("feuille") / "sheet.parquet"
    sheet = fill_sheet(path, orders, ZONE)
    rules = {**copy.deepcopy(RULES), "gros": rule("hold", comparison("order_value", "greater_than", 900), reason="x")}
    with connect(path.parent) as connection:
        return orders, *explore(connection, sheet, Policies(None), after(rules), after(RULES), INSTALLATION)


def test_every_point_is_what_the_engine_would_accept_by_itself(found):
    orders, explored, _ = found
    # No order says how late its buyer is: that threshold turns nothing, and is not told.
    assert [(each["path"], each.get("place")) for each in explored] == [
        ("acceptance.minimum_value", None),
        ("rules/gros", 0),
        ("rules/gros", 1),
        ("rules/fidele", 0),
        ("rules/petit", 0),
        ("rules/retard", 1),
    ]
    assert explored[1]["before"] == "900.00" and explored[1]["chosen"] == "1500.50"
    for each in explored:
        points = each["points"]
        assert len({point["orders"] for point in points}) > 1
        for point in (points[0], points[len(points) // 3], points[-1]):
            there = moved(each, point["minimum"])
            passing = [one for one in orders if decided(there, one).outcome.value == "accepted"]
            assert point["orders"] == len(passing), (each["path"], point)
            assert Decimal(point["value"]) * 100 == sum(line.value for one in passing for line in one.order.lines)


def test_a_rule_s_near_misses_are_those_that_nothing_else_holds(found):
    orders, _, missed = found
    assert {each["path"] for each in missed} == {f"rules/{id}" for id in RULES}
    for each in missed:
        rules = {id: document for id, document in RULES.items() if f"rules/{id}" != each["path"]}
        if each["path"] == "rules/fidele":
            rules["fidele"] = rule("waive_minimums", comparison("line_count", "greater_than", 0), reason="loyal")
        freed = [
            one
            for one in orders
            if decided(after(RULES), one).outcome.value != "accepted"
            and decided(after(rules), one).outcome.value == "accepted"
        ]
        assert each["orders"] == len(freed), each["path"]
        assert all(Decimal(one["missing"]) >= 0 for one in each["nearest"])
        assert each["within"][-1]["orders"] <= each["orders"]


def test_a_minimum_of_hundreds_of_thousands_of_dollars_is_missed_like_any_other(tmp_path):
    chance = random.Random(1)
    orders = [Taken(random_order(chance, complete=True), NOW) for _ in range(50)]
    sheet = fill_sheet(tmp_path / "sheet.parquet", orders, ZONE)
    one, other = (after({}, {**SETTINGS, "acceptance.minimum_value": minimum}) for minimum in ("300000.00", None))
    with connect() as connection:
        missed = near_misses(connection, sheet, Policies(None), one, INSTALLATION)
    found = next(each for each in missed if each["path"] == "acceptance.minimum_value")
    freed = sum(decided(other, each).outcome.value == "accepted" for each in orders)
    assert found["orders"] == found["within"][-1]["orders"] == freed > 0
    assert all(each["minimum"] == "300000.00" for each in found["nearest"])
