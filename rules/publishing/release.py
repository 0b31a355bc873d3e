"""What making a version does under the store's lock: check it, write it, judge anew what is planned after it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from houblon.engine.core.problem import Invalid, problem, refuse
from houblon.rules.checks.checks import CheckContext, check
from houblon.rules.model.content import Version
from houblon.rules.model.moves import Memberships, Move
from houblon.rules.model.proposal import (
    DISCARDED,
    OPEN,
    PUBLISHED,
    SCHEDULED,
    Approval,
    Notice,
    Proposal,
    Rebased,
    hash_of,
    is_agreed,
    rebase,
)
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.timeline import Step, Timeline, conflict_problem, ending_of
from houblon.rules.store.documents import EntryOf, Writer
from houblon.rules.store.history import History
from houblon.rules.store.next_version import NextVersion, next_version, version_header

ROLLED_BACK = "rolled_back"
LACKS_APPROVAL = problem(
    "approval_required",
    "",
    "Une deuxième personne doit approuver ce brouillon avant qu’il soit publié ou planifié.",
    "A second person must approve this proposal before it is published or scheduled.",
)


def release(
    writer: Writer,
    edits: Sequence[Edit],
    version: Version,
    check_context: CheckContext,
    moves: Sequence[Move] = (),
    itself: Proposal | None = None,
) -> NextVersion:
    """Check and write the next version, and judge what is planned after it (`itself` is what becomes the version).

    Raises Invalid with every fault.
    """
    history = writer.history
    made = next_version(history, edits, version, moves)
    check(made.content, made.touched, check_context)
    writer.publish(made.rows, made.version, made.moves)
    planned = [each for each in history.scheduled() if itself is None or each.id != itself.id]
    if itself is not None:
        planned = [_now_ending(each, itself, history, made) if each.ends == itself.id else each for each in planned]
    steps = Timeline(history, check_context, made, edits).walk(planned)
    judge(writer, steps, Notice("", made.version.number, made.version.published_at))
    return made


def judge(writer: Writer, steps: Iterable[Step], notice: Notice) -> None:
    """Keep what is planned on its ground as it is now; what can't come to be is a draft again and told why."""
    for step in steps:
        if step.code is None:
            kept = msgspec.structs.replace(step.proposal, ground=step.ground)
            if kept != writer.history.proposals.get(kept.id):
                writer.keep(kept)
        else:
            writer.keep(unscheduled(step.proposal, msgspec.structs.replace(notice, code=step.code)))


def tell_rolled_back(writer: Writer, version: Version) -> None:
    """Tell every draft, planned or not, of a version that goes back to an earlier state."""
    for proposal in writer.proposals():
        if proposal.state not in (OPEN, SCHEDULED):
            continue
        notice = Notice(ROLLED_BACK, version.number, version.published_at)
        others = tuple(each for each in proposal.notices if each.version != version.number)
        writer.keep(msgspec.structs.replace(proposal, notices=(*others, notice)))


def release_proposal(
    writer: Writer,
    proposal: Proposal,
    by: str,
    at: datetime,
    moment: datetime,
    check_context: CheckContext,
    entry_of: EntryOf | None = None,
) -> Version:
    """Make a version of the proposal, effective from `moment`, and close it.

    Raises Invalid: `conflict` at every conflict, `empty`, `approval_required`, and what checks tell.
    """
    history = writer.history
    rebased = check_clear(proposal, history, check_context.memberships)
    # A second person agreed to exactly this content, if one must.
    if check_context.approval and not is_agreed(proposal, history.content(proposal.base)):
        raise Invalid([LACKS_APPROVAL])
    version = msgspec.structs.replace(
        version_header(history, by, proposal.name, at),
        effective_from=moment,
        proposal=proposal.id,
        approved_by=proposal.approval and proposal.approval.by,
        approved_report=proposal.approval and proposal.approval.report,
    )
    made = release(writer, rebased.edits, version, check_context, rebased.moves, proposal).version
    closed = msgspec.structs.replace(
        proposal, state=PUBLISHED, version=made.number, changed_at=at, revision=proposal.revision + 1, ground=None
    )
    writer.keep(closed, entry_of)
    return made


def check_clear(proposal: Proposal, history: History, kept: Memberships) -> Rebased:
    """The proposal on the newest version. Raises Invalid where it conflicts, or when it changes nothing."""
    rebased = rebase(proposal, history.content(proposal.base), history.content(history.number), kept)
    if rebased.conflicts:
        raise Invalid([conflict_problem(conflict) for conflict in rebased.conflicts])
    if rebased.is_empty:
        raise refuse("empty", "", "Ce brouillon ne change rien.", "This proposal changes nothing.")
    return rebased


def unscheduled(proposal: Proposal, notice: Notice) -> Proposal:
    """The scheduled proposal as a draft again: no date, no approval, and its people will be told.

    The end of a campaign that has not begun is put aside instead: alone, it says nothing.
    """
    return msgspec.structs.replace(
        proposal,
        state=OPEN if proposal.ends is None else DISCARDED,
        approval=None,
        effective_from=None,
        ground=None,
        ends=None,
        revision=proposal.revision + 1,
        notices=(*proposal.notices, notice),
    )


def _now_ending(ending: Proposal, campaign: Proposal, history: History, made: NextVersion) -> Proposal:
    """The end of a campaign that just began, as a proposal on the version that it ends, with the same approval."""
    ended = ending_of(ending, history.content(history.number), made.content, made.moves)
    agreed = campaign.approval
    if agreed is not None:
        agreed = Approval(agreed.by, agreed.at, hash_of(ended, made.content))
    return msgspec.structs.replace(ended, approval=agreed, ends=None)
