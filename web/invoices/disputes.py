"""An invoice that its buyer contests: noted from its page, and closed there; each is the other's undo."""

from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _

from houblon.orders.invoicing import disputes
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.invoices.entries import dispute_closed, disputed
from houblon.web.invoices.settling import done_on_page

blueprint = Blueprint("disputes", __name__, url_prefix="/factures")
OPEN, CLOSE = "contester", "clore"


@blueprint.post("/<int:key>/contester")
def dispute(key: int) -> Any:
    """Note that the buyer contests it, and why."""
    by = acting(house(), author())

    def act() -> str:
        reason = request.form.get("raison", "")
        done = disputes.dispute(house().services, key, reason, by=by.who, at=by.at, entry_of=disputed(by))
        return _(
            "La facture %(number)s est contestée : elle ne compte plus dans ce qui est dû, et aucun rappel n’en part.",
            number=done.number,
        )

    return done_on_page(key, OPEN, act, "contestation")


@blueprint.post("/<int:key>/clore")
def close(key: int) -> Any:
    """Note that the dispute is over, and how."""
    by = acting(house(), author())

    def act() -> str:
        outcome = request.form.get("raison", "")
        done = disputes.close(house().services, key, outcome, by=by.who, at=by.at, entry_of=dispute_closed(by))
        return _("La contestation de la facture %(number)s est close.", number=done.number)

    return done_on_page(key, CLOSE, act, "contestation")
