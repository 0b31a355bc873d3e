"""Edits, a proposal or an earlier version to the next version: in force at once, or nothing is written."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from houblon.engine.core.problem import refuse
from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.changes import edits_to
from houblon.rules.model.content import Version
from houblon.rules.model.moves import Memberships, merge_moves, with_archived
from houblon.rules.model.proposal import OPEN
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import NOBODY, groups_there
from houblon.rules.publishing.proposals import current
from houblon.rules.publishing.release import release, release_proposal, tell_rolled_back
from houblon.rules.publishing.schedule import NOTHING, promote_due, up_to_date
from houblon.rules.store.documents import EntryOf, Store
from houblon.rules.store.history import History
from houblon.rules.store.next_version import version_header


class Conflict(Exception):
    """Somebody published since the version that the edits were made against."""

    def __init__(self, base: int, newest: int):
        self.base, self.newest = base, newest
        super().__init__(f"version {newest} was published since version {base}")


def publish(
    store: Store,
    edits: Sequence[Edit],
    *,
    author: str,
    note: str,
    at: datetime,
    base: int | None = None,
    check_context: CheckContext = NOTHING,
    memberships: Memberships = NOBODY,
) -> Version:
    """Make the next version of `edits`, immutable and complete, in force from `at` (aware).

    `memberships` come into force with it. `base` is the version that the edits were made against; None asks for no such check. Raises
    Invalid with every fault (pointers start with `/groups/<id>`, `/cycles/<id>`, …), Conflict when
    another version came first, StorageFault when the disk refuses; in any case nothing is written.
    """
    check_context = promote_due(store, at, check_context)
    # Versions only grow: what is stale before the lock is stale under it, and need not wait for it.
    _check_base(store.history(), base)
    with store.writing() as writer:
        _check_base(writer.history, base)
        check_context = up_to_date(writer.history, check_context)
        kept = check_context.memberships
        there = groups_there(writer.history.newest_content(), edits)
        moves = merge_moves(with_archived(memberships, kept, there), {}, kept).moves
        header = version_header(writer.history, author, note, at)
        return release(writer, edits, header, check_context, moves).version


def publish_proposal(
    store: Store,
    id: str,
    *,
    by: str,
    at: datetime,
    seen: int | None = None,
    check_context: CheckContext = NOTHING,
    entry_of: EntryOf | None = None,
) -> Version:
    """Make the next version of a proposal now, on top of what was published since its base.

    `seen` is the revision that the person looked at. Raises Invalid (`conflict` at every statement in conflict, `approval_required`, `empty`,
    and all that `publish` tells), Stale, UnknownProposal.
    """
    check_context = promote_due(store, at, check_context)
    with store.writing() as writer:
        proposal = current(writer.history, id, seen, OPEN)
        check_context = up_to_date(writer.history, check_context)
        return release_proposal(writer, proposal, by, at, at, check_context, entry_of)


def roll_back(
    store: Store,
    number: int,
    *,
    by: str,
    at: datetime,
    base: int | None = None,
    check_context: CheckContext = NOTHING,
    emergency: bool = False,
) -> Version:
    """Publish what version `number` held as the next version; open proposals survive and are told.

    In an `emergency` no second person agrees, so the version itself must have been approved, and the
    new one is marked. Raises UnknownVersion, Conflict, and Invalid (`unchanged`, `not_approved`, …).
    """
    check_context = promote_due(store, at, check_context)
    with store.writing() as writer:
        history = writer.history
        wanted, newest = history.content(number), history.content(history.number)
        _check_base(history, base)
        if emergency and wanted.version.approved_by is None:
            raise refuse(
                "not_approved",
                "",
                f"La version {number} n’a pas été approuvée par une deuxième personne : préparez un brouillon.",
                f"Version {number} was not approved by a second person: prepare a proposal.",
            )
        check_context = up_to_date(history, check_context)
        edits = edits_to(newest, wanted)
        if not edits:
            raise refuse(
                "unchanged",
                "",
                f"La version {number} dit déjà la même chose : rien n’a changé.",
                f"Version {number} says the same already: nothing changed.",
            )
        version = msgspec.structs.replace(
            version_header(history, by, f"retour à la version {number}", at),
            emergency=emergency,
            approved_by=wanted.version.approved_by if emergency else None,
        )
        made = release(writer, edits, version, check_context).version
        tell_rolled_back(writer, made)
        return made


def _check_base(history: History, base: int | None) -> None:
    newest = history.number
    if base is not None and base != newest:
        raise Conflict(base, newest)
