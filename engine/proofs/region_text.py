"""A region in words: « Les commandes de 200 $ à 249,99 $ et d’au moins 24 articles seraient en attente. »"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from houblon.engine.conditions.figures import quantity_text
from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.conditions.tree import Comparison
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.numbers import interval, whole_bounds
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Outcome

_CONTRARY = {
    "is_true": "is_false",
    "is_false": "is_true",
    "contains": "does_not_contain",
    "does_not_contain": "contains",
    "shares_at_least_one_element_with": "shares_no_elements_with",
    "shares_no_elements_with": "shares_at_least_one_element_with",
}
_OUTCOMES = {
    Outcome.ACCEPTED: Text("acceptées", "accepted"),
    Outcome.HELD: Text("en attente", "held"),
    Outcome.REFUSED: Text("refusées", "refused"),
}
_LEAST = {"item_count": 1, "line_count": 1}  # below which no order is


class Said(msgspec.Struct, frozen=True):
    """One thing said of an order: a comparison that holds, does not, or (None) whose fact it lacks, and its formula."""

    comparison: Comparison | None
    holds: bool | None
    formula: Any


def region_sentence(said: Sequence[Said], after: Outcome, before: Outcome) -> Text:
    """The orders of which all this is said, what they would be, and what they are."""
    parts = list(_parts(said))
    if parts:
        who = Text(f"Les commandes {_listed(parts, 'fr', ' et ')}", f"Orders {_listed(parts, 'en', ' and ')}")
    else:
        who = Text("Toutes les commandes", "All orders")
    now, then = _OUTCOMES[before], _OUTCOMES[after]
    return Text(
        f"{who.fr} seraient {then.fr} ; elles sont {now.fr}.", f"{who.en} would be {then.en}; they are {now.en}."
    )


def _listed(parts: Sequence[Text], language: str, word: str) -> str:
    said = [part.in_(language) for part in parts]
    return said[0] if len(said) == 1 else ", ".join(said[:-1]) + word + said[-1]


def _parts(said: Sequence[Said]) -> Iterator[Text]:
    by_fact: dict[str, list[Said]] = {}
    for each in said:
        if each.comparison is not None:
            by_fact.setdefault(each.comparison.name, []).append(each)
    for name, own in sorted(by_fact.items(), key=lambda each: tuple(FACTS).index(each[0])):
        fact = FACTS[name]
        if any(each.holds is None for each in own):
            yield Text(f"qui ne disent pas : {fact.label.fr}", f"that do not say: {fact.label.en}")
        elif fact.kind is Kind.NUMERIC:
            yield from _range(name, own)
        else:
            yield from (_phrase(each) for each in own)


def _phrase(said: Said) -> Text:
    comparison = said.comparison
    assert comparison is not None
    if not said.holds and comparison.operator in _CONTRARY and comparison.kind is not Kind.STRING:
        comparison = msgspec.structs.replace(comparison, operator=_CONTRARY[comparison.operator])
    elif not said.holds:
        phrase = condition_phrase(comparison)
        return Text(f"dont il n’est pas vrai que « {phrase.fr} »", f"of which it is not true that “{phrase.en}”")
    phrase = condition_phrase(comparison)
    return Text(f"dont « {phrase.fr} »", f"of which “{phrase.en}”")


def _range(name: str, own: Sequence[Said]) -> Iterator[Text]:
    low, high, gaps = _bounds(name, own)
    low = None if low is not None and low <= _LEAST.get(name, low - 1) else low
    of = Text("", "") if name in ("order_value", "item_count") else _of(name)
    if low is not None and high is not None:
        least, most = _quantity(name, low), _quantity(name, high)
        same = Text(f"{of.fr}de {least.fr}", f"{of.en}of {least.en}")
        between = Text(f"{of.fr}de {least.fr} à {most.fr}", f"{of.en}of {least.en} to {most.en}")
        yield same if low == high else between
    elif low is not None:
        least = _quantity(name, low)
        yield Text(f"{of.fr}d’au moins {least.fr}", f"{of.en}of at least {least.en}")
    elif high is not None:
        most = _quantity(name, high)
        yield Text(f"{of.fr}d’au plus {most.fr}", f"{of.en}of at most {most.en}")
    for gap in gaps:
        beside = _quantity(name, gap)
        yield Text(f"{of.fr}autre que {beside.fr}", f"{of.en}other than {beside.en}")


def _bounds(name: str, own: Sequence[Said]) -> tuple[int | None, int | None, list[int]]:
    """The smallest and the greatest that the number may be, and what it is not between them."""
    low: int | None = None
    high: int | None = None
    gaps: list[int] = []
    for each in own:
        assert each.comparison is not None
        found = whole_bounds(interval(each.comparison.operator, each.comparison.value), FACTS[name].scale)
        least, most = (None if end is None else int(end) for end in (found.low, found.high))
        if not each.holds and least is not None and most is not None:
            gaps += [least] if least == most else []
            continue
        if not each.holds:
            least, most = (None if most is None else most + 1), (None if least is None else least - 1)
        low = least if low is None or (least is not None and least > low) else low
        high = most if high is None or (most is not None and most < high) else high
    return low, high, gaps


def _of(name: str) -> Text:
    label = FACTS[name].label
    return Text(f"dont « {label.fr} » est ", f"whose “{label.en}” is ")


def _quantity(name: str, whole: int) -> Text:
    fact = FACTS[name]
    return quantity_text(fact, Decimal(whole) / fact.scale if fact.scale > 1 else whole)
