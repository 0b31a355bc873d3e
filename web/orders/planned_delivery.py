"""The planned delivery of an accepted order: its story on the order's page, and the form that changes it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Row

from houblon.engine.core.problem import Invalid, refuse
from houblon.engine.policy.derivation import tell_derivation
from houblon.orders.handling import planned_delivery
from houblon.orders.queries import lists
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.format import day as day_in
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import row_key
from houblon.web.orders.entries import delivery_changed

blueprint = Blueprint("planned_delivery", __name__, url_prefix="/commandes")
# Whether it is of the ledger or was made just now.
blueprint.add_app_template_filter(tell_derivation)


@blueprint.get("/<int:key>/livraison")
def show(key: int) -> str:
    return _page(key, {"date": "", "why": "", "seen": _last(key)})


@blueprint.post("/<int:key>/livraison")
def change(key: int) -> Any:
    """Plan the delivery anew; with `voir`, only show what that would do."""
    typed: dict[str, Any] = {
        "date": request.form.get("date", ""),
        "why": request.form.get("raison", "").strip(),
        "seen": request.form.get("vu", 0, type=row_key),
    }
    services, by = house().services, acting(house(), author())
    try:
        day = _day(typed["date"])
        if request.form.get("voir"):
            with services.ledger.reading() as connection:
                plan = planned_delivery.plan(connection, services, key, day, by.at)
            return _page(key, typed, plan=plan)
        said = {"why": typed["why"], "seen": typed["seen"]}
        done = planned_delivery.change(
            services, key, day, by=by.who, at=by.at, **said, entry_of=delivery_changed(by, _order_id(key), typed["why"])
        )
    except Invalid as invalid:
        return _page(key, typed, problems=invalid.problems), 422
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
        return redirect(url_for("orders.show", key=key))
    except LookupError:
        abort(404)
    flash(
        _("La livraison est prévue le %(date)s.", date=day_in(done.after, current())) + " " + _followed(done),
        "accepted",
    )
    return redirect(url_for("orders.show", key=key))


@blueprint.app_template_global("delivery_of")
def delivery_of(key: int) -> dict[str, Any]:
    """An order's due date as it stands, how its delivery was changed, and whether it still may be."""
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
        changes = planned_delivery.changes_of(connection, key)
        made = lists.decisions_of(connection, key)
    followed = [each.derivation for each in changes if each.derivation]
    accepted = [each.derivation for each in made if each.outcome == "accepted"]
    return {
        "derivation": (followed or accepted[:1] or [None])[-1],
        "changes": changes,
        "may_change": row is not None and planned_delivery.is_changeable(row),
    }


@blueprint.app_template_global("amendments_of")
def amendments_of(invoice_key: int) -> Sequence[Row[Any]]:
    """How an invoice's due date changed since it was issued."""
    with house().services.ledger.reading() as connection:
        return planned_delivery.amendments_of(connection, invoice_key)


@blueprint.app_template_global("amendment_words")
def amendment_words(change: Any, languages: Sequence[str]) -> list[tuple[str, str]]:
    """What an invoice's page says of a change of its due date, in each of the languages."""
    return [(language, _amended(change, language)) for language in languages]


def _amended(change: Any, language: str) -> str:
    with force_locale(language):
        moved = _("La livraison est passée au %(date)s.", date=day_in(change.after, language))
        if not change.due_after:
            return moved
        before = day_in(change.due_before, language) if change.due_before else "—"
        payable = _(
            "Cette facture est payable au plus tard le %(after)s, au lieu du %(before)s.",
            after=day_in(change.due_after, language),
            before=before,
        )
    return f"{moved} {payable}"


def _followed(done: planned_delivery.Plan) -> str:
    if done.derivation is None:
        return _("L’échéance ne change pas.")
    if not done.moves_due_date:
        return _("L’échéance reste la même.")
    if done.due_after is None:
        return ""
    return _("L’échéance passe au %(date)s.", date=day_in(done.due_after, current()))


def _order_id(key: int) -> str:
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
    return row.order_id if row else str(key)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(
            "date", "/date", "Donnez le nouveau jour de livraison.", "Give the new day of the delivery."
        ) from None


def _last(key: int) -> int:
    with house().services.ledger.reading() as connection:
        changes = planned_delivery.changes_of(connection, key)
    return changes[-1].key if changes else 0


def _page(key: int, typed: dict[str, Any], **more: Any) -> str:
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
        invoice = lists.invoice_of_order(connection, key)
    if row is None:
        abort(404)
    return render_template(
        "planned_delivery.html",
        row=row,
        invoice=invoice,
        typed=typed,
        story=delivery_of(key),
        follows=house().services.follow_delivery,
        max_why=planned_delivery.MAX_WHY,
        **{"plan": None, "problems": (), **more},
    )
