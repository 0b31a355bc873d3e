"""Overrides that say nothing, or no longer what they were meant to: told as warnings, never refused."""

from collections.abc import Iterable, Iterator

from houblon.engine.core.problem import Problem, Text, problem
from houblon.engine.policy.lowering import BOUNDS, MINIMUMS
from houblon.engine.policy.policy import BASE, rule_document
from houblon.rules.model.content import Content, Group
from houblon.rules.model.inherit import resolve
from houblon.rules.model.statements import RULES, pointer_of

_MINIMUM, _LIMIT = Text("ce minimum", "this minimum"), Text("cette limite", "this limit")


def warnings(content: Content, groups: Iterable[str] | None = None) -> tuple[Problem, ...]:
    """What is worth a second look in the groups named, in all of them unless some are.

    `equal_to_base`: an override that says what Tous says. `stale`: Tous changed after the group
    stated its own. `minimum_under_manual`: a minimum or a limit where every order waits for a person anyway.
    """
    kept = content.groups if groups is None else [id for id in groups if id in content.groups]
    return tuple(found for id in kept for found in _of_group(content, content.groups[id]))


def _of_group(content: Content, group: Group) -> Iterator[Problem]:
    base = content.groups[BASE]
    if group.id != BASE:
        for path in _paths(group):
            if path in _paths(base):
                yield from _override(group, base, path)
    chain = (BASE,) if group.id == BASE else (group.id, BASE)
    policy = resolve(content, chain)
    if policy.settings["acceptance.mode"].value == "manual":
        for path in BOUNDS:
            if group.settings.get(path) is not None:
                what = _MINIMUM if path in MINIMUMS else _LIMIT
                yield problem(
                    "minimum_under_manual",
                    pointer_of("group", group.id, path),
                    f"« {group.name} » accepte à la main : {what.fr} n’y change rien.",
                    f"“{group.name}” accepts by hand: {what.en} changes nothing there.",
                )


def _override(group: Group, base: Group, path: str) -> Iterator[Problem]:
    if _stated(group, path) == _stated(base, path):
        yield problem(
            "equal_to_base",
            pointer_of("group", group.id, path),
            f"« {group.name} » énonce la même chose que Tous : il ne suivra plus Tous si Tous change.",
            f"“{group.name}” states the same as Tous: it will no longer follow Tous when Tous changes.",
        )
    elif base.since.get(path, 0) > group.since.get(path, 0):
        yield problem(
            "stale",
            pointer_of("group", group.id, path),
            f"Tous a changé en v{base.since[path]}, après que « {group.name} » a énoncé le sien "
            f"(v{group.since.get(path, 0)}) : vérifiez qu’il vaut encore.",
            f"Tous changed in v{base.since[path]}, after “{group.name}” stated its own "
            f"(v{group.since.get(path, 0)}): see whether it still holds.",
        )


def _paths(group: Group) -> list[str]:
    return [*group.settings, *(f"{RULES}{id}" for id in group.rules)]


def _stated(group: Group, path: str) -> object:
    if not path.startswith(RULES):
        return group.settings[path]
    rule = group.rules[path.removeprefix(RULES)]
    return None if rule is None else rule_document(rule)
