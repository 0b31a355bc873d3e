"""Two retailers that are one: chosen, shown with all that follows, joined, and parted again."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection

from houblon.engine.core.problem import Invalid, Problem
from houblon.orders.queries import joins, retailers
from houblon.orders.retailers.joins import Joined, root_of
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.stale import Outdated, check_seen, tag_of
from houblon.web.retailers import join_acts
from houblon.web.retailers.consequences import consequences
from houblon.web.retailers.join_acts import Preview, preview_of
from houblon.web.retailers.membership_effect import content_in_force
from houblon.web.retailers.memberships import name_of_group
from houblon.web.retailers.pages import retailer_url

blueprint = Blueprint("joining", __name__, url_prefix="/detaillants")
SHOWN = 20


@blueprint.get("/joindre")
def show() -> Any:
    """Choose the other retailer; once it is chosen, what would follow."""
    id, other = request.args.get("id", ""), request.args.get("avec", "")
    if other:
        return _preview(other, id)
    search = request.args.get("q", "").strip()[:200]
    with house().services.ledger.reading() as connection:
        row = retailers.retailer_row(connection, id)
        if row is None:
            abort(404)
        found = retailers.list_retailers(connection, search, limit=SHOWN + 1) if search else _alike(connection, row)
    return render_template(
        "retailer_join.html",
        row=row,
        asked=search,
        found=[each for each in found if each.id != id][:SHOWN],
        more=len(found) > SHOWN,
        preview=None,
    )


@blueprint.post("/joindre")
def join() -> Any:
    """Join the two that were shown, as they were shown."""
    id, other = request.form.get("id", ""), request.form.get("avec", "")
    by, history, content = acting(house(), author()), house().store.history(), content_in_force()
    seen = request.form.get("vu", "")

    def check(shown: Preview | None) -> None:
        check_seen(seen, tag_of(shown) if shown else "")

    def work(connection: Connection) -> Joined:
        return join_acts.join(connection, by, content, history, id, other, check)

    try:
        house().services.ledger.write(work)
    except Invalid as invalid:
        return _joined_meanwhile(id, other) or (_preview(id, other, problems=invalid.problems), 422)
    except Outdated:
        return _joined_meanwhile(id, other) or (_preview(id, other, outdated=True), 409)
    flash(_("C’est fait : les deux sont un seul détaillant. On peut les séparer plus bas."), "accepted")
    return redirect(retailer_url(other))


@blueprint.post("/separer")
def part() -> Any:
    """Part a retailer from whom it was joined to; what was theirs is theirs again."""
    id = request.form.get("id", "")
    by, history = acting(house(), author()), house().store.history()

    def work(connection: Connection) -> Joined:
        return join_acts.part(connection, by, history, id)

    try:
        done = house().services.ledger.write(work)
    except Invalid as invalid:
        flash(invalid.problems[0].message.in_(current()), "refused")
        return redirect(retailer_url(id))
    said = ngettext("%(num)s commande lui revient.", "%(num)s commandes lui reviennent.", done.orders)
    flash(_("« %(id)s » est de nouveau un détaillant à part.", id=id) + " " + said, "accepted")
    return redirect(retailer_url(id))


@blueprint.app_template_global("retailer_joins")
def retailer_joins(id: str) -> dict[str, Any]:
    """What sources call a retailer, and who was joined to it."""
    with house().services.ledger.reading() as connection:
        side = joins.side_of(connection, id)
        joined = [(row, joins.side_of(connection, row.joined_id)) for row in joins.joins_into(connection, id)]
    return {"names": side.names if side else (), "joined": joined}


def _alike(connection: Connection, row: Any) -> Sequence[Any]:
    """Who has the same name or address, the likeliest to be the same."""
    found = {
        each.id: each
        for said in (row.email, row.name)
        if said
        for each in retailers.list_retailers(connection, said, limit=SHOWN)
    }
    return list(found.values())


def _joined_meanwhile(*ids: str) -> Any:
    """To the page of whom somebody joined one of them to since they were shown; None where nobody did."""
    with house().services.ledger.reading() as connection:
        now = {id: root_of(connection, id) for id in ids}
    for id, other in now.items():
        if other != id:
            flash(_("« %(id)s » est déjà joint à « %(other)s » : voici ce détaillant.", id=id, other=other), "refused")
            return redirect(retailer_url(other))
    return None


def _preview(id: str, other: str, problems: Sequence[Problem] = (), outdated: bool = False) -> str:
    content = content_in_force()
    with house().services.ledger.reading() as connection:
        row, joined = (retailers.retailer_row(connection, each) for each in (other, id))
        shown = preview_of(connection, content, house().store.history(), id, other)
    if row is None or joined is None or shown is None:
        abort(404)
    return render_template(
        "retailer_join.html",
        row=row,
        asked="",
        preview=shown,
        vu=tag_of(shown),
        found_also=consequences(house(), {id: (), other: shown.groups}) if id != other else None,
        content=content,
        name_of=lambda group: name_of_group(content, group),
        problems=problems,
        outdated=outdated,
    )
