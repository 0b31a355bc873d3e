"""Brouillons: what is not in force yet, what it would change, and the way to put it in force."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.problem import Faults, Invalid, Text, refuse
from houblon.orders.queries import lists
from houblon.orders.waiting.passing import Passing, passing
from houblon.rules.checks.impact import impact
from houblon.rules.model.content import Content
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.moves import MEMBERSHIP
from houblon.rules.model.proposal import (
    DISCARDED,
    OPEN,
    PUBLISHED,
    Proposal,
    UnknownProposal,
    changes_in,
    hash_of,
)
from houblon.rules.model.statements import ABSENT, Statement, statements_of
from houblon.rules.publishing import proposals
from houblon.rules.publishing.drafts import begin, resolve, revise
from houblon.rules.publishing.proposals import Stale
from houblon.rules.publishing.publish import publish_proposal
from houblon.rules.publishing.schedule import schedule, withdraw
from houblon.rules.store.documents import EntryOf
from houblon.rules.store.history import History
from houblon.simulation.jobs.jobs import report_of
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import copy_entries, proposal_entry
from houblon.web.access.auth import author
from houblon.web.drafts import drafting, planned
from houblon.web.drafts.moments import read_local
from houblon.web.drafts.naming import content_name
from houblon.web.drafts.post_publication import settle as settle_aftermath
from houblon.web.drafts.proofs import by_guardrail, proofs_of
from houblon.web.drafts.reach import reach_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.paging import row_key
from houblon.web.presentation.change_text import ChangeText, describe_change, describe_conflict, what_of
from houblon.web.simulations.view import headline

blueprint = Blueprint("proposals", __name__, url_prefix="/brouillons")
_CLOSED_SHOWN = 20


@blueprint.get("")
def index() -> str:
    return listed()


@blueprint.post("")
def create() -> Any:
    name, description = request.form.get("nom", ""), request.form.get("description", "")
    by = acting(house(), author())
    entry_of = proposal_entry(by, "proposal.begun", lambda made: {"name": made.name})
    try:
        made = begin(house().store, name, by=by.who, at=by.at, description=description, entry_of=entry_of)
    except Invalid as invalid:
        return listed(problems=invalid.problems, typed=request.form), 422
    copy_entries(house())
    drafting.enter(made.id)
    flash(_("Le brouillon est ouvert : ce que vous enregistrez sur les pages des groupes y va."), "accepted")
    return redirect(url_for("proposals.show", id=made.id))


@blueprint.get("/<id>")
def show(id: str) -> str:
    return _page(_proposal(id))


@blueprint.post("/<id>/entrer")
def enter(id: str) -> Any:
    """Work in this proposal from now on."""
    _proposal(id)
    drafting.enter(id)
    return redirect(url_for("groups.index"))


@blueprint.post("/quitter")
def leave() -> Any:
    """Look at what is in force again; the proposal stays as it is."""
    drafting.leave()
    return redirect(url_for("groups.index"))


def _act(name: str) -> Callable[[Callable[[Proposal, int, EntryOf], Any]], Callable[[str], Any]]:
    """A change of one proposal from its page, with its audit entry.

    A stale one or a fault shows the page with what was typed.
    """

    def decorate(work: Callable[[Proposal, int, EntryOf], Any]) -> Callable[[str], Any]:
        @wraps(work)
        def view(id: str) -> Any:
            proposal, seen = _proposal(id), request.form.get("revision", 0, type=row_key)
            try:
                done = work(proposal, seen, proposal_entry(acting(house(), author()), f"proposal.{name}", _noted))
            except Stale as stale:
                return _page(stale.proposal, stale=stale.proposal, typed=request.form), 409
            except Invalid as invalid:
                return _page(_proposal(id), problems=invalid.problems, failed=name, typed=request.form), 422
            copy_entries(house())
            return done or redirect(url_for("proposals.show", id=id))

        return view

    return decorate


@blueprint.post("/<id>/nom")
@_act("renamed")
def rename(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    name, description = request.form.get("nom", ""), request.form.get("description", "")
    proposals.rename(house().store, proposal.id, name, description, at=house().now(), seen=seen, entry_of=entry_of)


@blueprint.post("/<id>/retirer")
@_act("revised")
def take_back(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    """Let one statement be as it is in force, or one retailer where they are."""
    kind, document, path = (request.form.get(name, "") for name in ("genre", "document", "chemin"))
    now = None if kind == MEMBERSHIP else drafting.newest().document(kind, document)
    value: Any = ABSENT if now is None else now if path == "" else statements_of(kind, now).get(path, ABSENT)
    said = [Statement(kind, document, path, value)]
    at = house().now()
    revise(house().store, proposal.id, said, by=author(), at=at, seen=seen, name_of=content_name, entry_of=entry_of)


@blueprint.post("/<id>/regler")
@_act("settled")
def resolve_conflicts(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    conflicts = planned.rebased_now(proposal).conflicts
    choices = {
        (conflict.kind, conflict.id, conflict.path): request.form.get(f"choix-{place}", "")
        for place, conflict in enumerate(conflicts)
    }
    kept = house().check_context.memberships
    resolve(house().store, proposal.id, choices, by=author(), at=house().now(), seen=seen, kept=kept, entry_of=entry_of)
    flash(_("Les conflits sont réglés."), "accepted")


@blueprint.post("/<id>/demander")
@_act("approval_asked")
def ask_approval(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    proposals.ask_approval(house().store, proposal.id, by=author(), at=house().now(), seen=seen, entry_of=entry_of)
    settle_aftermath(house())
    flash(_("L’approbation est demandée : qui peut la donner reçoit un courriel et le voit à l’aperçu."), "accepted")


@blueprint.post("/<id>/approuver")
@_act("approved")
def approve(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    report = _report_seen(proposal)
    proposals.approve(
        house().store, proposal.id, by=author(), at=house().now(), seen=seen, report=report, entry_of=entry_of
    )
    flash(_("Approuvé, tel que ce brouillon est maintenant."), "accepted")


@blueprint.post("/<id>/commenter")
@_act("commented")
def comment(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    said = request.form.get("commentaire", "")
    proposals.comment(house().store, proposal.id, said, by=author(), at=house().now(), entry_of=entry_of)


@blueprint.post("/<id>/publier")
@_act("published")
def publish(proposal: Proposal, seen: int, entry_of: EntryOf) -> Any:
    version = publish_proposal(
        house().store,
        proposal.id,
        by=author(),
        at=house().now(),
        seen=seen,
        check_context=house().check_context,
        entry_of=entry_of,
    )
    settle_aftermath(house())
    flash(_("La version %(number)s est en vigueur.", number=version.number), "accepted")
    return redirect(url_for("history.index") + f"#v{version.number}")


@blueprint.post("/<id>/planifier")
@_act("scheduled")
def put_on_a_date(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    faults, found = Faults(), dict[str, datetime | None]()
    for name, field in (("effective_from", "moment"), ("until", "fin")):
        with faults.gather():
            found[name] = _moment(field, f"/{name}") if field == "moment" or request.form.get(field) else None
    faults.raise_if_any()
    before = house().store.history()
    schedule(
        house().store,
        proposal.id,
        effective_from=found["effective_from"] or house().now(),
        until=found["until"],
        by=author(),
        at=house().now(),
        seen=seen,
        check_context=house().check_context,
        entry_of=entry_of,
    )
    if found["until"] is None:
        flash(_("C’est planifié : à ce moment, ce brouillon devient une version."), "accepted")
    else:
        flash(_("C’est planifié : ce brouillon devient une version, puis tout redevient comme avant."), "accepted")
    _say_dropped(before, proposal.id)


@blueprint.post("/<id>/deplanifier")
@_act("withdrawn")
def take_off_its_date(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    before, context = house().store.history(), house().check_context
    withdraw(house().store, proposal.id, at=house().now(), seen=seen, check_context=context, entry_of=entry_of)
    flash(_("La date est retirée : c’est de nouveau un brouillon."), "accepted")
    _say_dropped(before, proposal.id)


def _say_dropped(before: History, id: str) -> None:
    """Tell what else is not planned any more, now that what comes before it is another."""
    settle_aftermath(house())
    for each in planned.dropped(before, house().store.history(), id):
        flash(_("« %(name)s », planifié derrière, ne l’est plus : sa page dit pourquoi.", name=each.name), "refused")


@blueprint.post("/<id>/ecarter")
@_act("discarded")
def discard(proposal: Proposal, seen: int, entry_of: EntryOf) -> Any:
    proposals.discard(house().store, proposal.id, at=house().now(), seen=seen, entry_of=entry_of)
    flash(_("Le brouillon « %(name)s » est écarté ; on peut le reprendre ci-dessous.", name=proposal.name), "accepted")
    return redirect(url_for("proposals.index"))


@blueprint.post("/<id>/reprendre")
@_act("taken_up")
def take_up(proposal: Proposal, seen: int, entry_of: EntryOf) -> None:
    proposals.take_up(house().store, proposal.id, at=house().now(), seen=seen, entry_of=entry_of)


def listed(**faults: Any) -> str:
    """The page of all proposals; `faults` are what a form of it could not take."""
    history = house().store.history()
    found = sorted(history.proposals.values(), key=lambda each: each.changed_at, reverse=True)
    rows = [(each, *_weighed(each)) for each in found if each.state == OPEN]
    return render_template(
        "proposals.html",
        rows=rows,
        planned=[(step.proposal, planned.described_step(step), len(step.rebased.moves)) for step in planned.steps()],
        closed=[each for each in found if each.state in (PUBLISHED, DISCARDED)][:_CLOSED_SHOWN],
        working=drafting.working_in(),
        groups=drafting.newest().ranked(),
        **{"problems": (), "import_problems": (), "typed": {}, **faults},
    )


def _page(proposal: Proposal, **faults: Any) -> str:
    history = house().store.history()
    base, newest = history.content(proposal.base), drafting.newest()
    comparison = drafting.compared(proposal)
    outlook, rebased, before, changes = comparison.outlook, comparison.rebased, comparison.before, comparison.changes
    is_alive, content = outlook is not None, outlook.content if outlook else newest
    moves, moved = planned.described_moves(planned.moves_of(history, proposal, rebased))
    with house().services.ledger.reading() as connection:
        members = lists.count_members(connection)
        simulated = report_of(connection, proposal.id)
        held = _passing(connection, proposal, content) if is_alive and (changes or moves) else None
    return render_template(
        "proposal.html",
        proposal=proposal,
        newest=newest,
        content=content,
        is_alive=is_alive,
        outlook=outlook,
        described=[describe_change(change, content, before, base) for change in changes],
        moves=moves,
        moved=moved,
        conflicts=_described_conflicts(rebased.conflicts, content, newest, base) if proposal.state == OPEN else [],
        beside=planned.beside(proposal.id) if is_alive else {},
        ending=next((each for each in history.scheduled() if each.ends == proposal.id), None),
        reached=[(what_of(change), found) for change, found in _reached(changes, content)],
        members=members,
        held=held,
        reach=reach_of(before, content) if is_alive and (changes or moves) else None,
        since=[version for version in history.versions if version.number > proposal.base] if is_alive else [],
        approval=house().profile.approval,
        is_approved=proposal.approval is not None and proposal.approval.hash == hash_of(proposal, base),
        is_asked=proposal.asked is not None and proposal.asked.hash == hash_of(proposal, base),
        is_author=author() in proposal.editors,
        working=drafting.working_in(),
        scenarios=len(content.scenarios),
        guarded=by_guardrail(proofs_of(house(), content)) if is_alive else [],
        simulated=simulated,
        found=simulated and headline(simulated.summary),
        is_found_now=simulated is not None and simulated.summary["changes"] == hash_of(proposal, base),
        **{"problems": (), "failed": None, "stale": None, "typed": {}, **faults},
    )


def _passing(connection: Connection, proposal: Proposal, content: Content) -> Passing:
    """The held orders that publishing the proposal, now or at its moment, would let pass."""
    return passing(connection, house().services, content, proposal.effective_from or house().now())


def _report_seen(proposal: Proposal) -> str | None:
    """The hash of the report that stood beside the button, if one did. Raises Invalid when it is another now."""
    seen = request.form.get("rapport")
    if not seen:
        return None
    with house().services.ledger.reading() as connection:
        found = report_of(connection, proposal.id)
    changes = hash_of(proposal, house().store.history().content(proposal.base))
    if found is None or (found.report_hash, found.summary["changes"]) != (seen, changes):
        raise refuse(
            "report",
            "/report",
            "Un autre rapport est venu depuis : relisez-le, puis approuvez.",
            "Another report came since: read it again, then approve.",
        )
    return seen


def _reached(changes: Any, content: Any) -> list[Any]:
    by_path = {found.path: found for found in impact(changes, content)}
    return [(change, by_path[change.path]) for change in changes if change.id == "tous" and change.path in by_path]


def _weighed(proposal: Proposal) -> tuple[int, int]:
    """How much an open proposal changes, retailers that it moves among it, and how much of it is in conflict."""
    rebased = planned.rebased_now(proposal)
    return len(changes_in(rebased.edits, drafting.newest())) + len(rebased.moves), len(rebased.conflicts)


def _described_conflicts(
    conflicts: Sequence[MergeConflict], *contents: Content
) -> list[tuple[ChangeText, Text, MergeConflict]]:
    groups = planned.group_names(house().store.history())
    retailers = planned.retailer_names(each.id for each in conflicts if each.kind == MEMBERSHIP)
    return [(*describe_conflict(each, groups, retailers, *contents), each) for each in conflicts]


def _noted(proposal: Proposal) -> dict[str, Any]:
    """The proposal's state, for the audit log."""
    return {
        "name": proposal.name,
        "description": proposal.description,
        "state": proposal.state,
        "revision": proposal.revision,
        "approved_by": proposal.approval and proposal.approval.by,
        "report": proposal.approval and proposal.approval.report,
        "effective_from": proposal.effective_from and proposal.effective_from.isoformat(),
        "comments": len(proposal.comments),
        "memberships": {buyer: list(groups) for buyer, groups in proposal.memberships.items()},
        "documents": {f"/{edit.kind}s/{edit.id}": edit.document for edit in proposal.edits},
    }


def _proposal(id: str) -> Proposal:
    try:
        return house().store.history().proposal(id)
    except UnknownProposal:
        abort(404)


def _moment(name: str, pointer: str) -> datetime:
    """A local date and time of the installation, as the browser's input writes it. Raises Invalid."""
    zone = house().services.installation.zone
    return read_local(request.form.get(name, ""), zone, request.form.get(f"{name}-lequel", ""), pointer)
