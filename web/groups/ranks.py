"""Rang des groupes: whose word counts for a buyer who belongs to several, changed by mouse or keyboard."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid, refuse
from houblon.engine.policy.policy import BASE
from houblon.rules.checks.overlap import overlaps
from houblon.rules.model.content import Content
from houblon.rules.model.statements import Statement
from houblon.web.drafts import drafting
from houblon.web.foundation.current_app import house
from houblon.web.foundation.stale import Outdated
from houblon.web.presentation.change_text import statement_label

blueprint = Blueprint("ranks", __name__, url_prefix="/rangs")


@blueprint.get("")
def show() -> str:
    return _page()


@blueprint.post("")
def change() -> Any:
    """One group up or down, or a whole new order; into the person's proposal."""
    content = drafting.shown(drafting.working_in())
    ids = [group.id for group in content.ranked() if group.id != BASE]
    try:
        wanted = _reordered(ids)
        # The order that stands is stated by ranks of its own.
        drafting.save(_ranks(content, wanted) if wanted != ids else [], request.form, _("ordre des groupes"))
    except Invalid as invalid:
        return _page(problems=invalid.problems), 422
    except Outdated:
        return _page(outdated=True), 409
    moved = request.form.get("monter") or request.form.get("descendre") or ""
    return redirect(url_for("ranks.show") + (f"#{moved}" if moved in ids else ""))


def _reordered(ids: list[str]) -> list[str]:
    """The ids as the form wants them. Raises Invalid when it speaks of other groups."""
    wanted = list(ids)
    for name, by in (("monter", -1), ("descendre", 1)):
        id = request.form.get(name)
        if id in ids:
            place = ids.index(id) + by
            wanted.remove(id)
            wanted.insert(max(place, 0), id)
            return wanted
    order = [id for id in request.form.get("ordre", "").split(",") if id]
    if sorted(order) != sorted(ids):
        raise refuse(
            "order",
            "/ordre",
            "Cet ordre ne parle pas des mêmes groupes : la page a été rechargée.",
            "This order does not speak of the same groups: the page was reloaded.",
        )
    return order


def _ranks(content: Content, order: Sequence[str]) -> list[Statement]:
    """The ranks that are there, given out in the new order."""
    ranks = sorted((content.groups[id].rank for id in order), reverse=True)
    return [
        Statement("group", id, "rank", rank)
        for id, rank in zip(order, ranks, strict=True)
        if content.groups[id].rank != rank
    ]


def _page(**faults: Any) -> str:
    proposal = drafting.working_in()
    content = drafting.shown(proposal)
    with house().services.ledger.reading() as connection:
        members = house().everyone(connection)
    ranked = [group for group in content.ranked() if group.id != BASE]
    below = {group.id: [each for each in overlaps(content, group.id, members) if each.wins] for group in ranked}
    return render_template(
        "ranks.html",
        draft=proposal,
        in_force=drafting.newest(),
        etag=drafting.etag(proposal),
        content=content,
        ranked=ranked,
        below=below,
        label=statement_label,
        **{"problems": (), "outdated": False, **faults},
    )
