"""What making a version does under the store's lock: check it, write it, flag what it bears on."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from houblon.engine.core.problem import Invalid, Problem, problem, refuse
from houblon.rules.checks.checks import CheckContext, check, check_structure
from houblon.rules.model.content import Version
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.proposal import OPEN, PUBLISHED, SCHEDULED, Notice, Proposal, hash_of, rebase
from houblon.rules.model.statements import Edit, pointer_of
from houblon.rules.store.documents import EntryOf, Writer
from houblon.rules.store.history import History
from houblon.rules.store.next_version import NextVersion, next_version, version_header


def release(
    writer: Writer,
    edits: Sequence[Edit],
    version: Version,
    check_context: CheckContext,
    code: str,
    itself: str | None = None,
) -> Version:
    """Check and write the next version, and flag the proposals that it bears on (but `itself`).

    `code` is why, as notices say it. Raises Invalid with every fault.
    """
    made = next_version(writer.history, edits, version)
    check(made.content, made.changed_groups, check_context)
    writer.publish(made.rows, made.version)
    for proposal in writer.history.proposals.values():
        if proposal.id == itself:
            continue
        if proposal.state == SCHEDULED and (harm := _harm(proposal, writer.history, made, edits, check_context)):
            notice = Notice("rolled_back" if code == "rolled_back" else harm, version.number, version.published_at)
            writer.keep(unscheduled(proposal, notice))
        elif proposal.state in (OPEN, SCHEDULED) and code == "rolled_back":
            notice = Notice(code, version.number, version.published_at)
            writer.keep(msgspec.structs.replace(proposal, notices=(*proposal.notices, notice)))
    return made.version


def release_proposal(
    writer: Writer,
    proposal: Proposal,
    by: str,
    at: datetime,
    moment: datetime,
    check_context: CheckContext,
    approval: bool,
    entry_of: EntryOf | None = None,
) -> Version:
    """Make a version of the proposal, effective from `moment`, and close it.

    Raises Invalid: `conflict` at every conflict, `empty`, `approval_required`, and what checks tell.
    """
    history = writer.history
    edits = check_clear(proposal, history)
    if approval:
        check_approved(proposal, history)
    version = msgspec.structs.replace(
        version_header(history, by, proposal.name, at),
        effective_from=moment,
        proposal=proposal.id,
        approved_by=proposal.approval and proposal.approval.by,
        approved_report=proposal.approval and proposal.approval.report,
    )
    made = release(writer, edits, version, check_context, "conflict", proposal.id)
    closed = msgspec.structs.replace(
        proposal, state=PUBLISHED, version=made.number, changed_at=at, revision=proposal.revision + 1
    )
    writer.keep(closed, entry_of)
    return made


def check_approved(proposal: Proposal, history: History) -> None:
    """Raises Invalid unless a second person agreed to exactly this content."""
    if proposal.approval is None or proposal.approval.hash != hash_of(proposal, history.content(proposal.base)):
        raise refuse(
            "approval_required",
            "",
            "Une deuxième personne doit approuver ce brouillon avant qu’il soit publié ou planifié.",
            "A second person must approve this proposal before it is published or scheduled.",
        )


def check_clear(proposal: Proposal, history: History) -> tuple[Edit, ...]:
    """The proposal's edits on the newest version. Raises Invalid where they conflict, or when there are none."""
    rebased = rebase(proposal, history.content(proposal.base), history.content(history.number))
    if rebased.conflicts:
        raise Invalid([conflict_problem(conflict) for conflict in rebased.conflicts])
    if not rebased.edits:
        raise refuse("empty", "", "Ce brouillon ne change rien.", "This proposal changes nothing.")
    return rebased.edits


def conflict_problem(conflict: MergeConflict) -> Problem:
    return problem(
        "conflict",
        pointer_of(conflict.kind, conflict.id, conflict.path),
        "Une version publiée depuis dit ici autre chose que ce brouillon : choisissez.",
        "A version published since says something else here than this proposal: choose.",
    )


def unscheduled(proposal: Proposal, notice: Notice) -> Proposal:
    """The scheduled proposal as a draft again: no date, no approval, and its people will be told."""
    return msgspec.structs.replace(
        proposal,
        state=OPEN,
        approval=None,
        effective_from=None,
        scheduled_by=None,
        revision=proposal.revision + 1,
        notices=(*proposal.notices, notice),
    )


def _harm(
    proposal: Proposal, history: History, made: NextVersion, edits: Sequence[Edit], check_context: CheckContext
) -> str | None:
    """Why a scheduled proposal can't become a version after this one: `conflict`, `invalid`, or None."""
    rebased = rebase(proposal, history.content(proposal.base), made.content)
    if rebased.conflicts:
        return "conflict"
    together = {(edit.kind, edit.id): edit for edit in (*edits, *rebased.edits)}
    try:
        after = next_version(history, together.values(), made.version)
        check_structure(after.content, after.changed_groups, check_context)
    except Invalid:
        return "invalid"
    return None
