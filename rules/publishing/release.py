"""What making a version does under the store's lock: check it, write it, flag what it bears on."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from houblon.engine.core.problem import Invalid, Problem, problem, refuse
from houblon.rules.checks.checks import Premises, check, check_structure
from houblon.rules.model.content import Version
from houblon.rules.model.merge import Clash
from houblon.rules.model.proposal import OPEN, PUBLISHED, SCHEDULED, Notice, Proposal, hash_of, standing
from houblon.rules.model.statements import Edit, pointer_of
from houblon.rules.store.documents import Writer
from houblon.rules.store.history import History
from houblon.rules.store.next_version import Successor, next_version, successor


def release(
    writer: Writer, edits: Sequence[Edit], version: Version, premises: Premises, code: str, itself: str | None = None
) -> Version:
    """Check and write the next version, and flag the proposals that it bears on (but `itself`).

    `code` is why, as notices say it. Raises Invalid with every fault.
    """
    made = successor(writer.history, edits, version)
    check(made.content, made.changed_groups, premises)
    writer.publish(made.rows, made.version)
    for proposal in writer.history.proposals.values():
        if proposal.id == itself:
            continue
        if proposal.state == SCHEDULED and (harm := _harm(proposal, writer.history, made, edits, premises)):
            notice = Notice("rolled_back" if code == "rolled_back" else harm, version.number, version.published_at)
            writer.keep(unscheduled(proposal, notice))
        elif proposal.state in (OPEN, SCHEDULED) and code == "rolled_back":
            notice = Notice(code, version.number, version.published_at)
            writer.keep(msgspec.structs.replace(proposal, notices=(*proposal.notices, notice)))
    return made.version


def release_proposal(
    writer: Writer, proposal: Proposal, by: str, at: datetime, moment: datetime, premises: Premises, approval: bool
) -> Version:
    """Make a version of the proposal, effective from `moment`, and close it.

    Raises Invalid: `conflict` at every clash, `empty`, `approval_required`, and what checks tell.
    """
    history = writer.history
    edits = check_clear(proposal, history)
    if approval:
        check_approved(proposal, history)
    version = msgspec.structs.replace(
        next_version(history, by, proposal.name, at),
        effective_from=moment,
        proposal=proposal.id,
        approved_by=proposal.approval and proposal.approval.by,
        approved_report=proposal.approval and proposal.approval.report,
    )
    made = release(writer, edits, version, premises, "conflict", proposal.id)
    closed = msgspec.structs.replace(
        proposal, state=PUBLISHED, version=made.number, changed_at=at, revision=proposal.revision + 1
    )
    writer.keep(closed)
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
    """The proposal's edits on the newest version. Raises Invalid where they clash, or when there are none."""
    stands = standing(proposal, history.content(proposal.base), history.content(history.number))
    if stands.clashes:
        raise Invalid([clash_problem(clash) for clash in stands.clashes])
    if not stands.edits:
        raise refuse("empty", "", "Ce brouillon ne change rien.", "This proposal changes nothing.")
    return stands.edits


def clash_problem(clash: Clash) -> Problem:
    return problem(
        "conflict",
        pointer_of(clash.kind, clash.id, clash.path),
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
    proposal: Proposal, history: History, made: Successor, edits: Sequence[Edit], premises: Premises
) -> str | None:
    """Why a scheduled proposal can't become a version after this one: `conflict`, `invalid`, or None."""
    stands = standing(proposal, history.content(proposal.base), made.content)
    if stands.clashes:
        return "conflict"
    together = {(edit.kind, edit.id): edit for edit in (*edits, *stands.edits)}
    try:
        after = successor(history, together.values(), made.version)
        check_structure(after.content, after.changed_groups, premises)
    except Invalid:
        return "invalid"
    return None
