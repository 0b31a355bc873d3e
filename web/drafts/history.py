"""Historique: every version, what it changed in words, and the way back to any of them."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid
from houblon.orders.waiting.passing import passing
from houblon.rules.model.changes import changes, edits_to
from houblon.rules.model.content import Content, Version
from houblon.rules.publishing.drafts import begin
from houblon.rules.publishing.publish import Conflict, roll_back
from houblon.rules.store.documents import UnknownVersion
from houblon.simulation.jobs.jobs import ids_of
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import copy_entries, proposal_entry
from houblon.web.access.auth import author
from houblon.web.access.authorization import may, require
from houblon.web.drafts import drafting
from houblon.web.drafts.planned import DescribedMove, described_moves
from houblon.web.drafts.post_publication import settle
from houblon.web.drafts.reach import reach_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import asked_before, page, row_key
from houblon.web.presentation.change_text import ChangeText, describe_change

blueprint = Blueprint("history", __name__, url_prefix="/historique")
PAGE = 20
_MOVES_SHOWN = 30


@blueprint.get("")
def index() -> str:
    store = house().store
    newest = store.newest().number
    before = asked_before()
    found = [each for each in reversed(store.versions()) if before is None or each.number < before]
    versions, more = page(found, PAGE, lambda version: version.number)
    with house().services.ledger.reading() as connection:
        reports = ids_of(connection, [each.approved_report for each in versions if each.approved_report])
    return render_template(
        "history.html",
        described=[(each, _changes_of(each.number), *_moved(each.number)) for each in versions],
        writers={each.number: _writers(each) for each in versions},
        newest=newest,
        reports=reports,
        more=more,
        planned=store.history().scheduled(),
    )


@blueprint.get("/<int:number>/retablir")
def ask_back(number: int) -> str:
    """What going back to version `number` would change, and for whom, before anything is done."""
    store = house().store
    newest, wanted = drafting.newest(), _content(number)
    with house().services.ledger.reading() as connection:
        held = passing(connection, house().services, wanted, house().now())
    return render_template(
        "history_return.html",
        version=wanted.version,
        newest=newest.version.number,
        described=[describe_change(change, wanted, newest) for change in changes(newest, wanted)],
        reach=reach_of(newest, wanted),
        held=held,
        moving=[each for each in sorted(store.history().moves) if number < each],
        approval=house().profile.approval,
        may_hurry=may("hurry") and house().profile.approval and wanted.version.approved_by is not None,
    )


@blueprint.post("/<int:number>/retablir")
def bring_back(number: int) -> Any:
    """A draft of what version `number` held; in a marked emergency, the next version at once, by who may."""
    if request.form.get("urgence") and house().profile.approval:
        require("hurry")
        return _hurry(number)
    return _propose(number)


def _hurry(number: int) -> Any:
    try:
        made = roll_back(
            house().store,
            number,
            by=author(),
            at=house().now(),
            base=request.form.get("base", type=row_key),
            check_context=house().check_context,
            emergency=True,
        )
    except UnknownVersion:
        abort(404)
    except Conflict as conflict:
        message = _(
            "La version %(number)s vient d’être publiée : relisez avant de revenir en arrière.",
            number=conflict.newest,
        )
        flash(message, "refused")
        return redirect(url_for("history.ask_back", number=number))
    except Invalid as invalid:
        flash(" ".join(each.message.in_(current()) for each in invalid.problems), "refused")
        return redirect(url_for("history.index"))
    settle(house())
    flash(
        _("La version %(made)s reprend ce que disait la version %(number)s.", made=made.number, number=number),
        "accepted",
    )
    return redirect(url_for("history.index"))


def _propose(number: int) -> Any:
    """A proposal of what version `number` held: read, tried, approved and published as any other."""
    edits = edits_to(drafting.newest(), _content(number))
    if not edits:
        flash(_("La version %(number)s dit déjà la même chose.", number=number))
        return redirect(url_for("history.index"))
    by = acting(house(), author())
    entry_of = proposal_entry(by, "proposal.begun", lambda made: {"name": made.name})
    name = _("Retour à la version %(number)s", number=number)
    made = begin(house().store, name, by=by.who, at=by.at, edits=edits, entry_of=entry_of)
    copy_entries(house())
    flash(_("Le retour est un brouillon : relisez ce qu’il change, puis publiez-le."), "accepted")
    return redirect(url_for("proposals.show", id=made.id))


def _content(number: int) -> Content:
    try:
        return house().store.content(number)
    except UnknownVersion:
        abort(404)


def _writers(version: Version) -> tuple[str, ...]:
    """Who wrote what a version published, where that was a draft."""
    proposal = house().store.history().proposals.get(version.proposal or "")
    return proposal.editors if proposal is not None else ()


def _changes_of(number: int) -> list[ChangeText]:
    """What a version changed, in words."""
    store = house().store
    previous = store.history().before(number)
    if previous is None:
        return []
    before, after = store.content(previous), store.content(number)
    lines = [describe_change(change, after, before) for change in changes(before, after)]
    # A new group below may move all ranks up; whose place stays the same did not change.
    return [each for each in lines if each.place[2] != "rank" or not _same_place(each.place[1], before, after)]


def _same_place(id: str, before: Content, after: Content) -> bool:
    """Whether the same groups stand above a group, of those that are in both."""
    old, new = (
        [each.id for each in content.ranked() if each.id in before.groups and each.id in after.groups]
        for content in (before, after)
    )
    return old[: old.index(id)] == new[: new.index(id)]


def _moved(number: int) -> tuple[list[DescribedMove], int]:
    """Whom a version moved, by name: the first few, and how many in all."""
    moves, count = described_moves(house().store.history().moves.get(number, ()))
    return moves[:_MOVES_SHOWN], count
