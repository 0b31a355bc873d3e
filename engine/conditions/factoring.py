"""Many conditions of which one is enough, as one condition that reads each thing fewer times.

Distributive and absorption laws only: they hold in strong Kleene logic as in Boolean logic, so the
one condition is true, false or unknown exactly when `any` of the many is.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product

from houblon.engine.conditions.tree import AllOf, AnyOf, Comparison, Condition
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.numbers import Bounds, interval, whole_bounds

_MOST = 160  # alternatives that are written out in full: what is looked for there takes their square


def any_condition(conditions: Sequence[Condition], failed: Sequence[Condition] = ()) -> Condition | None:
    """One condition for `any` of these, where none of `failed` holds; None where then none of these can.

    Where all of `failed` are false it has the value of the many; where some are unknown, it is true
    exactly when one of the many is. Of several ways to write it the cheapest is taken.
    """
    return _any_condition(tuple(conditions), tuple(failed))


# Moving one threshold leaves most rules as they were.
@lru_cache(maxsize=1024)
def _any_condition(conditions: tuple[Condition, ...], failed: tuple[Condition, ...]) -> Condition | None:
    found = [
        _without_needless(written)
        for terms, failing in _forms(conditions, failed)
        for written in _written(_absorbed(terms, failing))
    ]
    return min(found, key=cost, default=None)


Term = tuple[Condition, ...]  # all of its members together, each once


def _forms(conditions: Sequence[Condition], failed: Sequence[Condition]) -> Iterator[tuple[list[Term], list[Term]]]:
    """The conditions and the failed ones as alternatives: with their blocks kept, and written out in full."""
    yield _terms(conditions), _terms(failed)
    in_full = [_in_full(AnyOf(tuple(each))) for each in (conditions, failed)]
    if in_full[0] is not None:
        yield in_full[0], in_full[1] if in_full[1] is not None else _terms(failed)


def _terms(conditions: Iterable[Condition]) -> list[Term]:
    """Alternatives at the top of the conditions: what must hold together, blocks of `any` among it."""
    found: list[Term] = []
    for condition in conditions:
        if isinstance(condition, AnyOf):
            found += _terms(condition.members)
        else:
            found.append(tuple(_flat(condition)) if isinstance(condition, AllOf) else (condition,))
    return list(dict.fromkeys(found))


def _flat(condition: AllOf) -> list[Condition]:
    members: list[Condition] = []
    for member in condition.members:
        if isinstance(member, AllOf):
            members += _flat(member)
        else:
            members.append(any_condition(member.members) or member if isinstance(member, AnyOf) else member)
    return list(dict.fromkeys(members))


def _in_full(condition: Condition) -> list[Term] | None:
    """Alternatives made of comparisons alone; None where they are too many."""
    if isinstance(condition, Comparison):
        return [(condition,)]
    inside = [_in_full(member) for member in condition.members]
    if isinstance(condition, AnyOf):
        found = [term for each in inside if each is not None for term in each]
    else:
        size = 1
        for each in inside:
            size *= len(each or ())
        if size > _MOST:
            return None
        found = [tuple(dict.fromkeys(m for t in terms for m in t)) for terms in product(*filter(None, inside))]
    return None if None in inside or len(found) > _MOST else list(dict.fromkeys(found))


def _absorbed(terms: Sequence[Term], failed: Sequence[Term] = ()) -> list[Term]:
    """Without terms that another one makes needless, or that can't hold where none of `failed` does.

    `a or (a and b)` is `a`; of equals the first stays.
    """
    every = [*failed, *terms]
    bits = {member: 1 << place for place, member in enumerate(dict.fromkeys(m for term in every for m in term))}
    follows = {member: _following(member, bits) for member in bits}
    said = [_together(term, bits) for term in every]
    meant = [_together(term, follows) for term in every]
    kept: list[int] = []
    # By size: mostly what makes needless comes before what is needless.
    for place in sorted(range(len(every)), key=lambda each: len(every[each])):
        if all(said[other] & ~meant[place] for other in kept):
            kept = [other for other in kept if said[place] & ~meant[other]] + [place]
    return [_needed(every[place]) for place in sorted(kept) if place >= len(failed)]


def _following(member: Condition, bits: dict[Condition, int]) -> int:
    """The bits of all that holds when the member does."""
    if not isinstance(member, Comparison):
        return bits[member]
    alike = (each for each in bits if isinstance(each, Comparison) and each.name == member.name)
    return sum(bits[each] for each in alike if _implies(member, each))


def _together(term: Term, bits: dict[Condition, int]) -> int:
    total = 0
    for member in term:
        total |= bits[member]
    return total


def _needed(term: Term) -> Term:
    """Without members that another one implies; of equals the first stays."""
    kept: list[Condition] = []
    for member in term:
        if not any(_follows(member, each) for each in kept):
            kept = [each for each in kept if not _follows(each, member)] + [member]
    return tuple(kept)


def _follows(one: Condition, other: Condition) -> bool:
    return isinstance(one, Comparison) and isinstance(other, Comparison) and _implies(other, one)


@lru_cache(maxsize=4096)
def _half_line(condition: Condition) -> Bounds | None:
    if not isinstance(condition, Comparison) or condition.kind is not Kind.NUMERIC:
        return None
    bounds = whole_bounds(interval(condition.operator, condition.value), FACTS[condition.name].scale)
    return bounds if (bounds.low is None) != (bounds.high is None) else None


def _written(terms: Sequence[Term]) -> list[Condition]:
    """The terms joined, what they share taken out by how many share it, and by what that saves."""
    if not terms:
        return []
    return [_factored(terms, lambda member, count: count), _factored(terms, lambda member, count: cost(member) * count)]


def _factored(terms: Sequence[Term], gain: Callable[[Condition, int], int]) -> Condition:
    """The terms joined, what gains most taken out first: `(a and b) or (a and c)` is `a and (b or c)`."""
    counts = Counter(member for term in terms for member in term if len(term) > 1)
    shared = max(counts, key=lambda member: gain(member, counts[member] - 1), default=None)
    if shared is None or max(counts.values()) < 2:
        return _or([_and(term) for term in terms])
    inside = [tuple(each for each in term if each != shared) for term in terms if shared in term and len(term) > 1]
    outside = [term for term in terms if shared not in term or len(term) == 1]
    rest = _factored(_absorbed([alternative for term in inside for alternative in _opened(term)]), gain)
    taken = _and([shared, rest])
    if not outside:
        return taken
    return _or([taken, *_alternatives(_factored(outside, gain))])


def _opened(term: Term) -> list[Term]:
    """A term that is a single `any` block, as its alternatives."""
    return _terms(term) if len(term) == 1 else [term]


def _alternatives(condition: Condition) -> tuple[Condition, ...]:
    return condition.members if isinstance(condition, AnyOf) else (condition,)


def _without_needless(condition: Condition) -> Condition:
    """Pruned until nothing more goes: what goes may leave a comparison alone that settles something beside it."""
    while (pruned := _pruned(condition)) != condition:
        condition = pruned
    return condition


def _pruned(condition: Condition) -> Condition:
    """Without what a comparison beside it settles: `a or (b and (a or c))` is `a or (b and c)`."""
    if isinstance(condition, Comparison):
        return condition
    members = list(condition.members)
    is_all = isinstance(condition, AllOf)
    for settling in [member for member in members if isinstance(member, Comparison)]:
        assumed = [each if each is settling else _assuming(each, settling, is_all) for each in members]
        members = [each for each in assumed if each is not None]
    pruned = [_pruned(member) for member in members]
    return _and(pruned) if is_all else _or(pruned)


def _assuming(condition: Condition, settling: Comparison, holds: bool) -> Condition | None:
    """What is left of the condition where `settling` is known to hold, or not to; None for nothing.

    x ↦ (u or x) carries every lattice polynomial to one in which what implies u has become false,
    and x ↦ (u and x) one in which what u implies has become true.
    """
    if isinstance(condition, Comparison):
        gone = _implies(settling, condition) if holds else _implies(condition, settling)
        return None if gone else condition
    left = [_assuming(member, settling, holds) for member in condition.members]
    # A true member settles `any`, a false one settles `all`; the other way it is left out.
    if isinstance(condition, AllOf) is not holds and None in left:
        return None
    kept = [member for member in left if member is not None]
    if not kept:
        return None
    return _and(kept) if isinstance(condition, AllOf) else _or(kept)


def _implies(one: Comparison, other: Comparison) -> bool:
    """Whether `other` is at least as true as `one` on every order."""
    if one == other:
        return True
    mine, theirs = _half_line(one), _half_line(other)
    if one.name != other.name or mine is None or theirs is None:
        return False
    if mine.low is not None and theirs.low is not None:
        return mine.low >= theirs.low
    return mine.high is not None and theirs.high is not None and mine.high <= theirs.high


def _and(members: Sequence[Condition]) -> Condition:
    flat = [each for member in members for each in (member.members if isinstance(member, AllOf) else (member,))]
    return _joined(flat, AllOf)


def _or(members: Sequence[Condition]) -> Condition:
    return _joined([each for member in members for each in _alternatives(member)], AnyOf)


def _joined(members: Sequence[Condition], block: type[AllOf] | type[AnyOf]) -> Condition:
    """The cheapest first, each once."""
    distinct = sorted(dict.fromkeys(members), key=cost)
    return distinct[0] if len(distinct) == 1 else block(tuple(distinct))


def cost(condition: Condition) -> int:
    """A rough price on a column; only their order matters."""
    if isinstance(condition, Comparison):
        if condition.kind is Kind.STRING:
            return 60 if condition.operator == "matches_regex" else 20
        return 3 if condition.kind is Kind.SELECT_MULTIPLE else 1
    return sum(cost(member) for member in condition.members)
