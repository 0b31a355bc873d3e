"""Sources: who may send orders to the webhook, their signing secrets, and when they last called."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.core.problem import Invalid
from houblon.orders.credentials.credentials import KINDS, STANDARD
from houblon.orders.intake.sources import list_sources
from houblon.orders.intake.topics import SHOPS
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.admin.acts import add_source, retire_secret
from houblon.web.foundation.current_app import house

blueprint = Blueprint("sources", __name__, url_prefix="/sources")


@blueprint.get("")
def index() -> str:
    return _page()


@blueprint.post("")
def add_secret() -> Any:
    """Give a source, new or known, one more secret, and show it on this one answer; a shop's own is not repeated."""
    typed = {name: request.form.get(name, "").strip() for name in ("nom", "genre", "secret", "acheteurs")}
    name, kind, given = typed["nom"], typed["genre"] or STANDARD, typed["secret"] or None
    by = acting(house(), author())

    try:
        made = house().services.ledger.write(
            lambda connection: add_source(
                connection, by, name, kind, given, has_own_buyers=typed["acheteurs"] == "siens"
            )
        )
    except Invalid as invalid:
        return _page(problems=invalid.problems, typed=typed), 422
    if given is not None:
        flash(_("Le secret de « %(name)s » est gardé.", name=name), "accepted")
        return redirect(url_for("sources.index"))
    return _page(made=made, made_for=name)


@blueprint.post("/secrets/<int:key>/retirer")
def retire(key: int) -> Any:
    by = acting(house(), author())
    name = house().services.ledger.write(lambda connection: retire_secret(connection, by, key))
    if name is None:
        if not any(each.key == key for source in _sources() for each in source.secrets):
            abort(404)
        flash(_("Ce secret était déjà retiré."), "refused")
    else:
        flash(_("Un secret de « %(name)s » est retiré : ce qu’il signe est refusé.", name=name), "accepted")
    return redirect(url_for("sources.index"))


def _sources() -> Any:
    with house().services.ledger.reading() as connection:
        return list_sources(connection)


def _page(**found: Any) -> str:
    shown = {"problems": (), "typed": {}, "made": None, "made_for": None, **found}
    base = house().services.base_url.rstrip("/")
    addresses = {kind: f"{base}/webhooks/{'' if kind == STANDARD else f'{kind}/'}orders" for kind in KINDS}
    topics = {kind: tuple(shop.topics) for kind, shop in SHOPS.items()}
    return render_template("sources.html", sources=_sources(), addresses=addresses, topics=topics, **shown)
