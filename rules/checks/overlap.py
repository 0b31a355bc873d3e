"""Buyers in several groups: where their groups say different things, and whose word counts."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from houblon.engine.policy.policy import BASE
from houblon.rules.checks.impact import states
from houblon.rules.model.content import Content, Group
from houblon.rules.model.statements import RULES


class Overlap(msgspec.Struct, frozen=True):
    """Another group that shares buyers, and the statements on which the two differ.

    `wins` says whether the group that was asked about ranks above the other.
    """

    other: str
    buyers: int
    wins: bool
    paths: tuple[str, ...]


def overlaps(content: Content, id: str, memberships: Mapping[str, tuple[str, ...]]) -> tuple[Overlap, ...]:
    """Every group with which `id` shares buyers, the highest rank first."""
    shared: Counter[str] = Counter()
    for groups in memberships.values():
        if id in groups:
            shared.update(other for other in set(groups) if other not in (id, BASE) and other in content.groups)
    mine = content.groups[id]
    return tuple(
        Overlap(other.id, shared[other.id], mine.rank > other.rank, _differing(mine, other))
        for other in content.ranked()
        if other.id in shared
    )


def _differing(mine: Group, other: Group) -> tuple[str, ...]:
    """Where both state something, and not the same."""
    paths = [*mine.settings, *(f"{RULES}{rule}" for rule in mine.rules)]
    return tuple(path for path in paths if states(other, path) and _value(mine, path) != _value(other, path))


def _value(group: Group, path: str) -> object:
    document = group.document
    return document["rules"][path.removeprefix(RULES)] if path.startswith(RULES) else document["settings"][path]
