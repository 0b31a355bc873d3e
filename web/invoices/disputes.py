"""An invoice that its buyer contests: noted from its page, and closed there; each is the other's undo."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid
from houblon.orders.invoicing import disputes
from houblon.orders.services import Conflict
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.invoices.entries import dispute_closed, disputed
from houblon.web.invoices.pages import shown

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

    return _done(key, OPEN, act)


@blueprint.post("/<int:key>/clore")
def close(key: int) -> Any:
    """Note that the dispute is over, and how."""
    by = acting(house(), author())

    def act() -> str:
        outcome = request.form.get("raison", "")
        done = disputes.close(house().services, key, outcome, by=by.who, at=by.at, entry_of=dispute_closed(by))
        return _("La contestation de la facture %(number)s est close.", number=done.number)

    return _done(key, CLOSE, act)


def _done(key: int, part: str, act: Callable[[], str]) -> Any:
    try:
        flash(act(), "accepted")
    except Conflict as conflict:
        flash(conflict.in_(current()), "refused")
    except Invalid as invalid:
        return shown(key, part=part, typed=request.form.to_dict(), problems=invalid.problems), 422
    except LookupError:
        abort(404)
    return redirect(url_for("invoices.show", key=key) + "#contestation")
