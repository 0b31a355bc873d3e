"""Historique: every version, what it changed in words, and the way back to any of them."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid
from houblon.rules.model.changes import changes, edits_to
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
        newest=newest,
        reports=reports,
        more=more,
        approval=house().profile.approval,
        may_hurry=may("hurry"),
        planned=store.history().scheduled(),
    )


@blueprint.post("/<int:number>/retablir")
def bring_back(number: int) -> Any:
    """Publish what version `number` held as the next version; a proposal, where somebody must approve."""
    store, by, now = house().store, author(), house().now()
    emergency = bool(request.form.get("urgence"))
    if emergency:
        require("hurry")
    elif not house().profile.approval:
        require("publish")
    try:
        if house().profile.approval and not emergency:
            return _propose(number)
        made = roll_back(
            store,
            number,
            by=by,
            at=now,
            base=request.form.get("base", type=row_key),
            check_context=house().check_context,
            emergency=emergency and house().profile.approval,
        )
    except UnknownVersion:
        abort(404)
    except Conflict as conflict:
        message = _(
            "La version %(number)s vient d’être publiée : relisez avant de revenir en arrière.",
            number=conflict.newest,
        )
        flash(message, "refused")
        return redirect(url_for("history.index"))
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
    """A proposal of what version `number` held, for a second person to approve."""
    store = house().store
    edits = edits_to(drafting.newest(), store.content(number))
    by = acting(house(), author())
    entry_of = proposal_entry(by, "proposal.begun", lambda made: {"name": made.name})
    name = f"Retour à la version {number}"
    made = begin(store, name, by=by.who, at=by.at, edits=edits, entry_of=entry_of)
    copy_entries(house())
    flash(_("Une deuxième personne doit approuver : le retour est un brouillon."), "accepted")
    return redirect(url_for("proposals.show", id=made.id))


def _changes_of(number: int) -> list[ChangeText]:
    """What a version changed, in words."""
    store = house().store
    previous = store.history().before(number)
    if previous is None:
        return []
    before, after = store.content(previous), store.content(number)
    return [describe_change(change, after, before) for change in changes(before, after)]


def _moved(number: int) -> tuple[list[DescribedMove], int]:
    """Whom a version moved, by name: the first few, and how many in all."""
    moves, count = described_moves(house().store.history().moves.get(number, ()))
    return moves[:_MOVES_SHOWN], count
