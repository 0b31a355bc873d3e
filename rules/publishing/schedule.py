"""What shall change on a date: an approved proposal until that moment makes it a version."""

from datetime import datetime

import msgspec

from houblon.engine.core.problem import Invalid, refuse
from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.content import Content
from houblon.rules.model.proposal import OPEN, SCHEDULED, Notice, Proposal, rebase
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.proposals import current
from houblon.rules.publishing.release import check_approved, check_clear, release_proposal, unscheduled
from houblon.rules.store.documents import EntryOf, Store
from houblon.rules.store.history import History
from houblon.rules.store.next_version import next_version, version_header


def schedule(
    store: Store,
    id: str,
    *,
    effective_from: datetime,
    by: str,
    at: datetime,
    seen: int | None = None,
    approval: bool = False,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Let the proposal become a version at a future moment (aware).

    Raises Invalid (`date` when the moment is past, `conflict`, `approval_required`, `empty`, `state`),
    Stale, UnknownProposal.
    """
    with store.writing() as writer:
        proposal = current(writer.history, id, seen, OPEN)
        if effective_from <= at:
            raise refuse(
                "date", "/effective_from", "Choisissez un moment à venir.", "Choose a moment that is still to come."
            )
        check_clear(proposal, writer.history)
        if approval:
            check_approved(proposal, writer.history)
        scheduled = msgspec.structs.replace(
            proposal,
            state=SCHEDULED,
            effective_from=effective_from,
            scheduled_by=by,
            changed_at=at,
            revision=proposal.revision + 1,
        )
        writer.keep(scheduled, entry_of)
    return scheduled


def withdraw(
    store: Store, id: str, *, at: datetime, seen: int | None = None, entry_of: EntryOf | None = None
) -> Proposal:
    """Take the date back: the proposal is a draft again and keeps its approval. Raises as `schedule`."""
    with store.writing() as writer:
        proposal = current(writer.history, id, seen, SCHEDULED)
        withdrawn = msgspec.structs.replace(
            proposal,
            state=OPEN,
            effective_from=None,
            scheduled_by=None,
            changed_at=at,
            revision=proposal.revision + 1,
        )
        writer.keep(withdrawn, entry_of)
    return withdrawn


def promote_due(store: Store, at: datetime, check_context: CheckContext) -> None:
    """Make versions of what is scheduled for `at` or earlier, in the order of their dates.

    One that can't be published any more becomes a draft again, with a notice.
    """
    while (due := store.history().next_due) is not None and due <= at:
        with store.writing() as writer:
            waiting = writer.history.scheduled(at)
            if not waiting:
                return
            proposal = waiting[0]
            by, moment = proposal.scheduled_by or proposal.author, proposal.effective_from or at
            try:
                release_proposal(writer, proposal, by, at, moment, check_context, approval=False)
            except Invalid:
                writer.keep(unscheduled(proposal, Notice("invalid", writer.history.number, at)))


def scheduled_content(history: History, at: datetime) -> Content:
    """What will be in force at a future moment, as far as it is scheduled; nothing is written."""
    content = history.content(history.number)
    edits: dict[tuple[str, str], Edit] = {}
    for proposal in history.scheduled(at):
        rebased = rebase(proposal, history.content(proposal.base), content)
        if rebased.conflicts or not rebased.edits:
            continue
        edits.update({(edit.kind, edit.id): edit for edit in rebased.edits})
        version = version_header(history, proposal.author, proposal.name, proposal.effective_from or at)
        number = max(content.version.number + 1, history.next_number)
        content = next_version(history, edits.values(), msgspec.structs.replace(version, number=number)).content
    return content
