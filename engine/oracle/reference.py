"""The compiled policy beside `business-rules` itself, on the policy's own boundary."""

from collections.abc import Iterable
from typing import Any

import msgspec
from business_rules.engine import check_conditions_recursively

from houblon.engine.conditions.vocabulary import OrderVariables
from houblon.engine.core.order import Facts
from houblon.engine.decide.evaluate import judge_of
from houblon.engine.decide.verdict import Judge
from houblon.engine.oracle.boundary import boundary_facts
from houblon.engine.policy.lowering import rule_list
from houblon.engine.policy.policy import Policy


class Difference(msgspec.Struct, frozen=True):
    """Facts on which the compiled policy and the reference do not agree, and the rules that differ."""

    facts: Facts
    rules: tuple[str, ...]


def difference(policy: Policy, judge: Judge | None = None, facts: Iterable[Facts] | None = None) -> Difference | None:
    """The first boundary facts on which the compiled `policy` answers otherwise than business-rules.

    None when they always agree. The fast form's verdict and the careful form's rules are both
    compared; `judge` and `facts` are the policy's own unless given.
    """
    judge = judge or judge_of(policy)
    conditions = [rule["conditions"] for rule in rule_list(policy)]
    for each in boundary_facts(judge.rules) if facts is None else facts:
        expected = _fired(conditions, each)
        found = judge.careful(each)
        if found != expected or judge.verdict(each) != judge.of_mask(expected):
            differing = found ^ expected
            return Difference(each, tuple(rule.id for bit, rule in enumerate(judge.rules) if differing >> bit & 1))
    return None


def _fired(conditions: list[dict[str, Any]], facts: Facts) -> int:
    """Bitmask of the rules that fire, as the package itself evaluates conditions."""
    variables = OrderVariables(facts)
    return sum(1 << bit for bit, each in enumerate(conditions) if check_conditions_recursively(each, variables))
