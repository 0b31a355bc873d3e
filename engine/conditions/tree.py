"""The condition tree that every target reads, and its business-rules JSON."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from houblon.engine.conditions.vocabulary import NO_INPUT, Kind


class Comparison(msgspec.Struct, frozen=True):
    """One comparison: a fact's name, an operator of its type, the rule's value (None: no input)."""

    name: str
    kind: Kind
    operator: str
    value: Any = None


class AllOf(msgspec.Struct, frozen=True):
    """Holds when every member does; never empty."""

    members: tuple["Condition", ...]


class AnyOf(msgspec.Struct, frozen=True):
    """Holds when at least one member does; never empty."""

    members: tuple["Condition", ...]


Condition = Comparison | AllOf | AnyOf
Vocabulary = Mapping[str, "Term"]


class Term(msgspec.Struct, frozen=True):
    """What a condition may say of one name: its type, and the only options where they are closed.

    `canonical` puts an option in the form that the fact has.
    """

    kind: Kind
    options: tuple[str, ...] = ()
    text_only: bool = False
    canonical: Callable[[str], str] | None = None


def comparisons_of(condition: Condition) -> Iterator[Comparison]:
    """Every comparison of the tree, in the order they are written."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for member in condition.members:
            yield from comparisons_of(member)


def condition_document(condition: Condition) -> dict[str, Any]:
    """The tree in business-rules JSON; `parse_conditions` reads it back to the same tree."""
    if isinstance(condition, Comparison):
        value = "" if condition.operator in NO_INPUT else condition.value
        value = list(value) if isinstance(value, tuple) else value
        return {"name": condition.name, "operator": condition.operator, "value": value}
    word = "all" if isinstance(condition, AllOf) else "any"
    return {word: [condition_document(member) for member in condition.members]}
