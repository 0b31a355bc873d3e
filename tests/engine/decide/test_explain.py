"""Counterfactuals: exact at the boundary, and nothing smaller would do."""

from hypothesis import given

from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.problem import Text
from houblon.engine.decide.evaluate import judge_of
from houblon.engine.decide.explain import Change, changed, counterfactual, counterfactual_sentence
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.policy import BASE
from tests.effort import steps
from tests.engine.policy.policies import facts_of, order, orders, policies, policy, rule

CAUSE = Text("acceptation manuelle.", "manual acceptance.")


def found(order, policy):
    return counterfactual(judge_of(policy), facts_of(order, policy.chain))


def said(order, policy):
    return counterfactual_sentence(found(order, policy), CAUSE)


def test_an_order_short_of_its_value_says_by_how_much():
    short = order(items=24, price="7.81")  # 187.44
    assert found(short, policy()).alone == (Change("order_value", 18744, 20000),)
    assert said(short, policy()).fr == "Passerait d’elle-même avec 12,56\u00a0$ de plus."


def test_an_order_short_of_both_minimums_needs_both():
    both = found(order(items=22, price="7.00"), policy())
    assert both.alone == ()
    assert both.together == (Change("order_value", 15400, 20000), Change("item_count", 22, 24))
    assert "46\u00a0$ de plus et 2\u00a0articles de plus" in said(order(items=22, price="7.00"), policy()).fr


def test_either_of_two_thresholds_may_do():
    small = {
        "all": [
            {"name": "item_count", "operator": "less_than", "value": 24},
            {"name": "order_value", "operator": "less_than", "value": 200},
        ]
    }
    either = policy(
        {"petite": (BASE, rule(small, ("hold", {"reason": "small"})))},
        acceptance_minimum_items=None,
        acceptance_minimum_value=None,
    )
    assert said(order(items=22, price="7.00"), either).en == (
        "Would be accepted automatically with $46 more or 2 items more."
    )


def test_dropping_what_a_rule_names_would_do():
    stout = {"name": "categories", "operator": "shares_at_least_one_element_with", "value": ["stout", "porter"]}
    held = policy({"noires": (BASE, rule(stout, ("hold", {"reason": "stout"})))})
    lines = [
        {"sku": "a", "quantity": 24, "unit_price": "54.00", "category": "Stout"},
        {"sku": "b", "quantity": 24, "unit_price": "54.00", "category": "ipa"},
    ]
    assert said(order(lines=lines), held).fr == "Passerait d’elle-même avec les catégories commandées sans Stout."
    assert "connues" in said(order(), held).fr


def test_what_would_change_a_decision_is_found_in_a_moment():
    rules = {
        f"r{number}": (
            BASE,
            rule({"name": name, "operator": "greater_than", "value": value}, ("hold", {"reason": "x"})),
        )
        for number, (name, value) in enumerate(
            (name, value)
            for name in ("order_value", "item_count", "line_count", "overdue_balance", "days_overdue", "lead_days")
            for value in (-5, -4, -3, -2, -1)
        )
    }
    late = order(planned_delivery="2021-06-11", buyer={"overdue_balance": "5.00", "days_overdue": 9})
    assert steps(lambda: found(late, policy(rules))) < 1_000_000
    hopeless = found(late, policy(rules))
    assert (hopeless.alone, hopeless.together) == ((), ())


def test_manual_mode_can_not_be_changed_by_an_order():
    manual = policy(acceptance_mode="manual")
    assert said(order(), manual).fr == "Rien n’y changerait\u00a0: acceptation manuelle."


@given(policies(), orders())
def test_applying_a_change_flips_the_decision_and_anything_smaller_does_not(policy, order):
    judge, facts = judge_of(policy), facts_of(order)
    if judge.verdict(facts).outcome is Outcome.ACCEPTED:
        return
    answer = counterfactual(judge, facts)
    for changes in [(change,) for change in answer.alone] + ([answer.together] if answer.together else []):
        assert judge.verdict(changed(facts, changes)).outcome is Outcome.ACCEPTED
        for index, change in enumerate(changes):
            if FACTS[change.fact].kind is Kind.NUMERIC and change.before is not None:
                for nearer in _nearer(change):
                    smaller = (*changes[:index], nearer, *changes[index + 1 :])
                    assert judge.verdict(changed(facts, smaller)).outcome is not Outcome.ACCEPTED
            without = (*changes[:index], *changes[index + 1 :])
            assert judge.verdict(changed(facts, without)).outcome is not Outcome.ACCEPTED


def _nearer(change):
    """Smaller changes of the same fact: one unit less, half, and one unit."""
    gap = change.after - change.before
    step = 1 if gap > 0 else -1
    for smaller in {gap - step, gap // 2 if abs(gap) > 1 else 0, step} - {gap, 0}:
        yield Change(change.fact, change.before, change.before + smaller)
