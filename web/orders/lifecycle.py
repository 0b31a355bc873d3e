"""What a person does with an order beside its review: cancel it, mend its lines, take back what was a mistake."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.problem import Invalid
from houblon.orders.handling import amend, lifecycle, sender_news, undo
from houblon.orders.handling.review import order_at
from houblon.orders.queries import lists
from houblon.orders.records.audit import audited
from houblon.orders.services import Conflict
from houblon.rules.model.entry import Entry
from houblon.web.access.account_commands import By
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.orders import buyer_address
from houblon.web.orders.entries import cancelled, line_mended, undone

blueprint = Blueprint("lifecycle", __name__, url_prefix="/commandes")


@blueprint.post("/<int:key>/defaire")
def undo_move(key: int) -> Any:
    """Take back what the person did by mistake, as long as nobody outside was told."""
    was = request.form.get("etat", "")
    if was not in undo.UNDOABLE:
        abort(400)
    words = {
        "accepted": _("C’est défait : la commande est de nouveau acceptée."),
        "held": _("C’est défait : la commande attend de nouveau une décision."),
    }

    def act() -> None:
        by = acting(house(), author())
        entry_of = undone(by, _order_id(key), was)
        state = undo.undo(house().services, key, was=was, by=by.who, at=by.at, entry_of=entry_of)
        flash(words[state], "accepted")

    return _done(key, act)


@blueprint.post("/<int:key>/annuler")
def cancel(key: int) -> Any:
    """Cancel what the person saw; the reason stays in the history."""
    why, was = request.form.get("raison", "").strip()[:500], request.form.get("etat", "")
    if was not in lifecycle.CANCELLABLE:
        abort(400)
    if not why:
        flash(_("Dites pourquoi la commande est annulée : la raison reste à l’historique."), "refused")
        return redirect(url_for("orders.show", key=key))

    def act() -> None:
        by = acting(house(), author())
        entry = cancelled(by, _order_id(key), was, why)
        followed = lifecycle.cancel(
            house().services, key, was=was, by=by.who, at=by.at, why=why, entry_of=lambda _: entry
        )
        if followed.credit_note:
            message = _("Commande annulée ; la note de crédit %(number)s est émise.", number=followed.credit_note)
        else:
            message = _("Commande annulée.")
        notified = _("L’acheteur en est avisé.") if followed.is_buyer_notified else _("L’acheteur n’en est pas avisé.")
        flash(f"{message} {notified}", "accepted")

    return _done(key, act)


@blueprint.post("/<int:key>/annulation-vue")
def settle_called_off(key: int) -> Any:
    """A person saw that the source called the order off, and keeps it as it is."""

    def act() -> None:
        by = acting(house(), author())
        entry = _entry(by, "order.called_off_settled", key)

        def work(connection: Connection) -> bool:
            row, _order = order_at(connection, key)
            return sender_news.settle(connection, row.source, row.order_id, by.at)

        house().services.ledger.write(audited(work, lambda done: entry if done else None))
        flash(_("C’est noté : la commande reste comme elle est."), "accepted")

    return _done(key, act)


@blueprint.post("/<int:key>/lignes/<int:index>/disponible")
def make_available(key: int, index: int) -> Any:
    return _mended(key, index, amend.make_available, "order.line_available")


@blueprint.post("/<int:key>/lignes/<int:index>/retirer")
def remove_line(key: int, index: int) -> Any:
    return _mended(key, index, amend.remove, "order.line_removed")


@blueprint.post("/<int:key>/adresse")
def keep_address(key: int) -> Any:
    """Keep the buyer's address, for the invoices to come."""
    try:
        done = _done(key, lambda: _address_kept(key))
    except Invalid as invalid:
        flash(invalid.problems[0].message.in_(current()), "refused")
        done = redirect(url_for("orders.show", key=key))
    return done


def _address_kept(key: int) -> None:
    buyer_address.keep_address(house(), acting(house(), author()), key, request.form.get("adresse", ""))
    flash(_("Adresse gardée ; les prochaines factures la porteront."), "accepted")


def _mended(key: int, index: int, mend: Callable[..., str], act_name: str) -> Any:
    words = {
        "accepted": _("Redécidée : la commande est acceptée."),
        "held": _("Redécidée : la commande attend encore, voyez pourquoi."),
        "refused": _("Redécidée : la commande est refusée."),
    }

    def act() -> None:
        seen, by = request.form.get("vu", ""), acting(house(), author())
        entry = line_mended(by, act_name, _order_id(key), index + 1)
        outcome = mend(house().services, key, index, by=by.who, at=by.at, seen=seen, entry_of=lambda _: entry)
        flash(words[outcome], "accepted")

    return _done(key, act)


def _done(key: int, act: Callable[[], None]) -> Any:
    """Do it and come back to the order's page, which says what happened, or who did what before."""
    try:
        act()
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except LookupError:
        abort(404)
    return redirect(url_for("orders.show", key=key))


def _entry(by: By, act: str, key: int, before: Any = None, after: Any = None) -> Entry:
    """The audit entry of an act on an order, which is named by its own id. Raises LookupError where there is none."""
    return by.entry(act, _order_id(key), before, after)


def _order_id(key: int) -> str:
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
    if row is None:
        raise LookupError(f"there is no order {key}")
    order_id: str = row.order_id
    return order_id
