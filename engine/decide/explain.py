"""What would have changed a decision: the smallest changes of an order that get it accepted.

A decision depends only on which side of its rules' thresholds each fact stands. So for each fact
it is enough to try the nearest value beyond each threshold: exact at the boundary, and nothing
smaller would do.
"""

from collections.abc import Iterator
from itertools import combinations, islice, product
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP, quantity_text
from houblon.engine.conditions.labels import NEGATED_LABELS
from houblon.engine.conditions.tree import Comparison, comparisons_of
from houblon.engine.conditions.vocabulary import FACTS, Fact, Kind, option_label
from houblon.engine.core.money import MOST, as_decimal
from houblon.engine.core.numbers import interval, whole_bounds
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Text
from houblon.engine.decide.precedence import WAIVERS, doing
from houblon.engine.decide.verdict import Judge
from houblon.engine.policy.decision import Outcome

MAX_TOGETHER = 3
MAX_EACH = 24  # of one fact when several are changed together: nearest first
MAX_TRIES = 5_000
OTHER = "-"  # stands for any option that no rule names


class Change(msgspec.Struct, frozen=True):
    """One fact given another value, in stored units (cents for money)."""

    fact: str
    before: Any
    after: Any


class Counterfactual(msgspec.Struct, frozen=True):
    """What would have got the order accepted.

    `alone`: changes that suffice each by itself, the smallest of each fact. `together`: where none
    does, the fewest that do together. Both empty when nothing would.
    """

    alone: tuple[Change, ...]
    together: tuple[Change, ...]


def counterfactual(judge: Judge, facts: Facts) -> Counterfactual:
    """The smallest changes that would have had the order of `facts` accepted."""
    candidates = {name: list(_candidates(judge, facts, name)) for name in _changeable(judge, facts)}
    each_alone = [_first(judge, facts, ((change,) for change in changes)) for changes in candidates.values()]
    alone = tuple(change for found in each_alone for change in found)
    if alone:
        return Counterfactual(alone, ())
    for size in range(2, MAX_TOGETHER + 1):
        for names in combinations(candidates, size):
            options = sorted(product(*(enumerate(candidates[name][:MAX_EACH]) for name in names)), key=_rank)
            found = _first(judge, facts, (tuple(change for _, change in option) for option in options))
            if found:
                return Counterfactual((), found)
    return Counterfactual((), ())


def _rank(option: tuple[tuple[int, Change], ...]) -> int:
    return sum(rank for rank, _ in option)


def _first(judge: Judge, facts: Facts, options: Iterator[tuple[Change, ...]]) -> tuple[Change, ...]:
    """The first option under which the order is accepted, or nothing."""
    for changes in islice(options, MAX_TRIES):
        if judge.verdict(changed(facts, changes)).outcome is Outcome.ACCEPTED:
            return changes
    return ()


def changed(facts: Facts, changes: tuple[Change, ...]) -> Facts:
    """The facts with the changes made; what is counted from a changed fact follows it."""
    made = msgspec.structs.replace(facts, **{change.fact: change.after for change in changes})
    if made.credit_limit is None or made.outstanding_balance is None:
        return msgspec.structs.replace(made, credit_available=None)
    left = made.credit_limit - made.outstanding_balance - made.order_value
    return msgspec.structs.replace(made, credit_available=left)


# What the order or its buyer could have had otherwise. Who the buyer is, when it came and what
# follows from other facts are not for changing.
_FIXED = frozenset({"credit_available", "placed_hour", "buyer_groups", "buyer_id", "placed_weekday", "note"})


def _changeable(judge: Judge, facts: Facts) -> list[str]:
    """The facts that could matter and that an order could have otherwise, in vocabulary order.

    Only what held the order back can let it go, or a rule that waives minimums.
    """
    verdict = judge.verdict(facts)
    in_the_way = [*(cause.rule for cause in verdict.causes), *verdict.doubts]
    waivers = [rule for waiver in WAIVERS for rule in doing(judge.rules, waiver)]
    read = {comparison.name for rule in (*in_the_way, *waivers) for comparison in comparisons_of(rule.condition)}
    if "credit_available" in read:
        read |= {"order_value", "outstanding_balance", "credit_limit"}
    return [name for name in FACTS if name in read - _FIXED]


def _candidates(judge: Judge, facts: Facts, name: str) -> Iterator[Change]:
    """The nearest value of each region of one fact, nearest first."""
    fact, now = FACTS[name], getattr(facts, name)
    comparisons = [each for rule in judge.rules for each in comparisons_of(rule.condition)]
    own = [each for each in comparisons if each.name == name]
    if fact.kind is Kind.BOOLEAN:
        values: list[Any] = [value for value in (True, False) if value is not now]
    elif fact.kind is Kind.SELECT:
        values = sorted({each.value.lower() for each in own} | {OTHER})
        values = [value for value in values if now is None or value != now.lower()]
    elif fact.kind is Kind.SELECT_MULTIPLE:
        values = _other_sets({value.lower() for each in own for value in each.value}, now)
    else:
        edges = {edge for each in own for edge in _edges(each)}
        edges |= {edge for each in comparisons for edge in _linked_edges(each, name, facts)}
        edges = {edge for edge in edges if edge != now and edge >= _LOWEST.get(name, 0)}
        values = sorted(edges, key=lambda edge: (abs(edge - (now or 0)), edge))
    for value in values:
        yield Change(name, now, value)


def _other_sets(named: set[str], now: tuple[str, ...] | None) -> list[tuple[str, ...]]:
    """Sets of values with fewer of those that rules name, then with one of them more."""
    if now is None:
        return [(OTHER,), *((value,) for value in sorted(named))]
    present = tuple(dict.fromkeys(now))
    offending = [value for value in present if value.lower() in named]
    dropped = [{value} for value in offending] + ([set(offending)] if len(offending) > 1 else [])
    fewer = [tuple(value for value in present if value not in gone) or (OTHER,) for gone in dropped]
    wanting = sorted(named - {value.lower() for value in present})
    return [*fewer, *((*present, value) for value in wanting)]


_LOWEST = {"item_count": 1, "line_count": 1, "charges_value": -MOST}


def _edges(comparison: Comparison) -> Iterator[int]:
    """The values on both sides of each bound of a numeric comparison, in stored units."""
    bounds = whole_bounds(interval(comparison.operator, comparison.value), FACTS[comparison.name].scale)
    for bound in (bounds.low, bounds.high):
        if bound is not None:
            yield from (int(bound) - 1, int(bound), int(bound) + 1)


def _linked_edges(comparison: Comparison, name: str, facts: Facts) -> Iterator[int]:
    """The same for a fact that the compared one is counted from: credit left after the order."""
    if comparison.name != "credit_available" or facts.credit_limit is None or facts.outstanding_balance is None:
        return
    for edge in _edges(comparison):
        if name == "order_value":
            yield facts.credit_limit - facts.outstanding_balance - edge
        elif name == "outstanding_balance":
            yield facts.credit_limit - facts.order_value - edge
        elif name == "credit_limit":
            yield edge + facts.outstanding_balance + facts.order_value


def counterfactual_sentence(found: Counterfactual, cause: Text) -> Text:
    """The counterfactual in words; `cause` says why nothing would help, when nothing would."""
    if found.alone:
        parts, word = [_phrase(change) for change in found.alone], Text(" ou ", " or ")
    elif found.together:
        parts, word = [_phrase(change) for change in found.together], Text(" et ", " and ")
    else:
        return Text(
            f"Rien n’y changerait{NBSP}: {cause.fr[:1].lower()}{cause.fr[1:]}",
            f"Nothing would change it: {cause.en[:1].lower()}{cause.en[1:]}",
        )
    return Text(
        f"Passerait d’elle-même avec {word.fr.join(part.fr for part in parts)}.",
        f"Would be accepted automatically with {word.en.join(part.en for part in parts)}.",
    )


def _phrase(change: Change) -> Text:
    fact = FACTS[change.fact]
    if fact.kind is Kind.BOOLEAN:
        held = fact.label if change.after else NEGATED_LABELS[fact.name]
        return Text(f"«{NBSP}{held.fr}{NBSP}»", f"“{held.en}”")
    if fact.kind is Kind.SELECT:
        return _select_phrase(fact, change)
    if fact.kind is Kind.SELECT_MULTIPLE:
        return _set_phrase(fact, change)
    if change.before is None:
        value = quantity_text(fact, _written(fact, change.after))
        return Text(f"{fact.label.fr} à {value.fr}", f"{fact.label.en} at {value.en}")
    gap = quantity_text(fact, _written(fact, abs(change.after - change.before)))
    more = change.after > change.before
    if fact.name in ("order_value", "item_count"):
        return Text(f"{gap.fr} de {'plus' if more else 'moins'}", f"{gap.en} {'more' if more else 'less'}")
    return Text(
        f"{gap.fr} de {'plus' if more else 'moins'} pour {fact.label.fr}",
        f"{gap.en} {'more' if more else 'less'} for {fact.label.en}",
    )


def _select_phrase(fact: Fact, change: Change) -> Text:
    if change.after == OTHER:
        before = option_label(fact, change.before) if change.before else None
        if before is None:
            return Text(f"{fact.label.fr} connue et sans règle", f"{fact.label.en} known and without a rule")
        return Text(f"{fact.label.fr} autre que {before.fr}", f"{fact.label.en} other than {before.en}")
    after = option_label(fact, change.after)
    return Text(f"{fact.label.fr}{NBSP}: {after.fr}", f"{fact.label.en}: {after.en}")


def _set_phrase(fact: Fact, change: Change) -> Text:
    """« sans Stout » or « avec ipa » in what was ordered; that it be known, when it was not."""
    if change.before is None:
        return Text(f"{fact.label.fr} connues", f"{fact.label.en} known")
    gone = ", ".join(value for value in dict.fromkeys(change.before) if value not in change.after)
    come = ", ".join(value for value in change.after if value not in change.before and value != OTHER)
    if gone:
        return Text(f"{fact.label.fr} sans {gone}", f"{fact.label.en} without {gone}")
    return Text(f"{fact.label.fr} avec {come}", f"{fact.label.en} with {come}")


def _written(fact: Fact, amount: int) -> Any:
    return as_decimal(amount) if fact.unit == "cents" else amount
