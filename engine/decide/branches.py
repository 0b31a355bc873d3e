"""A written rule's trace as the tree that was read: every block and comparison, with what the order said."""

from collections.abc import Iterator
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP, money_text, quantity_text
from houblon.engine.conditions.labels import NEGATED_LABELS
from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.conditions.tree import AllOf, Comparison, Condition
from houblon.engine.conditions.vocabulary import FACTS, Fact, Kind, option_label
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Reading, RuleTrace
from houblon.engine.policy.policy import Rule

_ALL = Text("toutes ces conditions", "all of these")
_ANY = Text("au moins une de ces conditions", "at least one of these")
UNKNOWN = Text("inconnu : la commande ne le dit pas", "unknown: the order does not say")


class Branch(msgspec.Struct, frozen=True):
    """A block or a comparison. `result`: it held, did not, or None for unknown; `read` False: nobody looked.

    `actual` is what the order said of a comparison's fact.
    """

    phrase: Text
    result: bool | None
    read: bool
    actual: Text | None = None
    members: tuple["Branch", ...] = ()


def branch_of(rule: Rule, trace: RuleTrace) -> Branch:
    """The rule's condition as it was read on the way to `trace`."""
    left = iter(trace.readings)

    def visit(condition: Condition, is_reached: bool) -> Branch:
        if isinstance(condition, Comparison):
            phrase = condition_phrase(condition)
            if not is_reached:
                return Branch(phrase, None, False)
            reading = next(left)
            return Branch(phrase, reading.result, True, _actual(reading))
        # In the order written, and no further once a member settles the block: the same may stand in it twice.
        members = []
        for member in condition.members:
            members.append(visit(member, is_reached))
            is_reached = is_reached and members[-1].result is not _settling(condition)
        return _block(condition, tuple(members))

    return visit(rule.condition, True)


def _settling(block: Condition) -> bool:
    """What a member comes to that leaves nothing to ask of the others."""
    return not isinstance(block, AllOf)


def _block(condition: Condition, members: tuple[Branch, ...]) -> Branch:
    """What a block came to, from what its members that were read came to (strong Kleene)."""
    results = [member.result for member in members if member.read]
    settling = _settling(condition)
    came_to = settling if settling in results else None if None in results else not settling
    phrase = _ALL if isinstance(condition, AllOf) else _ANY
    return Branch(phrase, came_to if results else None, bool(results), None, members)


def _actual(reading: Reading) -> Text:
    if reading.actual is None:
        return UNKNOWN
    return fact_text(FACTS[reading.fact], reading.actual)


def fact_text(fact: Fact, value: Any) -> Text:
    """A fact's value, in document form, in words: an amount, a number with its unit, an option's name."""
    if fact.kind is Kind.BOOLEAN:
        return fact.label if value else NEGATED_LABELS[fact.name]
    if fact.kind is Kind.NUMERIC:
        return money_text(cents_written(value)) if fact.unit == "cents" else quantity_text(fact, value)
    if fact.kind is Kind.STRING:
        return Text(f"«{NBSP}{value}{NBSP}»", f"“{value}”")
    options = [option_label(fact, each) for each in _listed(value)]
    return Text(", ".join(each.fr for each in options) or "—", ", ".join(each.en for each in options) or "—")


def _listed(value: Any) -> Iterator[str]:
    yield from value if isinstance(value, list | tuple) else [value]
