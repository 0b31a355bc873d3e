"""A rule's trace as a tree: what held, what did not, what nobody looked at."""

from hypothesis import given

from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.conditions.tree import Comparison
from houblon.engine.decide.branches import branch_of
from houblon.engine.decide.evaluate import judge_of
from houblon.engine.decide.trace import traced
from tests.engine.policy.policies import facts_of, order, orders, policies, policy, rule

LATE_OR_LARGE = rule(
    {
        "any": [
            {
                "all": [
                    {"name": "days_overdue", "operator": "greater_than", "value": 30},
                    {"name": "is_first_order", "operator": "is_true", "value": ""},
                ]
            },
            {"name": "order_value", "operator": "greater_than", "value": 1000},
        ]
    },
    ("hold", {"reason": "retard"}),
)


def tree(order):
    made = policy({"retards": ("tous", LATE_OR_LARGE)})
    judge = judge_of(made)
    _, rules = traced(judge, facts_of(order, made.chain))
    by_id = {each.id: each for each in judge.rules}
    return next(branch_of(by_id[each.rule], each) for each in rules if each.rule == "retards")


def test_each_comparison_says_what_the_order_said():
    found = tree(order(price="54.00", buyer={"days_overdue": 12, "is_first_order": False}))
    late, value = found.members
    assert (found.result, late.result, value.result) == (True, False, True)
    assert late.phrase.fr == "toutes ces conditions"
    assert late.members[0].actual.fr == "12\u00a0jours" and value.actual.en == "$1,296.00"


def test_what_nobody_looked_at_is_told_apart_from_what_is_unknown():
    late, _ = tree(order(buyer={"days_overdue": 12})).members
    assert [(each.read, each.result) for each in late.members] == [(True, False), (False, None)]
    late, _ = tree(order()).members
    assert late.members[0].read and late.members[0].actual.fr.startswith("inconnu")


def test_the_same_comparison_written_twice_is_told_where_it_was_read():
    paid = {"name": "is_first_order", "operator": "is_true", "value": ""}
    early = {"name": "days_overdue", "operator": "greater_than", "value": 30}
    twice = rule({"any": [{"all": [early, paid]}, paid]}, ("hold", {"reason": "retard"}))
    judge = judge_of(policy({"retards": ("tous", twice)}))
    _, rules = traced(judge, facts_of(order(buyer={"days_overdue": 12, "is_first_order": True}), ("tous",)))
    written = next(each for each in judge.rules if each.id == "retards")
    found = branch_of(written, next(each for each in rules if each.rule == "retards"))
    first, second = found.members
    assert (found.result, first.members[1].read, second.read, second.result) == (True, False, True, True)


@given(policies(), orders())
def test_a_tree_comes_to_what_its_rule_came_to_and_keeps_every_comparison(policy, order):
    judge = judge_of(policy)
    _, rules = traced(judge, facts_of(order, policy.chain))
    for written, trace in zip(judge.rules, rules, strict=True):
        found = branch_of(written, trace)
        assert found.result == trace.result
        assert _shape(found) == _written(written.condition)


def _shape(branch):
    return [_shape(each) for each in branch.members] if branch.members else branch.phrase.fr


def _written(condition):
    if isinstance(condition, Comparison):
        return condition_phrase(condition).fr
    return [_written(each) for each in condition.members]
