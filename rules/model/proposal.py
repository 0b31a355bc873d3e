"""Proposal: edits that are not in force yet, the version they were made against, and who agreed."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

import msgspec

from houblon.rules.model.changes import Change, changes_of
from houblon.rules.model.content import Content, canonical
from houblon.rules.model.merge import MergeConflict, merge
from houblon.rules.model.moves import MEMBERSHIP, Memberships, Move, merge_moves
from houblon.rules.model.statements import ABSENT, RULES, Edit, statements_of

OPEN, SCHEDULED, PUBLISHED, DISCARDED = "open", "scheduled", "published", "discarded"


class UnknownProposal(LookupError):
    """There is no such proposal."""


class Approval(msgspec.Struct, frozen=True):
    """Who agreed to a proposal, when, and to exactly which content.

    `report` is the hash of the simulation's report that they had before them, if there was one.
    """

    by: str
    at: datetime
    hash: str
    report: str | None = None


class Request(msgspec.Struct, frozen=True):
    """Who asked that somebody approve a proposal, when, and exactly which content."""

    by: str
    at: datetime
    hash: str


class Notice(msgspec.Struct, frozen=True):
    """What befell a proposal that people must hear of: `conflict`, `rolled_back`, `invalid`, `asked` (to approve it), …

    `version` is the one that was published then; `is_sent` once its people were written to.
    """

    code: str
    version: int
    at: datetime
    is_sent: bool = msgspec.field(default=False, name="told")  # as proposals were kept so far


class Comment(msgspec.Struct, frozen=True):
    """What somebody said of a proposal, and when."""

    by: str
    at: datetime
    text: str


class Ground(msgspec.Struct, frozen=True):
    """What a scheduled proposal will find at its moment, as far as it is planned: the documents that it edits and
    the groups of the buyers whom it moves. Where that is what is found then, nobody is overruled by it."""

    edits: tuple[Edit, ...] = ()
    memberships: Mapping[str, tuple[str, ...]] = {}


class Proposal(msgspec.Struct, frozen=True):
    """Edits against version `base`; `revision` counts every change of the proposal, from 1.

    `editors` are all who wrote in it. A scheduled one becomes a version at `effective_from`, on its `ground`; one
    that `ends` another puts back what that one changed. A published one says which `version` it became.
    `memberships` come into force with it; `stood` is how those buyers stood when that was written.
    """

    id: str
    name: str
    description: str
    author: str
    base: int
    edits: tuple[Edit, ...]
    revision: int
    created_at: datetime
    changed_at: datetime
    editors: tuple[str, ...]
    memberships: Mapping[str, tuple[str, ...]] = {}
    state: str = OPEN
    approval: Approval | None = None
    effective_from: datetime | None = None
    scheduled_by: str | None = None
    version: int | None = None
    notices: tuple[Notice, ...] = ()
    comments: tuple[Comment, ...] = ()
    stood: Mapping[str, tuple[str, ...]] = {}
    ground: Ground | None = None
    ends: str | None = None
    # Until somebody names it, it is called by what it changes.
    is_named: bool = True
    asked: Request | None = None

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who has a part in it."""
        agreed = (self.approval.by,) if self.approval else ()
        return tuple(dict.fromkeys((*self.editors, *agreed, *filter(None, (self.scheduled_by,)))))


class Rebased(msgspec.Struct, frozen=True):
    """A proposal's edits and moves as they stand on a newer content, and where they conflict with it."""

    edits: tuple[Edit, ...]
    conflicts: tuple[MergeConflict, ...]
    moves: tuple[Move, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.edits and not self.moves


def rebase(proposal: Proposal, base: Content, newest: Content, kept: Memberships | None = None) -> Rebased:
    """The proposal on `newest`, where `base` is the content of its own base, and `kept` are the memberships now.

    With `kept` None, they are those that it was written on. What was planned when it was scheduled is no conflict.
    """
    edited = rebase_edits(proposal.edits, base, newest)
    moves = merge_moves(proposal.memberships, proposal.stood, kept)
    return Rebased(edited.edits, unplanned((*edited.conflicts, *moves.conflicts), proposal.ground), moves.moves)


def unplanned(conflicts: Iterable[MergeConflict], ground: Ground | None) -> tuple[MergeConflict, ...]:
    """The conflicts with something else than what was planned when the proposal was scheduled."""
    return tuple(each for each in conflicts if ground is None or not _is_planned(each, ground))


def rebase_edits(edits: Sequence[Edit], base: Content, newest: Content) -> Rebased:
    """Edits made on `base`, as they stand on `newest`."""
    merged = [
        merge(edit.kind, edit.id, base.document(edit.kind, edit.id), edit.document, newest.document(edit.kind, edit.id))
        for edit in edits
    ]
    rebased = [Edit(edit.kind, edit.id, each.document) for edit, each in zip(edits, merged, strict=True)]
    moved = [edit for edit in rebased if edit.document != newest.document(edit.kind, edit.id)]
    conflicts = chain.from_iterable(each.conflicts for each in merged)
    return Rebased(tuple(moved), (*conflicts, *_meetings(edits, base, newest)))


def _is_planned(conflict: MergeConflict, ground: Ground) -> bool:
    if conflict.is_by_chance:
        return False
    if conflict.kind == MEMBERSHIP:
        return bool(sorted(ground.memberships.get(conflict.id, ())) == conflict.theirs)
    document = next((each.document for each in ground.edits if (each.kind, each.id) == _of(conflict)), None)
    if conflict.path == "":
        return bool(conflict.theirs == (ABSENT if document is None else document))
    return bool(statements_of(conflict.kind, document).get(conflict.path, ABSENT) == conflict.theirs)


def _of(conflict: MergeConflict) -> tuple[str, str]:
    return conflict.kind, conflict.id


def _meetings(edits: Sequence[Edit], base: Content, newest: Content) -> Iterator[MergeConflict]:
    """Rules whose id meant nothing when they were written, and stands in another group now.

    Published as it is, one of the two would override the other where a buyer is in both groups.
    """
    for edit in edits:
        if edit.kind != "group" or edit.document is None:
            continue
        for id, rule in edit.document.get("rules", {}).items():
            if any(id in group.rules for group in base.groups.values()):
                continue
            met = next((each.id for each in newest.ranked() if each.id != edit.id and id in each.rules), None)
            if met is not None and not (edit.id in newest.groups and id in newest.groups[edit.id].rules):
                yield MergeConflict("group", edit.id, f"{RULES}{id}", ABSENT, rule, ABSENT, True, met)


def changes_in(edits: tuple[Edit, ...], content: Content) -> tuple[Change, ...]:
    """Every statement that the edits change in `content`."""
    return tuple(
        change
        for edit in edits
        for change in changes_of(edit.kind, edit.id, content.document(edit.kind, edit.id), edit.document)
    )


def hash_of(proposal: Proposal, base: Content) -> str:
    """sha256 of what the proposal changes, statement by statement and buyer by buyer: what an approval agrees to.

    Other statements may be published meanwhile without touching it.
    """
    changes = [
        [change.kind, change.id, change.path, _written(change.before), _written(change.after)]
        for change in changes_in(proposal.edits, base)
    ]
    moves = merge_moves(proposal.memberships, proposal.stood, None).moves
    content = {
        "changes": sorted(changes, key=lambda each: each[:3]),
        "memberships": {move.buyer: {"from": move.before, "to": move.after} for move in moves},
    }
    return "sha256:" + hashlib.sha256(canonical(content)).hexdigest()


def awaits_approval(proposal: Proposal, base: Content) -> bool:
    """Whether somebody asked for its approval, and nobody gave it yet."""
    return proposal.state in (OPEN, SCHEDULED) and proposal.asked is not None and not is_agreed(proposal, base)


def is_agreed(proposal: Proposal, base: Content) -> bool:
    """Whether a second person agreed to exactly what the proposal changes."""
    return proposal.approval is not None and proposal.approval.hash == hash_of(proposal, base)


def _written(value: object) -> list[object]:
    """Null and not stated are two things."""
    return [] if value is ABSENT else [value]
