"""A written rule's trace as the tree that was read: every block and comparison, with what the order said."""

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.conditions import AllOf, Comparison, Condition
from engine.decision import Reading, RuleTrace
from engine.figures import NBSP, money_text, quantity_text
from engine.labels import NEGATED_LABELS
from engine.money import cents
from engine.policy import Rule
from engine.problem import Text
from engine.targets.text import condition_phrase
from engine.vocabulary import FACTS, Fact, Kind, option_label

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
    left = list(trace.readings)

    def visit(condition: Condition) -> Branch:
        if not isinstance(condition, Comparison):
            members = tuple(visit(member) for member in condition.members)
            return _block(condition, members)
        # What was read stands in the order written, with what was not read left out.
        if left and _is_of(left[0], condition):
            reading = left.pop(0)
            return Branch(condition_phrase(condition), reading.result, True, _actual(reading))
        return Branch(condition_phrase(condition), None, False)

    return visit(rule.condition)


def _block(condition: Condition, members: tuple[Branch, ...]) -> Branch:
    """What a block came to, from what its members that were read came to (strong Kleene)."""
    results = [member.result for member in members if member.read]
    settling = not isinstance(condition, AllOf)
    came_to = settling if settling in results else None if None in results else not settling
    phrase = _ALL if isinstance(condition, AllOf) else _ANY
    return Branch(phrase, came_to if results else None, bool(results), None, members)


def _is_of(reading: Reading, comparison: Comparison) -> bool:
    value = list(comparison.value) if isinstance(comparison.value, tuple) else comparison.value
    return (reading.fact, reading.operator, reading.value) == (comparison.name, comparison.operator, value)


def _actual(reading: Reading) -> Text:
    if reading.actual is None:
        return UNKNOWN
    return fact_text(FACTS[reading.fact], reading.actual)


def fact_text(fact: Fact, value: Any) -> Text:
    """A fact's value, in document form, in words: an amount, a number with its unit, an option's name."""
    if fact.kind is Kind.BOOLEAN:
        return fact.label if value else NEGATED_LABELS[fact.name]
    if fact.kind is Kind.NUMERIC:
        return money_text(cents(value)) if fact.unit == "cents" else quantity_text(fact, value)
    if fact.kind is Kind.STRING:
        return Text(f"«{NBSP}{value}{NBSP}»", f"“{value}”")
    options = [option_label(fact, each) for each in _listed(value)]
    return Text(", ".join(each.fr for each in options) or "—", ", ".join(each.en for each in options) or "—")


def _listed(value: Any) -> Iterator[str]:
    yield from value if isinstance(value, list | tuple) else [value]
