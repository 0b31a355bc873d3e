"""Which of many alternatives to ask first: those that most orders meet, so that few orders are asked the rest.

A sample of the sheet tells; it changes how fast an answer comes, never the answer.
"""

from collections.abc import Sequence

from houblon.engine.conditions.factoring import cost
from houblon.engine.conditions.targets.python import compile_careful
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.conditions.tree import AnyOf, Condition
from houblon.engine.core.order import Facts

_MOST = 0.85  # of the orders: with fewer settled, asking the rest apart takes longer than asking all at once
_WORTH = 4  # what the rest costs at least
_FEW = 0.45  # of the orders: where both sides settle fewer alike, each says all for itself sooner


def in_turn(condition: Condition, sample: Sequence[Facts]) -> list[Condition]:
    """The condition as one or two of which one must hold or be unknown; the first settles most of the sample."""
    if not isinstance(condition, AnyOf) or not sample:
        return [condition]
    met = _met(condition.members, sample)
    first: list[Condition] = []
    rest, reached = list(condition.members), 0
    while rest and reached.bit_count() < _MOST * len(sample):
        best = max(rest, key=lambda member: (met[member] & ~reached).bit_count() / cost(member))
        rest.remove(best)
        first.append(best)
        reached |= met[best]
    if sum(map(cost, rest)) < _WORTH:
        return [condition]
    return [AnyOf(tuple(each)) for each in (first, rest)]


def decide_few(conditions: Sequence[Condition], sample: Sequence[Facts]) -> bool:
    """Whether the conditions hold for, or may hold for, so few of the sample that asking them first does not pay."""
    if not conditions or not sample:
        return False
    met = _met([AnyOf(tuple(conditions))], sample)
    return sum(each.bit_count() for each in met.values()) < _FEW * len(sample)


def _met(members: Sequence[Condition], sample: Sequence[Facts]) -> dict[Condition, int]:
    """For each member the orders of the sample, as bits, that it holds for or may hold for."""
    program = compile_careful(members, FactsReader())
    found = dict.fromkeys(members, 0)
    for place, facts in enumerate(sample):
        mask = program(facts)
        possible = mask | mask >> len(members)
        for bit, member in enumerate(members):
            found[member] |= (possible >> bit & 1) << place
    return found
