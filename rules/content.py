"""Group and Content: what one version holds, parsed once and never changed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.calendar import Cycle
from engine.cycle import cycle_document, parse_cycle
from engine.decision import Provenance
from engine.policy import BASE, Rule, rule_of

KINDS = ("group", "cycle", "scenario", "guardrail")


class Version(msgspec.Struct, frozen=True):
    """One published state: who made it, when, and from when it counts (instants in UTC)."""

    number: int
    author: str
    note: str
    published_at: datetime
    effective_from: datetime
    hash: str


class Group(msgspec.Struct, frozen=True):
    """What a group states itself. `since` tells in which version each statement was last changed.

    Paths of settings are as they are; those of rules are `rules/<id>`. A rule that is None is
    explicitly none.
    """

    id: str
    name: str
    colour: str
    rank: int
    settings: Mapping[str, Any]
    rules: Mapping[str, Rule | None]
    since: Mapping[str, int]
    document: Mapping[str, Any]


class Content(msgspec.Struct, frozen=True):
    """All that one version holds, by id."""

    version: Version
    groups: Mapping[str, Group]
    cycles: Mapping[str, Cycle]
    scenarios: Mapping[str, Mapping[str, Any]]
    guardrails: Mapping[str, Mapping[str, Any]]

    def documents(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """The JSON documents of one kind, by id."""
        if kind == "group":
            return {id: group.document for id, group in self.groups.items()}
        if kind == "cycle":
            return {id: cycle_document(cycle) for id, cycle in self.cycles.items()}
        return self.scenarios if kind == "scenario" else self.guardrails

    def ranked(self) -> list[Group]:
        """Groups from the highest rank to Tous."""
        return sorted(self.groups.values(), key=lambda group: (group.id == BASE, -group.rank, group.id))


def group_of(document: Mapping[str, Any], since: Mapping[str, int]) -> Group:
    """A group from its checked document."""
    id = document["id"]
    rules = {
        rule_id: None if rule is None else rule_of(rule_id, rule, Provenance(id, since.get(f"rules/{rule_id}", 0)))
        for rule_id, rule in document.get("rules", {}).items()
    }
    return Group(
        id,
        document["name"],
        document.get("colour", "#586055"),
        document.get("rank", 0),
        document.get("settings", {}),
        rules,
        since,
        document,
    )


def content_of(version: Version, rows: Iterable[Mapping[str, Any]]) -> Content:
    """The content of a version from the rows in force at it (`kind`, `id`, `document`, `since`)."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for row in rows:
        document = row["document"]
        if row["kind"] == "group":
            found["group"][row["id"]] = group_of(document, row["since"])
        elif row["kind"] == "cycle":
            found["cycle"][row["id"]] = parse_cycle(document)
        else:
            found[row["kind"]][row["id"]] = document
    return Content(version, found["group"], found["cycle"], found["scenario"], found["guardrail"])
