"""Group and Content: what one version holds, parsed once and never changed."""

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.core.texts import identity
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, Rule, rule_of
from houblon.engine.schedule.calendar import Cycle
from houblon.engine.schedule.cycle import cycle_document, parse_cycle
from houblon.rules.model.moves import Memberships
from houblon.rules.model.statements import Document

KINDS = ("group", "cycle", "scenario", "guardrail")

Row = Mapping[str, Any]
Parsed = dict[tuple[str, str, int], Any]


class Version(msgspec.Struct, frozen=True):
    """One published state: who made it, when, and from when it counts (instants in UTC).

    `hash` is the sha256 of its whole content, written canonically. `proposal` is the id of the
    proposal that it was, `approved_by` who approved that, `approved_report` the hash of the simulation's
    report that they saw; `emergency` marks a return to an earlier version that nobody approved anew.
    """

    number: int
    author: str
    note: str
    published_at: datetime
    effective_from: datetime
    hash: str
    proposal: str | None = None
    approved_by: str | None = None
    emergency: bool = False
    approved_report: str | None = None


class Group(msgspec.Struct, frozen=True, eq=False):
    """What a group states itself. `since` tells in which version each statement was last changed.

    Paths of settings are as they are; those of rules are `rules/<id>`. A rule that is None is
    explicitly none. `written` is the group's JSON, keys sorted.
    """

    id: str
    name: str
    colour: str
    rank: int
    settings: Mapping[str, Any]
    rules: Mapping[str, Rule | None]
    since: Mapping[str, int]
    written: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The group's document, the caller's own to change."""
        return msgspec.json.decode(self.written, type=dict[str, Any])


class Content(msgspec.Struct, frozen=True, eq=False):
    """All that one version holds, by id.

    `moved` are memberships that come with it and that are not kept yet: of a version that is only tried, or planned.
    """

    version: Version
    groups: Mapping[str, Group]
    cycles: Mapping[str, Cycle]
    scenarios: Mapping[str, Document]
    guardrails: Mapping[str, Document]
    distributors: Mapping[str, str]  # a cycle's id by its identity
    moved: Memberships = MappingProxyType({})

    def cycle_of(self, distributor: str | None) -> Cycle | None:
        """The cycle of the distributor that an order names, however it writes the name; an id written alike first."""
        if not distributor:
            return None
        return self.cycles.get(distributor) or self.cycles.get(self.distributors.get(identity(distributor), ""))

    def document(self, kind: str, id: str) -> dict[str, Any] | None:
        """One JSON document, the caller's own to change; None when there is none."""
        if kind == "group":
            return self.groups[id].document if id in self.groups else None
        if kind == "cycle":
            return cycle_document(self.cycles[id]) if id in self.cycles else None
        kept = (self.scenarios if kind == "scenario" else self.guardrails).get(id)
        return None if kept is None else copy.deepcopy(dict(kept))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """The JSON documents of one kind by id, the caller's own to change."""
        ids = {"group": self.groups, "cycle": self.cycles, "scenario": self.scenarios}.get(kind, self.guardrails)
        return {id: document for id in ids if (document := self.document(kind, id)) is not None}

    def ranked(self) -> list[Group]:
        """Groups from the highest rank to Tous."""
        return sorted(self.groups.values(), key=lambda group: (group.id == BASE, -group.rank, group.id))


def canonical(document: object) -> bytes:
    """The one writing of a JSON value: keys sorted, no spaces."""
    return msgspec.json.encode(document, order="deterministic")


def group_of(document: Document, since: Mapping[str, int]) -> Group:
    """A group from its checked document."""
    id = document["id"]
    written = canonical(document)
    own = msgspec.json.decode(written)
    rules = {
        rule_id: None if rule is None else rule_of(rule_id, rule, Provenance(id, since.get(f"rules/{rule_id}", 0)))
        for rule_id, rule in own["rules"].items()
    }
    return Group(
        id,
        own["name"],
        own["colour"],
        own.get("rank", 0),
        MappingProxyType(own["settings"]),
        MappingProxyType(rules),
        MappingProxyType(dict(since)),
        written,
    )


def content_of(version: Version, rows: Iterable[Row], parsed: Parsed) -> Content:
    """The content of a version from the rows in force at it (`kind`, `id`, `document`, `since`).

    `parsed` remembers what each row was parsed to, so that versions share what they have in common.
    """
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for row in rows:
        kind, id, number = row["kind"], row["id"], row["version"]
        value = parsed.get((kind, id, number))
        if value is None:
            value = parsed[kind, id, number] = _parse(row)
        found[kind][id] = value
    distributors = {identity(id): id for id in sorted(found["cycle"], reverse=True)}
    groups, cycles, scenarios, guardrails = (MappingProxyType(found[kind]) for kind in KINDS)
    return Content(version, groups, cycles, scenarios, guardrails, MappingProxyType(distributors))


def _parse(row: Row) -> Any:
    if row["kind"] == "group":
        return group_of(row["document"], row["since"])
    if row["kind"] == "cycle":
        return parse_cycle(row["document"])
    return copy.deepcopy(row["document"])
