"""File d'attente: what waits for a person, read as an argument, accepted or refused."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.derivation import derivation_document
from houblon.orders.handling import review, sender_news
from houblon.orders.handling.changes import history
from houblon.orders.handling.whatif import what_if
from houblon.orders.queries import lists
from houblon.orders.queries.held import held_orders
from houblon.orders.retailers.accounts import day_of, open_invoices_of
from houblon.orders.retailers.names import ids_of, stored_order
from houblon.orders.services import Conflict
from houblon.orders.waiting import redecision
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import row_key
from houblon.web.orders.entries import decided_again as noted_again
from houblon.web.orders.entries import invoiced
from houblon.web.orders.saved_views import saved
from houblon.web.presentation.explanation import explain
from houblon.web.presentation.order_filters import kept, order_filter

# What the queue can be narrowed to: what has waited for so many hours.
AGES, NEWEST = ("24", "72", "168"), "recentes"
blueprint = Blueprint("review", __name__, url_prefix="/file")


@blueprint.get("")
def index() -> Any:
    services, now = house().services, house().now()
    asked, unread = order_filter(request.args, services.installation.zone, current())
    filters = kept(request.args)
    since, is_newest_first = _before(filters.get("attend"), now), filters.get("tri") == NEWEST
    with services.ledger.reading() as connection:
        called_off = sender_news.waiting(connection)
        waiting = history.waiting_changes(connection)
        queue = held_orders(connection, asked, waiting_before=since, newest_first=is_newest_first)
        held = [each for each in queue if _is_for(each.decision, filters.get("raison"))]
        chosen = request.args.get("commande", type=row_key)
        row = next((each for each in held if each.key == chosen), held[0] if held else None)
        shown = None
        if row is not None:
            whole = lists.order_row(connection, row.key)
            assert whole is not None  # orders are never deleted
            order = stored_order(whole)
            found = what_if(connection, services, order, now=now, trace=True, ids=ids_of(whole), key=row.key)
            unpaid = open_invoices_of(connection, services, order.buyer.id)
            preview = review.preview(connection, services, row.key, now)
            shown = {
                "row": row,
                "seen": whole.content_hash,
                "order": order,
                "explained": explain(found, services.installation, unpaid, day_of(services, now)),
                "invoice": preview.draft,
                "barred": preview.barred,
                "derivation": derivation_document(preview.follows.due),
            }
    total = sum(each.order_value for each in held)
    content = services.policies.content(services.policies.in_force(now).number)
    return render_template(
        "queue.html",
        held=held,
        called_off_orders=called_off,
        changes=waiting,
        shown=shown,
        total=total,
        content=content,
        filters=filters,
        groups=content.ranked(),
        views=saved("review"),
        every=bool(request.args.get("tout")),
        unread=unread,
    )


def _before(hours: str | None, now: datetime) -> datetime | None:
    """Before when what waits longer than so many hours began to; None where that is not asked, or not of the choices."""
    return now - timedelta(hours=int(hours)) if hours in AGES else None


def _is_for(decision: dict[str, Any], code: str | None) -> bool:
    """Whether the decision holds for the reason of this code, when one is asked for."""
    return code is None or any(reason["code"] == code for reason in decision["reasons"])


@blueprint.post("/<int:key>/accepter")
def accept(key: int) -> Any:
    try:
        number = review.accept(house().services, key, by=author(), at=house().now(), seen=request.form.get("vu"))
    except Conflict as conflict:
        return _conflict(conflict, key)
    except LookupError:
        abort(404)
    if number:
        flash(_("Commande acceptée ; la facture %(number)s est émise.", number=number), "accepted")
    else:
        flash(_("Commande acceptée ; aucune facture n’est émise maintenant."), "accepted")
    return redirect(url_for("orders.show", key=key))


@blueprint.post("/<int:key>/refuser")
def refuse(key: int) -> Any:
    why = request.form.get("raison", "").strip()[:500]
    if not why:
        flash(_("Dites pourquoi la commande est refusée : la raison reste à l’historique."), "refused")
        return redirect(url_for("review.index", commande=key))
    try:
        review.refuse(house().services, key, by=author(), at=house().now(), why=why, seen=request.form.get("vu"))
    except Conflict as conflict:
        return _conflict(conflict, key)
    except LookupError:
        abort(404)
    flash(_("Commande refusée."), "accepted")
    return redirect(url_for("review.index"))


@blueprint.post("/<int:key>/decider")
def decide_again(key: int) -> Any:
    """Decide a held order by the policy in force; only its acceptance is taken."""
    by = acting(house(), author())
    try:
        done = redecision.decide_again(
            house().services, key, by=by.who, at=by.at, seen=request.form.get("vu"), entry_of=noted_again(by)
        )
    except Conflict as conflict:
        return _conflict(conflict, key)
    except LookupError:
        abort(404)
    if done.is_accepted and done.invoice:
        flash(
            _("Redécidée : la commande est acceptée ; la facture %(number)s est émise.", number=done.invoice),
            "accepted",
        )
    elif done.is_accepted:
        flash(_("Redécidée : la commande est acceptée."), "accepted")
    elif done.decision.outcome is Outcome.REFUSED:
        flash(_("La politique en vigueur la refuserait : la commande attend encore, décidez-en."))
    else:
        flash(_("Redécidée : la commande attend encore, voyez pourquoi."))
    if done.is_accepted:
        return redirect(url_for("orders.show", key=key))
    return redirect(url_for("review.index", commande=key))


@blueprint.post("/<int:key>/facturer")
def issue_invoice(key: int) -> Any:
    """Issue the invoice that the policy leaves to a person."""
    services, by = house().services, acting(house(), author())
    with services.ledger.reading() as connection:
        row = lists.order_row(connection, key) or abort(404)
    try:
        number = review.issue_invoice(services, key, by=by.who, at=by.at, entry_of=invoiced(by, row.order_id))
    except Conflict as conflict:
        return _conflict(conflict, key)
    except LookupError:
        abort(404)
    flash(_("La facture %(number)s est émise.", number=number), "accepted")
    return redirect(url_for("orders.show", key=key))


def _conflict(conflict: Conflict, key: int) -> Any:
    """Say who did what before, on the order's own page."""
    flash(conflict.in_(current()), "refused")
    return redirect(url_for("orders.show", key=key))
