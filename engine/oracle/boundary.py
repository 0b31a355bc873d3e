"""Facts at the edges of a policy: just below, at and just above every value that its rules name."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from houblon.engine.conditions.tree import Comparison, comparisons_of
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.order import Facts
from houblon.engine.policy.policy import Rule

# An order that says everything; each fact of a policy's rules is moved around it.
ORDINARY = Facts(
    order_value=130_000,
    item_count=24,
    line_count=2,
    largest_line_value=80_000,
    overdue_balance=0,
    days_overdue=0,
    outstanding_balance=10_000,
    credit_limit=500_000,
    credit_available=360_000,
    lead_days=8,
    placed_hour=9,
    is_first_order=False,
    all_available=True,
    has_planned_delivery=True,
    buyer_id="depanneur-42",
    note="",
    province="QC",
    distributor="transbroue",
    delivery_method="distributor",
    source="retailer",
    placed_weekday="wednesday",
    buyer_groups=("depanneurs",),
    categories=("ipa", "stout"),
    skus=("IPA-24", "STO-12"),
    charges_value=2_500,
    is_paid=False,
    country="CA",
)
MIXTURES = 24
# The reference's regular expressions backtrack: it meets short texts only.
_SHORT = 16
_WORDS = re.compile(r"\w+")
_OTHER = "autre"
_TEXTS = ("", "a", "Urgent", "12345")

Edges = dict[str, tuple[Any, ...]]


def boundary_facts(rules: Sequence[Rule]) -> Iterator[Facts]:
    """Complete facts for `rules`: the ordinary order, one fact moved at a time, then mixtures.

    The same rules always give the same facts.
    """
    edges = edges_of(comparison for rule in rules for comparison in comparisons_of(rule.condition))
    yield ORDINARY
    for name, values in edges.items():
        for value in values:
            yield msgspec.structs.replace(ORDINARY, **{name: value})
    for round in range(MIXTURES if len(edges) > 1 else 0):
        # Steps that differ from fact to fact, so that edges meet in other company each round.
        mixed = {
            name: values[(round * (2 * place + 1) + place) % len(values)]
            for place, (name, values) in enumerate(edges.items())
        }
        yield msgspec.structs.replace(ORDINARY, **mixed)


def edges_of(comparisons: Iterable[Comparison]) -> Edges:
    """The values of each fact around which the comparisons turn."""
    found: dict[str, dict[Any, None]] = {}
    patterned = set()
    for comparison in comparisons:
        found.setdefault(comparison.name, {}).update(dict.fromkeys(_edges(comparison)))
        if comparison.operator == "matches_regex":
            patterned.add(comparison.name)
    return {
        name: tuple(value for value in values if name not in patterned or len(value) <= _SHORT)
        for name, values in found.items()
    }


def _edges(comparison: Comparison) -> list[Any]:
    fact, value = FACTS[comparison.name], comparison.value
    match fact.kind:
        case Kind.NUMERIC:
            exact = Decimal(value) * fact.scale
            around = {math.floor(exact), math.ceil(exact)}
            return sorted({each + by for each in around for by in (-1, 0, 1)})
        case Kind.BOOLEAN:
            return [True, False]
        case Kind.STRING:
            return _strings(comparison)
        case Kind.SELECT:
            # A closed fact is never anything but one of its options, written as they are.
            return list(fact.options) if fact.closed else [value, value.upper(), value.lower(), _OTHER]
        case _:
            return _sets(tuple(value))


def _strings(comparison: Comparison) -> list[str]:
    value = comparison.value
    if value is None:
        return list(_TEXTS)
    if comparison.operator == "matches_regex":
        return [*_TEXTS, *_WORDS.findall(value), value[:_SHORT]]
    return [value, value.swapcase(), f"{value}x", f"x{value}", value[:-1], ""]


def _sets(values: tuple[str, ...]) -> list[tuple[str, ...]]:
    upper = tuple(each.upper() for each in values)
    return [values, values[:1], values[1:], upper, (*values, _OTHER), (_OTHER,), ()]
