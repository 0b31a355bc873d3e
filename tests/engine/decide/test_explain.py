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


def held_by(name, operator, value, action=("hold", {"reason": "x"})):
    return policy({"regle": (BASE, rule({"name": name, "operator": operator, "value": value}, action))})


def test_credit_that_is_short_can_be_left_by_each_of_its_three_parts():
    short = held_by("credit_available", "less_than", 0)
    placed = order(buyer={"credit_limit": "2000.00", "outstanding_balance": "1000.00"})  # and orders 1296.00
    assert found(placed, short).alone == (
        Change("order_value", 129600, 100000),
        Change("outstanding_balance", 100000, 70400),
        Change("credit_limit", 200000, 229600),
    )
    assert said(placed, short).en == (
        "Would be accepted automatically with $296 less or $296 less for the outstanding balance or "
        "$296 more for the credit limit."
    )


def test_a_number_that_is_not_known_is_asked_for_and_credit_that_is_not_cannot_be():
    unknown = held_by("days_overdue", "greater_than", 30)
    assert said(order(), unknown).en == "Would be accepted automatically with the number of days overdue at 30 days."
    assert found(order(), held_by("credit_available", "less_than", 0)).alone == ()


def test_a_province_a_method_and_a_yes_are_told_in_the_words_of_their_choices():
    quebec = held_by("province", "contains", "qc")
    assert said(order(buyer={"province": "QC"}), quebec).en == (
        "Would be accepted automatically with the province other than Québec."
    )
    assert said(order(), quebec).en == "Would be accepted automatically with the province known and without a rule."
    elsewhere = held_by("province", "does_not_contain", "qc")
    assert said(order(buyer={"province": "ON"}), elsewhere).fr == (
        "Passerait d’elle-même avec la province\u00a0: le Québec."
    )
    first = held_by("is_first_order", "is_true", "")
    assert said(order(buyer={"is_first_order": True}), first).fr == (
        "Passerait d’elle-même avec «\u00a0ce n’est pas une première commande\u00a0»."
    )


def test_what_is_not_ordered_yet_may_be_what_lets_it_through():
    missing = held_by("categories", "shares_no_elements_with", ["stout"])
    lines = [{"sku": "a", "quantity": 24, "unit_price": "54.00", "category": "ipa"}]
    assert said(order(lines=lines), missing).en == (
        "Would be accepted automatically with the categories ordered with stout."
    )


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
