"""Proposal: edits that are not in force yet, the version they were made against, and who agreed."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from itertools import chain

import msgspec

from houblon.rules.model.changes import Change, changes_of
from houblon.rules.model.content import Content, canonical
from houblon.rules.model.merge import MergeConflict, merge
from houblon.rules.model.statements import ABSENT, Edit

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


class Notice(msgspec.Struct, frozen=True):
    """What befell a proposal that people must hear of: `conflict`, `rolled_back` or `invalid`.

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


class Proposal(msgspec.Struct, frozen=True):
    """Edits against version `base`; `revision` counts every change of the proposal, from 1.

    `editors` are all who wrote in it. A scheduled one becomes a version at `effective_from`; a
    published one says which `version` it became. `memberships` (of an imported bundle) are set when
    it is published.
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

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who has a part in it."""
        agreed = (self.approval.by,) if self.approval else ()
        return tuple(dict.fromkeys((*self.editors, *agreed, *filter(None, (self.scheduled_by,)))))


class Rebased(msgspec.Struct, frozen=True):
    """A proposal's edits as they stand on a newer content, and where they conflict with it."""

    edits: tuple[Edit, ...]
    conflicts: tuple[MergeConflict, ...]


def rebase(proposal: Proposal, base: Content, newest: Content) -> Rebased:
    """The proposal's edits on `newest`, where `base` is the content of its own base."""
    merged = [
        merge(edit.kind, edit.id, base.document(edit.kind, edit.id), edit.document, newest.document(edit.kind, edit.id))
        for edit in proposal.edits
    ]
    edits = [Edit(edit.kind, edit.id, each.document) for edit, each in zip(proposal.edits, merged, strict=True)]
    moved = [edit for edit in edits if edit.document != newest.document(edit.kind, edit.id)]
    return Rebased(tuple(moved), tuple(chain.from_iterable(each.conflicts for each in merged)))


def changes_in(edits: tuple[Edit, ...], content: Content) -> tuple[Change, ...]:
    """Every statement that the edits change in `content`."""
    return tuple(
        change
        for edit in edits
        for change in changes_of(edit.kind, edit.id, content.document(edit.kind, edit.id), edit.document)
    )


def hash_of(proposal: Proposal, base: Content) -> str:
    """sha256 of what the proposal changes, statement by statement: what an approval agrees to.

    Other statements may be published meanwhile without touching it.
    """
    changes = [
        [change.kind, change.id, change.path, _written(change.before), _written(change.after)]
        for change in changes_in(proposal.edits, base)
    ]
    content = {"changes": sorted(changes, key=lambda each: each[:3]), "memberships": proposal.memberships}
    return "sha256:" + hashlib.sha256(canonical(content)).hexdigest()


def _written(value: object) -> list[object]:
    """Null and not stated are two things."""
    return [] if value is ABSENT else [value]
