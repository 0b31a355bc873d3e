"""Appels refusés: what sources signed and sent, and could not be recorded; tried again, or put aside."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.handling.refusals import Tried
from houblon.orders.handling.sender_news import Heard
from houblon.orders.intake import refused_calls
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.admin.call_acts import dismiss_call, retry_call
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import asked_before, page
from houblon.web.presentation.order_places import place_in_order

blueprint = Blueprint("refused_calls", __name__, url_prefix="/appels-refuses")
# On the page of all sources, and on that of one.
FEW, PAGE = 5, 50


@blueprint.get("")
def index() -> str:
    """Every source with its newest calls; or one source with all of them."""
    chosen, before, more = request.args.get("source"), asked_before(), None
    with house().services.ledger.reading() as connection:
        sources = [each for each in refused_calls.by_source(connection) if chosen in (None, "", each.source)]
        calls = {}
        for each in sources:
            limit, after = (PAGE, before) if chosen else (FEW, None)
            found = refused_calls.list_waiting(connection, each.source, after, limit + 1)
            calls[each.source], more = page(found, limit, lambda row: row.key)
    return render_template(
        "refused_calls.html",
        sources=sources,
        calls=calls,
        faults_of=refused_calls.faults_of,
        place_in_order=place_in_order,
        chosen=chosen,
        more=more if chosen else None,
        keep=house().settings.keep.refused,
    )


@blueprint.post("/<int:key>/reessayer")
def retry_one(key: int) -> Any:
    """Read it as its source is read now, and record it as if it came."""
    tried = _tried(key)
    if tried is None:
        flash(_("Cet appel n’attend plus : quelqu’un s’en est occupé."), "refused")
    elif tried.result is not None:
        flash(_became(tried.result), "accepted")
    elif tried.problems:
        why = " ".join(each.message.in_(current()) for each in tried.problems[:3])
        flash(_("Toujours refusé : %(why)s", why=why), "refused")
    else:
        flash(_("Son contenu n’est plus gardé : il ne peut plus être réessayé."), "refused")
    return _back()


@blueprint.post("/reessayer")
def retry_all() -> Any:
    """Every call of a source, in the order in which they came."""
    source = request.form.get("source", "")
    with house().services.ledger.reading() as connection:
        keys = refused_calls.keys_of(connection, source)
    if not keys:
        abort(404)
    tried = [each for each in map(_tried, keys) if each is not None]
    done = sum(1 for each in tried if each.result is not None)
    left = len(tried) - done
    recorded = ngettext("%(num)s appel est enregistré", "%(num)s appels sont enregistrés", done)
    refused = ngettext("%(num)s reste refusé", "%(num)s restent refusés", left)
    flash(
        f"{recorded} ; {refused}." if current() == "fr" else f"{recorded}; {refused}.",
        "refused" if left else "accepted",
    )
    return _back()


@blueprint.post("/<int:key>/ecarter")
def dismiss(key: int) -> Any:
    """Put a call aside, for good: a person saw to it otherwise."""
    by = acting(house(), author())
    if house().services.ledger.write(lambda connection: dismiss_call(connection, by, key)) is not None:
        flash(_("L’appel est écarté."), "accepted")
    else:
        flash(_("Cet appel n’attend plus : quelqu’un s’en est occupé."), "refused")
    return _back()


def _tried(key: int) -> Tried | None:
    return retry_call(house(), acting(house(), author()), key)


def _became(result: IngestResult | Heard) -> str:
    words = {
        "accepted": _("la commande %(id)s est acceptée.", id=result.order_id),
        "held": _("la commande %(id)s attend une personne.", id=result.order_id),
        "refused": _("la commande %(id)s est refusée par la politique.", id=result.order_id),
        "cancelled": _("la commande %(id)s est annulée.", id=result.order_id),
    }
    state = result.outcome if isinstance(result, IngestResult) else result.state
    became = words.get(state or "", _("commande %(id)s.", id=result.order_id))
    return _("Enregistré : %(what)s", what=became)


def _back() -> Any:
    """To the page that the form was on."""
    return redirect(url_for("refused_calls.index", source=request.form.get("retour") or None))
