"""A change of an accepted order that waits: beside what stands, on the order's page, and settled there."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from houblon.orders.handling.changes import review as change_review
from houblon.orders.queries import lists
from houblon.orders.services import Conflict
from houblon.web.access.account_commands import By
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.orders.entries import change_accepted, change_dismissed

blueprint = Blueprint("changes", __name__, url_prefix="/commandes")


@blueprint.post("/<int:key>/modification/accepter")
def accept(key: int) -> Any:
    """The order says from now on what its source changed it to."""

    def act(by: By, order_id: str, why: str) -> str:
        entry_of = change_accepted(by, order_id, why)
        seen = request.form.get("vu")
        done = change_review.accept(house().services, key, by=by.who, at=by.at, why=why, seen=seen, entry_of=entry_of)
        if done.credit_note and done.invoice:
            return _(
                "Modification acceptée ; la facture %(number)s prend la place de celle que la note de crédit %(note)s annule.",
                number=done.invoice,
                note=done.credit_note,
            )
        if done.credit_note:
            return _(
                "Modification acceptée ; la note de crédit %(note)s annule la facture, et la nouvelle reste à émettre.",
                note=done.credit_note,
            )
        if done.invoice:
            return _("Modification acceptée ; la facture %(number)s est émise.", number=done.invoice)
        return _("Modification acceptée.")

    return _done(key, act)


@blueprint.post("/<int:key>/modification/ecarter")
def dismiss(key: int) -> Any:
    """The order stays as it was accepted."""

    def act(by: By, order_id: str, why: str) -> str:
        entry_of = change_dismissed(by, order_id, why)
        seen = request.form.get("vu")
        change_review.dismiss(house().services, key, by=by.who, at=by.at, why=why, seen=seen, entry_of=entry_of)
        return _("Modification écartée : la commande reste comme elle a été acceptée.")

    return _done(key, act)


def _done(key: int, act: Callable[[By, str, str], str]) -> Any:
    """Do it and come back to the order's page, which says what happened, or who did what before."""
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
    if row is None:
        abort(404)
    try:
        message = act(acting(house(), author()), row.order_id, request.form.get("raison", "").strip()[:500])
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    else:
        flash(message, "accepted")
    return redirect(url_for("orders.show", key=key))
