"""Every version that was ever published, in memory: a version is a look-up, not a replay."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from houblon.rules.model.content import Content, Parsed, Row, Version, content_of
from houblon.rules.model.entry import Entry
from houblon.rules.model.moves import Move
from houblon.rules.model.proposal import SCHEDULED, Proposal, UnknownProposal
from houblon.rules.store.caches import LruCache

_REMEMBERED = 64


class UnknownVersion(LookupError):
    """There is no such version."""


class Lost(msgspec.Struct, frozen=True):
    """A version that the ledger knows and the rules have no more; somebody accepted that at `accepted_at`."""

    number: int
    hash: str
    accepted_at: datetime


class History:
    """One state of the store: its versions, and each document's rows by version.

    `before` is the state that was in memory until now; what it parsed is taken over, unless the
    past itself is another one (an older generation was restored).
    """

    def __init__(self, tables: dict[str, dict[str, Any]], before: "History | None" = None):
        versions = [msgspec.convert(row, Version) for row in tables.get("versions", {}).values()]
        self.lost = tuple(msgspec.convert(row, Lost) for row in tables.get("lost", {}).values())
        # Written with their acts; the ledger has all of them but the last few.
        self.entries = tuple(msgspec.convert(row, Entry) for row in tables.get("audit", {}).values())
        self.versions = tuple(sorted(versions, key=lambda version: version.number))
        self._numbers = [version.number for version in self.versions]
        self.rows = _by_document(tables.get("documents", {}).values())
        self._keys = sorted(self.rows)
        kept = [msgspec.convert(row, Proposal) for row in tables.get("proposals", {}).values()]
        self.proposals: Mapping[str, Proposal] = {proposal.id: proposal for proposal in kept}
        moments = [each.effective_from for each in kept if each.state == SCHEDULED and each.effective_from]
        # Asked for at every order: one comparison, or none.
        self.next_due: datetime | None = min(moments, default=None)
        self.moves = _moves(tables.get("moves", {}).values(), kept)
        self._moving = sorted(self.moves)
        # Asked for at every order too: the last version that brought memberships.
        self.last_moving = self._moving[-1] if self._moving else 0
        continues = before is not None and self.versions[: len(before.versions)] == before.versions
        self._parsed: Parsed = before._parsed if before and continues else {}
        self._contents: LruCache[int, Content] = before._contents if before and continues else LruCache(_REMEMBERED)

    def version(self, number: int) -> Version:
        """Raises UnknownVersion."""
        place = bisect.bisect_left(self._numbers, number)
        if self._numbers[place : place + 1] != [number]:
            raise UnknownVersion(f"there is no version {number}")
        return self.versions[place]

    @property
    def number(self) -> int:
        """The number of the last version published, 0 where there is none."""
        return self._numbers[-1] if self._numbers else 0

    @property
    def next_number(self) -> int:
        """The number of the next version: one that a lost version had is not given anew."""
        return max([self.number, *(each.number for each in self.lost)]) + 1

    def before(self, number: int) -> int | None:
        """The number of the version that came before `number`: one less, unless some were lost. None for the first."""
        place = bisect.bisect_left(self._numbers, number)
        return self._numbers[place - 1] if place else None

    def newest(self) -> Version:
        """The last version published. Raises UnknownVersion where there is none."""
        if not self.versions:
            raise UnknownVersion("nothing was published yet")
        return self.versions[-1]

    def in_force(self, at: datetime) -> Version:
        """The version in force at `at`: the last one effective by then, the first one before any was."""
        newest = self.newest()
        if newest.effective_from <= at:
            return newest
        return next((each for each in reversed(self.versions) if each.effective_from <= at), self.versions[0])

    def proposal(self, id: str) -> Proposal:
        """Raises UnknownProposal."""
        found = self.proposals.get(id)
        if found is None:
            raise UnknownProposal(f"there is no proposal {id}")
        return found

    def scheduled(self, until: datetime | None = None) -> list[Proposal]:
        """What is scheduled (up to `until`), the earliest first."""
        found = [each for each in self.proposals.values() if each.state == SCHEDULED and each.effective_from]
        kept = [each for each in found if until is None or each.effective_from <= until]  # type: ignore[operator]
        return sorted(kept, key=lambda each: (each.effective_from, each.id))

    def brought(self, after: int, until: int) -> dict[str, tuple[str, ...]]:
        """The memberships that the versions after `after` brought, up to `until`, by buyer."""
        found: dict[str, tuple[str, ...]] = {}
        if self.last_moving <= after:
            return found
        for number in self._moving:
            if after < number <= until:
                found.update((move.buyer, move.after) for move in self.moves[number])
        return found

    def rows_at(self, number: int) -> list[Row]:
        """The row of every document that version `number` holds, in the order of kinds and ids."""
        found = []
        for key in self._keys:
            states = self.rows[key]
            position = bisect.bisect_right(states, number, key=_row_version)
            if position and states[position - 1]["document"] is not None:
                found.append(states[position - 1])
        return found

    def ids(self, kind: str) -> frozenset[str]:
        """The ids that documents of a kind have or had: one that was removed is not given anew."""
        return frozenset(id for known, id in self._keys if known == kind)

    def ids_taken(self, kind: str) -> frozenset[str]:
        """`ids`, and those of documents that proposals make: two drafts never meet in one by chance."""
        made = {edit.id for each in self.proposals.values() for edit in each.edits if edit.kind == kind}
        return self.ids(kind) | made

    def rule_ids_taken(self) -> frozenset[str]:
        """The ids of rules that any group states or stated, in any version or proposal."""
        groups = [
            *(row["document"] for (kind, _), rows in self.rows.items() if kind == "group" for row in rows),
            *(edit.document for each in self.proposals.values() for edit in each.edits if edit.kind == "group"),
        ]
        return frozenset(id for group in groups if group is not None for id in group.get("rules", {}))

    def content(self, number: int) -> Content:
        """What version `number` holds, parsed once. Raises UnknownVersion."""
        # Opening an old version must not make an order wait: it is parsed without the cache's lock.
        return self._contents.get(number, lambda: content_of(self.version(number), self.rows_at(number), self._parsed))

    def newest_content(self) -> Content | None:
        """What the last version holds; None when nothing was published yet."""
        return self.content(self.number) if self.versions else None

    def next_content(self, version: Version, rows: Sequence[Row]) -> Content:
        """The content that `version` would have if `rows` were added to the newest one."""
        changed = {(row["kind"], row["id"]) for row in rows}
        kept = [row for row in self.rows_at(self.number) if (row["kind"], row["id"]) not in changed]
        there = [row for row in (*kept, *rows) if row["document"] is not None]
        # A copy: these rows are not part of the past yet.
        return content_of(version, there, dict(self._parsed))


def _moves(rows: Iterable[Mapping[str, Any]], proposals: Iterable[Proposal]) -> dict[int, tuple[Move, ...]]:
    """The memberships that versions brought, by their numbers; earlier ones left them in their proposals alone."""
    said = {
        each.version: tuple(Move(buyer, (), groups) for buyer, groups in each.memberships.items())
        for each in proposals
        if each.version is not None and each.memberships and not each.stood
    }
    return said | {row["version"]: msgspec.convert(row["moves"], tuple[Move, ...]) for row in rows}


def _by_document(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["kind"], row["id"]), []).append(row)
    for states in found.values():
        states.sort(key=_row_version)
    return found


def _row_version(row: Row) -> int:
    version: int = row["version"]
    return version
