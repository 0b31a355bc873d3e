"""Reminders of an invoice or of a retailer: what was sent, what is to come, and how a person stops that."""

from collections.abc import Sequence
from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, select

from houblon.engine.core.problem import Invalid
from houblon.orders.db.tables import orders, reminders
from houblon.orders.reminders.stops import Whose, start, stop, stop_of
from houblon.orders.reminders.upcoming import Upcoming, upcoming
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.invoices.reminder_entries import started, stopped
from houblon.web.retailers.pages import retailer_url

blueprint = Blueprint("reminders", __name__)


class Shown(msgspec.Struct, frozen=True):
    """What a page shows of reminders: how they are stopped, those of before, and those to come."""

    stop: Row[Any] | None
    retailer_stop: Row[Any] | None
    past: Sequence[Row[Any]]
    to_come: tuple[Upcoming, ...]


@blueprint.post("/factures/<int:key>/rappels")
def of_invoice(key: int) -> Any:
    """Stop the reminders of an invoice, or start them again."""
    _change(Whose(invoice_key=key))
    return redirect(url_for("invoices.show", key=key) + "#rappels")


@blueprint.post("/detaillants/rappels")
def of_retailer() -> Any:
    """Stop the reminders of a retailer, or start them again."""
    id = request.form.get("id", "")
    _change(Whose(retailer_id=id))
    return redirect(retailer_url(id) + "#rappels")


@blueprint.app_template_global("reminders_of_invoice")
def reminders_of_invoice(invoice: Any) -> Shown:
    services = house().services
    query = select(reminders).where(reminders.c.invoice_key == invoice.key, reminders.c.step.is_not(None))
    with services.ledger.reading() as connection:
        retailer = connection.execute(
            select(orders.c.retailer_id).where(orders.c.key == invoice.order_key)
        ).scalar_one()
        own, whole = stop_of(connection, Whose(invoice_key=invoice.key)), stop_of(connection, Whose(retailer))
        past = connection.execute(query.order_by(reminders.c.key)).all()
    coming = upcoming(services, house().now(), retailer)
    mine = (each for each in coming if any(one.invoice.key == invoice.key for one in each.reminded))
    return Shown(own, whole, past, tuple(mine))


@blueprint.app_template_global("reminders_of_retailer")
def reminders_of_retailer(id: str) -> Shown:
    services = house().services
    with services.ledger.reading() as connection:
        whole = stop_of(connection, Whose(retailer_id=id))
    return Shown(whole, whole, (), tuple(upcoming(services, house().now(), id)))


def _change(whose: Whose) -> None:
    by, services = acting(house(), author()), house().services
    try:
        if request.form.get("etat") == "reprendre":
            done = start(services, whose, by=by.who, at=by.at, entry_of=started(by, whose))
            flash(
                _("Les rappels de %(name)s reprennent ; les jours passés ne se rattrapent pas.", name=done.subject),
                "accepted",
            )
        else:
            why = request.form.get("raison", "").strip()
            done = stop(services, whose, by=by.who, at=by.at, why=why, entry_of=stopped(by, whose))
            flash(_("Plus aucun rappel de %(name)s ne part.", name=done.subject), "accepted")
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except Invalid as invalid:
        flash(invalid.problems[0].message.in_(current()), "refused")
    except LookupError:
        abort(404)
