"""Conditions that never hold, or always do; checked against business-rules by the orders of its boundary."""

import pytest

from houblon.engine.conditions.certainty import always, never
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import rule_of


def condition(*tests, word="all"):
    said = [
        each if isinstance(each, dict) else dict(zip(("name", "operator", "value"), each, strict=True))
        for each in tests
    ]
    document = {"conditions": {word: said}, "actions": [{"name": "hold", "params": {"reason": "x"}}]}
    return rule_of("x", document, Provenance("tous", 0)).condition


NEVER = [
    [("order_value", "greater_than", 100), ("order_value", "less_than", 50)],
    [("item_count", "less_than", 1)],
    [("placed_hour", "greater_than", 23)],
    [("item_count", "greater_than", 3), ("item_count", "less_than", 4)],
    [("province", "contains", "QC"), ("province", "contains", "ON")],
    [("province", "contains", "QC"), ("province", "does_not_contain", "Québec")],
    [("is_first_order", "is_true", ""), ("is_first_order", "is_false", "")],
    [("note", "equal_to", "a"), ("note", "contains", "b")],
    [("note", "equal_to", ""), ("note", "non_empty", "")],
    [("skus", "contains_all", ["A"]), ("skus", "shares_no_elements_with", ["a", "B"])],
    [("skus", "contains_all", ["A"]), ("skus", "is_contained_by", ["B"])],
    [("buyer_groups", "shares_at_least_one_element_with", ["x"]), ("buyer_groups", "shares_no_elements_with", ["x"])],
]
SOMETIMES = [
    [("order_value", "greater_than", 50), ("order_value", "less_than", 100)],
    [("item_count", "greater_than", 3), ("item_count", "less_than", 5)],
    [("province", "does_not_contain", "ON"), ("province", "does_not_contain", "QC")],
    [("note", "contains", "a"), ("note", "contains", "b")],
    [("skus", "contains_all", ["A"]), ("skus", "is_contained_by", ["a", "B"])],
    [("note", "matches_regex", "x")],
]
ALWAYS = [
    [("order_value", "greater_than", 100), ("order_value", "less_than_or_equal_to", 100)],
    [("item_count", "greater_than_or_equal_to", 1)],
    [("days_overdue", "greater_than_or_equal_to", 0)],
    [("is_first_order", "is_true", ""), ("is_first_order", "is_false", "")],
    [("province", "contains", "QC"), ("province", "does_not_contain", "qc")],
]


@pytest.mark.parametrize("tests", NEVER)
def test_a_contradiction_is_never_true(tests):
    assert never(condition(*tests)) and not always(condition(*tests))


@pytest.mark.parametrize("tests", SOMETIMES)
def test_what_some_orders_satisfy_is_neither(tests):
    made = condition(*tests)
    assert not never(made) and not always(made)


@pytest.mark.parametrize("tests", ALWAYS)
def test_what_leaves_no_order_out_is_always_true(tests):
    made = condition(*tests, word="any")
    assert always(made) and not never(made)


def test_too_many_alternatives_are_not_looked_into():
    block = {"any": [{"name": "order_value", "operator": "greater_than", "value": each} for each in range(8)]}
    assert not never(condition(*[block] * 15))
