"""Whether a condition can hold at all, and whether it can fail: what a rule that says nothing looks like.

A condition is written out as alternatives of comparisons that hold together; it never holds when every
alternative contradicts itself. What can't be told for certain is taken as possible.
"""

from collections.abc import Iterable
from itertools import product

from houblon.engine.conditions.tree import AllOf, AnyOf, Comparison, Condition
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.numbers import interval, whole_bounds

_MOST = 400  # alternatives that are looked into; beyond, nothing is told
# What a fact is in every order, whatever a rule says.
_LEAST = {"item_count": 1, "line_count": 1, "placed_hour": 0, "days_overdue": 0, "credit_limit": 0}
_GREATEST = {"placed_hour": 23, "line_count": 5_000}

Literal = tuple[Comparison, bool]  # the comparison, and whether it holds


def never(condition: Condition) -> bool:
    """Whether no order makes the condition true."""
    return _is_impossible(condition, True)


def always(condition: Condition) -> bool:
    """Whether no order that carries its facts makes the condition false."""
    return _is_impossible(condition, False)


def _is_impossible(condition: Condition, holds: bool) -> bool:
    alternatives = _alternatives(condition, holds)
    return alternatives is not None and all(_contradicts(each) for each in alternatives)


def _alternatives(condition: Condition, holds: bool) -> list[tuple[Literal, ...]] | None:
    """The condition, or its contrary, as alternatives; None when they are too many."""
    if isinstance(condition, Comparison):
        return [((condition, holds),)]
    parts = [_alternatives(member, holds) for member in condition.members]
    kept = [part for part in parts if part is not None]
    if len(kept) < len(parts):
        return None
    if isinstance(condition, AnyOf if holds else AllOf):
        found = [each for part in kept for each in part]
        return found if len(found) <= _MOST else None
    count = 1
    for part in kept:
        count *= len(part)
    if count > _MOST:
        return None
    return [tuple(literal for part in chosen for literal in part) for chosen in product(*kept)]


def _contradicts(literals: Iterable[Literal]) -> bool:
    by_fact: dict[str, list[Literal]] = {}
    for literal in literals:
        by_fact.setdefault(literal[0].name, []).append(literal)
    return any(
        any((comparison, not holds) in said for comparison, holds in said) or _CONTRADICTS[said[0][0].kind](said)
        for said in by_fact.values()
    )


def _numbers(said: list[Literal]) -> bool:
    name = said[0][0].name
    low, high = _LEAST.get(name), _GREATEST.get(name)
    gaps: list[tuple[int, int]] = []
    for comparison, holds in said:
        bounds = whole_bounds(interval(comparison.operator, comparison.value), FACTS[name].scale)
        least, most = (None if each is None else int(each) for each in (bounds.low, bounds.high))
        if not holds and least is not None and most is not None:
            gaps.append((least, most))
            continue
        if not holds:  # one of the two is open
            least, most = (None if most is None else most + 1), (None if least is None else least - 1)
        low = least if low is None or (least is not None and least > low) else low
        high = most if high is None or (most is not None and most < high) else high
    for first, last in sorted(gaps):
        if low is not None and first <= low <= last:
            low = last + 1
    for first, last in sorted(gaps, reverse=True):
        if high is not None and first <= high <= last:
            high = first - 1
    return low is not None and high is not None and low > high


def _booleans(said: list[Literal]) -> bool:
    return len({(comparison.operator == "is_true") == holds for comparison, holds in said}) > 1


def _options(said: list[Literal]) -> bool:
    """A select holds one value: the one that it is, among those that it is not."""
    fact = FACTS[said[0][0].name]
    named: set[object] = set()
    excluded: set[object] = set()
    for comparison, holds in said:
        (named if (comparison.operator == "contains") == holds else excluded).add(_lower(comparison.value))
    closed = {_lower(option) for option in fact.options} if fact.closed else None
    return (
        len(named) > 1 or bool(named & excluded) or (closed is not None and (closed <= excluded or not named <= closed))
    )


def _texts(said: list[Literal]) -> bool:
    """What is equal to one text is told of all the others; else a text that is empty, and one that is not."""
    equal = {comparison.value for comparison, holds in said if comparison.operator == "equal_to" and holds}
    if len(equal) > 1:
        return True
    for text in equal:
        return any(_of_text(comparison, text) == (not holds) for comparison, holds in said)
    empty = any(comparison.operator == "non_empty" and not holds for comparison, holds in said)
    return empty and any(
        holds and comparison.value and comparison.operator in ("contains", "starts_with", "ends_with")
        for comparison, holds in said
    )


def _of_text(comparison: Comparison, text: str) -> bool | None:
    """Whether the text satisfies the comparison; None where that is not looked into."""
    value = str(comparison.value)
    if comparison.operator == "non_empty":
        return text != ""
    return {
        "equal_to": text == value,
        "equal_to_case_insensitive": text.lower() == value.lower(),
        "starts_with": text.startswith(value),
        "ends_with": text.endswith(value),
        "contains": value in text,
    }.get(comparison.operator)


def _lists(said: list[Literal]) -> bool:
    needed: set[object] = set()
    barred: set[object] = set()
    within: set[object] | None = None
    some: list[set[object]] = []
    for comparison, holds in said:
        values, operator = {_lower(value) for value in comparison.value}, comparison.operator
        if operator == "contains_all" and holds:
            needed |= values
        elif (operator == "shares_no_elements_with") == holds and operator in _SHARING:
            barred |= values
        elif operator == "is_contained_by" and holds:
            within = values if within is None else within & values
        elif operator in _SHARING or (operator == "shares_exactly_one_element_with" and holds):
            some.append(values)
    if needed & barred or (within is not None and not needed <= within):
        return True
    left = [(values if within is None else values & within) - barred for values in some]
    return not all(left) or any(_exceeds(literal, needed, within) for literal in said)


def _exceeds(literal: Literal, needed: set[object], within: set[object] | None) -> bool:
    """Whether what the list must hold, or may, already settles the comparison the other way."""
    (comparison, holds), values = literal, {_lower(value) for value in literal[0].value}
    if comparison.operator == "contains_all":
        return not holds and values <= needed
    if comparison.operator == "is_contained_by":
        return not holds and within is not None and within <= values
    return comparison.operator == "shares_exactly_one_element_with" and holds and len(values & needed) > 1


_SHARING = ("shares_no_elements_with", "shares_at_least_one_element_with")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


_CONTRADICTS = {
    Kind.NUMERIC: _numbers,
    Kind.BOOLEAN: _booleans,
    Kind.SELECT: _options,
    Kind.STRING: _texts,
    Kind.SELECT_MULTIPLE: _lists,
}
