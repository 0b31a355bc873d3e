"""The compiled policy and business-rules, side by side on the policy's own boundary."""

import random

import pytest

from houblon.engine.decide.evaluate import judge_of
from houblon.engine.decide.verdict import Judge
from houblon.engine.oracle.boundary import boundary_facts
from houblon.engine.oracle.reference import difference
from tests.engine.oracle.generated import random_policy
from tests.engine.policy.policies import policy, rule

LARGE = rule({"all": [{"name": "order_value", "operator": "greater_than", "value": 2500}]}, ("hold", {"reason": "big"}))
URGENT = rule(
    {"any": [{"name": "note", "operator": "matches_regex", "value": "^urgent|vite$"}]}, ("hold", {"reason": "urgent"})
)


def edges(policy_, name):
    return {getattr(facts, name) for facts in boundary_facts(judge_of(policy_).rules)}


def test_a_threshold_is_met_from_below_at_it_and_from_above():
    found = edges(policy({"gros": ("tous", LARGE)}), "order_value")
    assert {249_999, 250_000, 250_001, 19_999, 20_000, 20_001} <= found


def test_every_rule_fires_on_some_boundary_facts_and_stays_silent_on_others():
    judge = judge_of(policy({"gros": ("tous", LARGE), "urgent": ("tous", URGENT)}))
    masks = [judge.careful(facts) for facts in boundary_facts(judge.rules)]
    for bit, each in enumerate(judge.rules):
        assert {mask >> bit & 1 for mask in masks} == {0, 1}, each.id


def test_a_closed_fact_keeps_to_its_options():
    friday = rule(
        {"all": [{"name": "placed_weekday", "operator": "contains", "value": "Friday"}]}, ("hold", {"reason": "x"})
    )
    found = edges(policy({"vendredi": ("tous", friday)}), "placed_weekday")
    assert found == {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


def test_a_pattern_that_backtracks_meets_short_texts_only():
    slow = rule(
        {"any": [{"name": "note", "operator": "matches_regex", "value": "(a|aa)+b"}, equal("a" * 200)]},
        ("hold", {"reason": "x"}),
    )
    assert max(map(len, edges(policy({"lent": ("tous", slow)}), "note"))) <= 16


def equal(text):
    return {"name": "note", "operator": "equal_to", "value": text}


@pytest.mark.parametrize("seed", range(60))
def test_compiled_policies_agree_with_the_reference(seed):
    assert difference(random_policy(random.Random(seed))) is None


def test_a_compiler_that_errs_at_one_cent_is_found_out():
    right, wrong = policy({"gros": ("tous", LARGE)}), dict(LARGE)
    wrong = rule(
        {"all": [{"name": "order_value", "operator": "greater_than_or_equal_to", "value": 2500}]},
        ("hold", {"reason": "big"}),
    )
    found = difference(right, Judge(policy({"gros": ("tous", wrong)})))
    assert found is not None and found.rules == ("gros",) and found.facts.order_value == 250_000


def test_a_fast_form_that_errs_alone_is_found_out():
    judge = Judge(policy())
    judge.verdict = lambda facts: judge.of_mask(0)
    assert difference(policy(), judge) is not None
