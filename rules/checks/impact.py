"""How far a change of Tous goes: who follows it through inheritance, whom an own statement shields."""

from collections.abc import Iterable, Mapping

import msgspec

from houblon.engine.policy.policy import BASE
from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content, Group
from houblon.rules.model.statements import MEMBERS, RULES


class Impact(msgspec.Struct, frozen=True):
    """Of one statement of Tous: the groups that change with it, and those that state their own."""

    path: str
    follow: tuple[str, ...]
    shielded: tuple[str, ...]


def impact(changes: Iterable[Change], content: Content) -> tuple[Impact, ...]:
    """The impact of every change of Tous, in a content that has them; groups by falling rank."""
    return tuple(
        _impact_of(change.path, content)
        for change in changes
        if (change.kind, change.id) == ("group", BASE) and change.path and change.path not in MEMBERS
    )


def _impact_of(path: str, content: Content) -> Impact:
    others = [group for group in content.ranked() if group.id != BASE]
    return Impact(
        path,
        tuple(group.id for group in others if not states(group, path)),
        tuple(group.id for group in others if states(group, path)),
    )


def states(group: Group, path: str) -> bool:
    """Whether the group itself says something at `path`."""
    return path.removeprefix(RULES) in group.rules if path.startswith(RULES) else path in group.settings


class ImpactCount(msgspec.Struct, frozen=True):
    """Retailers to whom a statement of one group speaks, and those of the group whom another statement shields."""

    follow: int
    shielded: int


def impact_count(
    content: Content, group: str, path: str, memberships: Mapping[str, tuple[str, ...]], others: int
) -> ImpactCount:
    """Whom a statement of `group` at `path` reaches: retailers of theirs whom no higher rank tells otherwise.

    `memberships` are of all retailers kept in a group, `others` counts those kept in none: they follow Tous.
    """
    rank = -1 if group == BASE else content.groups[group].rank
    above = {
        other.id
        for other in content.groups.values()
        if other.id not in (group, BASE) and other.rank > rank and states(other, path)
    }
    own = [groups for groups in memberships.values() if group in (*groups, BASE)]
    shielded = sum(1 for groups in own if not above.isdisjoint(groups))
    return ImpactCount(len(own) - shielded + (others if group == BASE else 0), shielded)
