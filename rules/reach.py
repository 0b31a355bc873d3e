"""How far a change of Tous goes: who follows it through inheritance, whom an own statement shields."""

from collections.abc import Iterable

import msgspec

from engine.policy import BASE
from rules.changes import Change
from rules.content import Content, Group
from rules.statements import MEMBERS, RULES


class Reach(msgspec.Struct, frozen=True):
    """Of one statement of Tous: the groups that change with it, and those that state their own."""

    path: str
    follow: tuple[str, ...]
    shielded: tuple[str, ...]


def reach(changes: Iterable[Change], content: Content) -> tuple[Reach, ...]:
    """The reach of every change of Tous, in a content that has them; groups by falling rank."""
    return tuple(
        _reach(change.path, content)
        for change in changes
        if (change.kind, change.id) == ("group", BASE) and change.path and change.path not in MEMBERS
    )


def _reach(path: str, content: Content) -> Reach:
    others = [group for group in content.ranked() if group.id != BASE]
    return Reach(
        path,
        tuple(group.id for group in others if not states(group, path)),
        tuple(group.id for group in others if states(group, path)),
    )


def states(group: Group, path: str) -> bool:
    """Whether the group itself says something at `path`."""
    return path.removeprefix(RULES) in group.rules if path.startswith(RULES) else path in group.settings
