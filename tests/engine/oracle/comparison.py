"""One comparison of a generated policy and order with the two oracles."""

import random

from business_rules.engine import run_all

from houblon.engine.conditions.vocabulary import OrderActions, OrderVariables
from houblon.engine.core.order import Order
from houblon.engine.decide.evaluate import judge_of
from houblon.engine.policy.lowering import rule_list
from houblon.engine.policy.policy import Policy, rule_document
from tests.engine.oracle import reference
from tests.engine.oracle.generated import random_order, random_policy
from tests.engine.policy.policies import facts_of


def compare(seed: int, orders: int) -> None:
    """A policy and `orders` orders from `seed`; raises AssertionError where anyone answers otherwise."""
    chance = random.Random(seed)
    policy = random_policy(chance)
    for _ in range(orders):
        complete = chance.random() < 0.5
        order = random_order(chance, complete)
        compare_with_reference(policy, order)
        if complete:
            compare_with_business_rules(policy, order)


def compare_with_reference(policy: Policy, order: Order) -> None:
    judge = judge_of(policy)
    facts = facts_of(order, limit=judge.credit_limit)
    values = {path: setting.value for path, setting in policy.settings.items()}
    documents = [(rule.provenance.group, rule_document(rule)) for rule in policy.rules]
    outcome, terms, issue, missing = reference.decide(values, documents, policy.chain, facts)
    verdict = judge.verdict(facts)
    assert (verdict.outcome, bool(verdict.doubts)) == (outcome, missing)
    if outcome != "refused" and not missing:
        assert ((verdict.terms.kind, verdict.terms.days or 0), verdict.issue) == (terms, issue[0])
    mask, _ = judge.traced(facts)
    assert judge.of_mask(mask) == verdict
    assert judge.careful(facts) == mask


def compare_with_business_rules(policy: Policy, order: Order) -> None:
    judge = judge_of(policy)
    facts = facts_of(order, limit=judge.credit_limit)
    variables = OrderVariables(facts)
    fired = sum(1 << bit for bit, each in enumerate(rule_list(policy)) if run_all([each], variables, OrderActions()))
    assert judge.careful(facts) == fired
