"""File d'attente, plusieurs à la fois: what follows is shown before anything is settled."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from houblon.orders.handling import review
from houblon.orders.handling.bulk import prospects, settle_each, total_of
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import row_key

blueprint = Blueprint("bulk", __name__, url_prefix="/file/lot")
ACCEPT, REFUSE = "accepter", "refuser"


@blueprint.post("")
def preview() -> Any:
    """What would follow from the selection; nothing is settled yet."""
    return _preview(request.form.get("acte", ACCEPT))


@blueprint.post("/confirmer")
def confirm() -> Any:
    """Settle each order that was seen; those that changed or were settled meanwhile are told one by one."""
    act, why = request.form.get("acte"), request.form.get("raison", "").strip()[:500]
    if act == REFUSE and not why:
        return _preview(REFUSE, missing=True), 422
    services, by, at = house().services, author(), house().now()
    keys = request.form.getlist("cle", type=row_key)
    chosen = [(key, request.form.get(f"vu-{key}", "")) for key in keys]
    if act == REFUSE:
        refused = settle_each(chosen, lambda key, seen: review.refuse(services, key, by=by, at=at, why=why, seen=seen))
    else:
        refused = settle_each(chosen, lambda key, seen: review.accept(services, key, by=by, at=at, why=why, seen=seen))
    done = len(chosen) - len(refused)
    if done:
        message = (
            ngettext("%(num)s commande refusée.", "%(num)s commandes refusées.", done)
            if act == REFUSE
            else ngettext("%(num)s commande acceptée.", "%(num)s commandes acceptées.", done)
        )
        flash(message, "accepted")
    for _key, conflict in refused[:20]:
        flash(conflict.in_(current()), "refused")
    return redirect(url_for("review.index"))


def _preview(act: str, missing: bool = False) -> Any:
    keys = request.form.getlist("cle", type=row_key)
    if not keys:
        flash(_("Cochez d’abord des commandes."), "refused")
        return redirect(url_for("review.index"))
    with house().services.ledger.reading() as connection:
        found = prospects(connection, house().services, keys, house().now())
    ready = found if act == REFUSE else [each for each in found if each.barred is None]
    return render_template(
        "bulk.html",
        act=act,
        found=found,
        ready=ready,
        total=total_of(found),
        value=sum(each.row.order_value for each in ready),
        missing=missing,
        why=request.form.get("raison", ""),
    )
