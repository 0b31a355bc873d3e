"""What was read on the way to a verdict: every comparison, in the order written."""

from houblon.engine.conditions.targets.documents import fact_document
from houblon.engine.conditions.targets.python import UNREAD
from houblon.engine.conditions.tree import Comparison, comparisons_of
from houblon.engine.core.order import Facts
from houblon.engine.decide.verdict import Judge, Verdict
from houblon.engine.policy.decision import Reading, RuleTrace


def traced(judge: Judge, facts: Facts) -> tuple[Verdict, tuple[RuleTrace, ...]]:
    """The verdict and how each rule came to its result; rules in policy order."""
    mask, results = judge.traced(facts)
    left, count = iter(results), len(judge.rules)
    rules = []
    for bit, rule in enumerate(judge.rules):
        read = [(comparison, next(left)) for comparison in comparisons_of(rule.condition)]
        readings = tuple(_reading(comparison, facts, result) for comparison, result in read if result is not UNREAD)
        rules.append(RuleTrace(rule.id, _result(mask, bit, count), readings))
    return judge.of_mask(mask), tuple(rules)


def _reading(comparison: Comparison, facts: Facts, result: bool | None) -> Reading:
    value = comparison.value
    return Reading(
        comparison.name,
        comparison.operator,
        list(value) if isinstance(value, tuple) else value,
        fact_document(comparison.name, getattr(facts, comparison.name)),
        result,
    )


def _result(mask: int, bit: int, count: int) -> bool | None:
    return None if mask >> (count + bit) & 1 else bool(mask >> bit & 1)
