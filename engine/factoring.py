"""Many conditions of which one is enough, as one condition that reads each thing fewer times.

Distributive and absorption laws only: they hold in strong Kleene logic as in Boolean logic, so the
one condition is true, false or unknown exactly when `any` of the many is.
"""

from collections import Counter
from collections.abc import Sequence

from engine.conditions import AllOf, AnyOf, Comparison, Condition
from engine.numbers import Bounds, interval, whole_bounds
from engine.vocabulary import FACTS, Kind


def any_condition(conditions: Sequence[Condition]) -> Condition:
    """One condition for `any` of these, which are at least one."""
    terms = list(dict.fromkeys(term for condition in conditions for term in _terms(condition)))
    found = _factored(_absorbed(terms))
    # What is pruned below may leave a comparison alone that settles something beside it.
    while (pruned := _pruned(found)) != found:
        found = pruned
    return found


Term = frozenset[Condition]  # all of its members together


def _terms(condition: Condition) -> list[Term]:
    """The condition as alternatives at its top: sets of members that must hold together."""
    if isinstance(condition, AnyOf):
        return [term for member in condition.members for term in _terms(member)]
    if isinstance(condition, AllOf):
        return [frozenset(_flat(condition))]
    return [frozenset((condition,))]


def _flat(condition: AllOf) -> list[Condition]:
    members: list[Condition] = []
    for member in condition.members:
        if isinstance(member, AllOf):
            members += _flat(member)
        elif isinstance(member, AnyOf):
            members.append(any_condition(member.members))
        else:
            members.append(member)
    return members


def _absorbed(terms: Sequence[Term]) -> list[Term]:
    """Without terms that another one makes needless: `a or (a and b)` is `a`."""
    distinct = list(dict.fromkeys(terms))
    weakest = _weakest([next(iter(term)) for term in distinct if len(term) == 1])
    kept = [term for term in distinct if len(term) > 1 or next(iter(term)) in weakest]
    return [term for term in kept if not any(other < term for other in kept)]


def _weakest(alone: Sequence[Condition]) -> list[Condition]:
    """Of half-lines of one fact in the same direction, the longest; anything else as it is."""
    longest: dict[tuple[str, str], tuple[int, Condition]] = {}
    others: list[Condition] = []
    for condition in alone:
        bounds = _half_line(condition)
        if bounds is None or not isinstance(condition, Comparison):
            others.append(condition)
            continue
        up = bounds.high is None
        reach = -int(bounds.low or 0) if up else int(bounds.high or 0)
        key = (condition.name, "up" if up else "down")
        if key not in longest or reach > longest[key][0]:
            longest[key] = (reach, condition)
    return [*(condition for _, condition in longest.values()), *others]


def _half_line(condition: Condition) -> Bounds | None:
    if not isinstance(condition, Comparison) or condition.kind is not Kind.NUMERIC:
        return None
    bounds = whole_bounds(interval(condition.operator, condition.value), FACTS[condition.name].scale)
    return bounds if (bounds.low is None) != (bounds.high is None) else None


def _factored(terms: Sequence[Term]) -> Condition:
    """The terms joined, what most of them share taken out first: `(a and b) or (a and c)` is `a and (b or c)`."""
    counts = Counter(member for term in terms for member in term if len(term) > 1)
    shared, count = max(counts.items(), key=lambda each: each[1], default=(None, 0))
    if shared is None or count < 2:
        return _or([_and(list(term)) for term in terms])
    inside = [term - {shared} for term in terms if shared in term and len(term) > 1]
    outside = [term for term in terms if shared not in term or len(term) == 1]
    rest = _factored(_absorbed([alternative for term in inside for alternative in _opened(term)]))
    taken = _and([shared, rest])
    if not outside:
        return taken
    return _or([taken, *_alternatives(_factored(outside))])


def _opened(term: Term) -> list[Term]:
    """A term that is a single `any` block, as its alternatives."""
    return _terms(next(iter(term))) if len(term) == 1 else [term]


def _alternatives(condition: Condition) -> tuple[Condition, ...]:
    return condition.members if isinstance(condition, AnyOf) else (condition,)


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
