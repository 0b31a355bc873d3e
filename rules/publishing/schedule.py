"""What shall change on a date: a proposal until that moment makes it a version, and a campaign with its end."""

from datetime import datetime

import msgspec

from houblon.engine.core.problem import Faults, Invalid, problem
from houblon.rules.checks.checks import CheckContext, check
from houblon.rules.model.names import MAX_LENGTH, id_of
from houblon.rules.model.proposal import DISCARDED, OPEN, SCHEDULED, Notice, Proposal
from houblon.rules.publishing.proposals import current
from houblon.rules.publishing.release import LACKS_APPROVAL, check_clear, judge, release_proposal, unscheduled
from houblon.rules.publishing.timeline import Step, Timeline, touched_by
from houblon.rules.store.documents import EntryOf, Store, Writer
from houblon.rules.store.history import History

NOTHING = CheckContext()


def schedule(
    store: Store,
    id: str,
    *,
    effective_from: datetime,
    by: str,
    at: datetime,
    seen: int | None = None,
    until: datetime | None = None,
    check_context: CheckContext = NOTHING,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Let the proposal become a version at a future moment (aware), or at another one than it was to.

    With `until`, what it changes is put back then by a proposal of its own. It is judged on top of what will be in
    force at its moment, and so is what is planned behind it. Raises Invalid (`date` when a moment is past or out of
    order, `conflict`, `approval_required`, `empty`, `state`, and what checks tell), Stale, UnknownProposal.
    """
    check_context = promote_due(store, at, check_context)
    with store.writing() as writer:
        history = writer.history
        check_context = up_to_date(history, check_context)
        proposal = current(history, id, seen, OPEN, SCHEDULED)
        end = _end_of(history, proposal)
        _check_moments(history, proposal, effective_from, until or (end.effective_from if end else None), at)
        if proposal.state == OPEN:
            check_clear(proposal, history, check_context.memberships)
        scheduled = _dated(proposal, effective_from, by, at)
        others = [each for each in history.scheduled() if each.id not in (proposal.id, end and end.id)]
        if until is not None:
            end = _ending(history, scheduled, end, until, by, at)
        elif end is not None:
            end = _dated(end, end.effective_from or at, by, at)
        new = [scheduled, *([end] if end is not None else [])]
        steps = Timeline(history, check_context).walk([*others, *new])
        for step in steps:
            if step.proposal.id in {each.id for each in new}:
                _check_step(step, check_context)
        judge(writer, steps, Notice("", history.number, at))
        kept = writer.proposal(id)
        writer.keep(kept, entry_of)
        return kept


def withdraw(
    store: Store,
    id: str,
    *,
    at: datetime,
    seen: int | None = None,
    check_context: CheckContext = NOTHING,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Take the date back: the proposal is a draft again and keeps its approval.

    The end of a campaign goes with it; alone, while the campaign has not begun, it is put aside. What is planned
    behind is judged anew. Raises as `schedule`.
    """
    with store.writing() as writer:
        history = writer.history
        check_context = up_to_date(history, check_context)
        proposal = current(history, id, seen, SCHEDULED)
        gone = [proposal, *filter(None, [_end_of(history, proposal)])]
        for each in gone:
            state = DISCARDED if each.ends is not None else OPEN
            writer.keep(_dated(each, None, None, at, state), entry_of if each is proposal else None)
        left = [each for each in history.scheduled() if each.id not in {one.id for one in gone}]
        judge(writer, Timeline(history, check_context).walk(left), Notice("", history.number, at))
        return writer.proposal(id)


def promote_due(store: Store, at: datetime, check_context: CheckContext) -> CheckContext:
    """Make versions of what is scheduled for `at` or earlier, in the order of their dates.

    Returns the check context, which says now which versions' memberships it has. What publishing asks is asked then,
    too. One that can't be published any more becomes a draft again, with a notice, and what is planned behind it is
    judged without it.
    """
    check_context = up_to_date(store.history(), check_context)
    while (due := store.history().next_due) is not None and due <= at:
        with store.writing() as writer:
            check_context = up_to_date(writer.history, check_context)
            waiting = writer.history.scheduled(at)
            if not waiting:
                break
            proposal = waiting[0]
            by, moment = proposal.scheduled_by or proposal.author, proposal.effective_from or at
            try:
                release_proposal(writer, proposal, by, at, moment, check_context)
            except Invalid as invalid:
                _hold_back(writer, proposal, invalid, at, check_context)
    return check_context


def up_to_date(history: History, check_context: CheckContext) -> CheckContext:
    """What checks take as given, with the memberships of versions that came since it was read."""
    through = history.number if check_context.through is None else check_context.through
    kept = {**check_context.memberships, **history.brought(through, history.number)}
    return msgspec.structs.replace(check_context, memberships=kept, through=history.number)


def _hold_back(writer: Writer, proposal: Proposal, invalid: Invalid, at: datetime, check_context: CheckContext) -> None:
    """The due proposal as a draft, told why; what is planned behind it is judged without it."""
    history = writer.history
    notice = Notice(_why(invalid), history.number, at)
    writer.keep(unscheduled(proposal, notice))
    left = [each for each in history.scheduled() if each.id != proposal.id]
    lost = [each for each in left if each.ends == proposal.id]
    for each in lost:
        writer.keep(unscheduled(each, msgspec.structs.replace(notice, code="ended")))
    steps = Timeline(history, check_context).walk([each for each in left if each not in lost])
    judge(writer, steps, notice)


def _why(invalid: Invalid) -> str:
    codes = {problem.code for problem in invalid.problems}
    return next(
        (code for code in ("conflict", "approval_required") if code in codes),
        "nothing" if codes == {"empty"} else "invalid",
    )


def _dated(
    proposal: Proposal, moment: datetime | None, by: str | None, at: datetime, state: str = SCHEDULED
) -> Proposal:
    return msgspec.structs.replace(
        proposal,
        state=state,
        effective_from=moment,
        scheduled_by=by,
        changed_at=at,
        revision=proposal.revision + 1,
        ground=None,
    )


def _end_of(history: History, campaign: Proposal) -> Proposal | None:
    return next((each for each in history.scheduled() if each.ends == campaign.id), None)


def _ending(
    history: History, campaign: Proposal, before: Proposal | None, until: datetime, by: str, at: datetime
) -> Proposal:
    """The proposal that ends a campaign: the one that does already, at its new moment, else a new one."""
    if before is not None:
        return _dated(before, until, by, at)
    name = f"Fin de {campaign.name}"[:MAX_LENGTH].strip()
    return Proposal(
        id_of(name, history.proposals),
        name,
        "",
        campaign.author,
        history.number,
        (),
        1,
        at,
        at,
        campaign.editors,
        state=SCHEDULED,
        effective_from=until,
        scheduled_by=by,
        ends=campaign.id,
    )


def _check_moments(
    history: History, proposal: Proposal, moment: datetime, until: datetime | None, at: datetime
) -> None:
    faults = Faults()
    campaign = history.proposals.get(proposal.ends or "")
    begins = campaign.effective_from if campaign is not None else None
    if moment <= at or (begins is not None and moment <= begins):
        faults.add("date", "/effective_from", "Choisissez un moment à venir.", "Choose a moment that is still to come.")
    if until is not None and until <= moment:
        faults.add("date", "/until", "La fin vient après le début.", "The end comes after the beginning.")
    faults.raise_if_any()


def _check_step(step: Step, check_context: CheckContext) -> None:
    """Everything that publishing checks, at the moment that is planned. Raises Invalid."""
    if step.code is not None:
        raise Invalid(step.problems or [_WHY_NOT[step.code]])
    if step.lacks_approval:
        raise Invalid([LACKS_APPROVAL])
    given = msgspec.structs.replace(check_context, memberships=step.kept)
    if step.made is not None:
        check(step.made.content, touched_by(step.rebased), given)


# Why a step can't come to be, where it has no problems of its own to tell.
_WHY_NOT = {
    "nothing": problem(
        "empty",
        "",
        "À ce moment-là, ce brouillon ne changera rien : ce qui est planifié avant le dit déjà.",
        "At that moment, this proposal will change nothing: what is planned before says the same.",
    ),
    "ended": problem(
        "ended",
        "",
        "Ce que ce brouillon remettrait comme avant ne peut plus avoir lieu.",
        "What this proposal would put back can't come to be any more.",
    ),
}
