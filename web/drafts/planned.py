"""What is planned, as pages tell it: what each date will change then, beside what a draft changes; who moves where."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from flask import Blueprint
from sqlalchemy import select

from houblon.engine.core.problem import Text
from houblon.orders.db.tables import retailers
from houblon.rules.model.moves import Move
from houblon.rules.model.proposal import (
    DISCARDED,
    OPEN,
    PUBLISHED,
    SCHEDULED,
    Proposal,
    Rebased,
    awaits_approval,
    changes_in,
    rebase,
)
from houblon.rules.publishing.proposals import ASKED
from houblon.rules.publishing.release import ROLLED_BACK
from houblon.rules.publishing.timeline import Step, Timeline, lacking_approval
from houblon.rules.store.history import History
from houblon.web.foundation.current_app import house
from houblon.web.presentation.change_text import ChangeText, describe_change
from houblon.web.presentation.fault_places import fault_place

blueprint = Blueprint("planned", __name__)
blueprint.app_template_global("fault_place")(fault_place)
_SHOWN = 200


class Planned(msgspec.Struct, frozen=True):
    """One planned value of a statement: from when on, what, and by which draft."""

    at: datetime
    value: Text
    proposal: Proposal


class DescribedMove(msgspec.Struct, frozen=True):
    """A retailer by name, and the names of its groups before and after."""

    buyer: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def steps() -> list[Step]:
    """What is planned, each on top of what will be in force then."""
    history = house().store.history()
    planned = history.scheduled()
    return Timeline(history, house().check_context).walk(planned) if planned else []


def step_of(proposal: Proposal) -> Step | None:
    """The planned proposal at its moment; None for one that is not planned."""
    if proposal.state != SCHEDULED:
        return None
    return next((each for each in steps() if each.proposal.id == proposal.id), None)


def described_step(step: Step) -> list[ChangeText]:
    """What the step changes of what is in force just before it."""
    return [describe_change(change, step.after, step.before) for change in changes_in(step.rebased.edits, step.before)]


@blueprint.app_template_global("planned_statements")
def beside(but: str = "") -> dict[tuple[str, str, str], list[Planned]]:
    """Planned values by kind, document and path, the soonest first; those of the proposal `but` are left out."""
    found: dict[tuple[str, str, str], list[Planned]] = {}
    history = house().store.history()
    # Nothing is checked here: a page that shows a setting only says what is planned for it.
    for step in Timeline(history).walk(history.scheduled()):
        if step.code is not None or step.proposal.id == but or step.proposal.effective_from is None:
            continue
        for change in described_step(step):
            each = Planned(step.proposal.effective_from, change.after, step.proposal)
            found.setdefault(change.place, []).append(each)
    return found


def rebased_now(proposal: Proposal) -> Rebased:
    """The proposal on what is in force, and on who is in which groups now."""
    history = house().store.history()
    kept = house().check_context.memberships if proposal.memberships else None
    return rebase(proposal, history.content(proposal.base), history.content(history.number), kept)


def moves_of(history: History, proposal: Proposal, rebased: Rebased) -> tuple[Move, ...]:
    """Whom the proposal moves: as it stands now or at its moment, or when it was published."""
    if proposal.state == PUBLISHED and proposal.version is not None:
        return history.moves.get(proposal.version, ())
    return rebased.moves


def described_moves(moves: Iterable[Move]) -> tuple[list[DescribedMove], int]:
    """The first moves by name, and how many there are in all."""
    listed = sorted(moves, key=lambda move: move.buyer)
    if not listed:
        return [], 0
    shown = listed[:_SHOWN]
    names, groups = retailer_names(each.buyer for each in shown), group_names(house().store.history())
    described = [
        DescribedMove(
            each.buyer,
            names[each.buyer],
            tuple(groups.get(id, id) for id in each.before),
            tuple(groups.get(id, id) for id in each.after),
        )
        for each in shown
    ]
    return described, len(listed)


def retailer_names(ids: Iterable[str]) -> dict[str, str]:
    """What retailers are called; by their id where nobody named them."""
    asked = list(ids)
    with house().services.ledger.reading() as connection:
        query = select(retailers.c.id, retailers.c.name).where(retailers.c.id.in_(asked))
        known = {row.id: row.name for row in connection.execute(query)}
    return {id: known.get(id) or id for id in asked}


def group_names(history: History) -> Mapping[str, str]:
    """What groups are called: in drafts, then in force; archived ones as they last were."""
    drafted = {
        edit.id: edit.document["name"]
        for proposal in history.proposals.values()
        for edit in proposal.edits
        if edit.kind == "group" and edit.document is not None
    }
    last = {
        id: row["document"]["name"]
        for (kind, id), rows in history.rows.items()
        if kind == "group"
        for row in rows
        if row["document"] is not None
    }
    return {**drafted, **last}


def fallen(history: History) -> list[Proposal]:
    """What was planned and did not come to be, as long as nobody did anything about it; the latest first."""
    found = [each for each in history.proposals.values() if each.state in (OPEN, DISCARDED) and _has_fallen(each)]
    return sorted(found, key=lambda each: each.notices[-1].at, reverse=True)


def to_approve(history: History, person: str, *, is_required: bool) -> list[Proposal]:
    """What a person is asked to approve: nothing that they wrote in; the longest asked first.

    Where an approval `is_required`, what is planned without one asks by itself.
    """
    asked = {each.id for each in history.proposals.values() if awaits_approval(each, history.content(each.base))}
    if is_required:
        asked |= {each.id for each in lacking_approval(history) if each.ends is None}
    found = [each for id, each in history.proposals.items() if id in asked and person not in each.editors]
    return sorted(found, key=lambda each: (each.asked.at if each.asked else each.changed_at, each.id))


def _has_fallen(proposal: Proposal) -> bool:
    last = proposal.notices[-1] if proposal.notices else None
    if last is None or last.code in (ROLLED_BACK, ASKED) or last.at < proposal.changed_at:
        return False
    # An end that has nothing to end any more needs nobody; one that can't come is a campaign without an end.
    return proposal.state == OPEN or last.code not in ("ended", "nothing")


def dropped(before: History, after: History, but: str) -> list[Proposal]:
    """What was planned before an act and is not any more, beside the proposal that it was about."""
    return [
        after.proposals[each.id]
        for each in before.scheduled()
        if each.id != but and after.proposals[each.id].state not in (SCHEDULED, PUBLISHED)
    ]
