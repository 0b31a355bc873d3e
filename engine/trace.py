"""What was read on the way to a verdict: every comparison, in the order written."""

from typing import Any

from engine.conditions import Comparison, comparisons_of
from engine.decision import Reading, RuleTrace
from engine.order import Facts
from engine.reasons import fact_document
from engine.verdict import Judge, Verdict


def traced(judge: Judge, facts: Facts) -> tuple[Verdict, tuple[RuleTrace, ...]]:
    """The verdict and how each rule came to its result; rules in policy order."""
    log: list[tuple[int, Any, bool | None]] = []
    mask = judge.traced(facts, log.append)
    written = [(rule.id, each) for rule in judge.rules for each in comparisons_of(rule.condition)]
    readings: dict[str, list[Reading]] = {rule.id: [] for rule in judge.rules}
    for index, actual, result in log:
        rule, comparison = written[index]
        readings[rule].append(_reading(comparison, actual, result))
    count = len(judge.rules)
    rules = tuple(
        RuleTrace(rule.id, _result(mask, bit, count), tuple(readings[rule.id])) for bit, rule in enumerate(judge.rules)
    )
    return judge.of_mask(mask), rules


def _reading(comparison: Comparison, actual: Any, result: bool | None) -> Reading:
    value = comparison.value
    return Reading(
        comparison.name,
        comparison.operator,
        list(value) if isinstance(value, tuple) else value,
        fact_document(comparison.name, actual),
        result,
    )


def _result(mask: int, bit: int, count: int) -> bool | None:
    return None if mask >> (count + bit) & 1 else bool(mask >> bit & 1)
