"""One line a rule: passed, stopped or silent, and what is short."""

import pytest

from houblon.engine.decide.evaluate import facts_of, judge_of
from houblon.engine.decide.rendered_rules import line_of
from houblon.engine.decide.trace import traced
from tests.engine.policy.policies import INSTALLATION, order, policy, rule


def lines(of, **members):
    policy_of, placed = policy(**of), order(**members)
    facts, judge = facts_of(placed, policy_of, INSTALLATION), judge_of(policy_of)
    _, readings = traced(judge, facts)
    found = {}
    for each, trace in zip(judge.rules, readings, strict=True):
        line = line_of(each, trace, facts)
        found[each.id] = (line.mark, line.sentence.en.replace("\u00a0", " "), line.detail and line.detail.en)
    return found


def test_minimums_say_what_there_is_and_what_is_short():
    found = lines({"acceptance_minimum_items": 24, "acceptance_minimum_value": "200.00"}, items=12, price="54.00")
    assert found["acceptance.minimum_items"] == ("✕", "Items: 12, minimum 24", "(12 short)")
    assert found["acceptance.minimum_value"][0] == "✓" and found["acceptance.minimum_value"][2] is None


@pytest.mark.parametrize(("mode", "mark"), [("automatic", "✓"), ("manual", "✕")])
def test_the_mode_passes_or_stops(mode, mark):
    assert lines({"acceptance_mode": mode})["acceptance.mode"][0] == mark


@pytest.mark.parametrize(
    ("available", "line"),
    [(True, ("✓", "Every product is available", None)), (False, ("✕", "A product is not available", None))],
)
def test_a_product_that_is_missing_stops(available, line):
    whole = [{"sku": "A", "quantity": 24, "unit_price": "54.00", "available": available}]
    assert lines({}, lines=whole)["order.available"] == line


@pytest.mark.parametrize(
    ("overdue", "mark", "detail"),
    [(None, "–", "(unknown: a fact is missing)"), (1, "–", "(does not apply)"), (40, "✕", "(applies)")],
)
def test_a_written_rule_applies_does_not_or_cannot_be_known(overdue, mark, detail):
    late = {"all": [{"name": "days_overdue", "operator": "greater_than", "value": 30}]}
    buyer = {} if overdue is None else {"days_overdue": overdue}
    found = lines({"rules": {"retard": ("tous", rule(late, ("hold", {"reason": "retard"})))}}, buyer=buyer)["retard"]
    assert (found[0], found[2]) == (mark, detail)
