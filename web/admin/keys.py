"""Clés d'API: what each may do, when it was last used; a new one is shown once."""

import secrets
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.problem import Invalid
from houblon.orders.credentials.credentials import SCOPES, add_key
from houblon.orders.credentials.revocation import list_keys, revoke_key
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import noted
from houblon.web.access.auth import author
from houblon.web.foundation.current_app import house

blueprint = Blueprint("keys", __name__, url_prefix="/cles")


@blueprint.get("")
def index() -> str:
    return _page()


@blueprint.post("")
def create() -> Any:
    """Make a key and show it on this one answer: only its hash is kept."""
    name, scopes = request.form.get("nom", "").strip(), request.form.getlist("portee")
    by = acting(house(), author())

    def work(connection: Connection) -> str:
        made = add_key(connection, name, scopes, secrets.token_bytes, by.at)
        noted(connection, by, "key.added", name, None, list(scopes))
        return made

    try:
        made = house().services.ledger.write(work)
    except Invalid as invalid:
        return _page(problems=invalid.problems, typed={"nom": name, "portee": scopes}), 422
    return _page(made=made, made_for=name)


@blueprint.post("/<int:key>/revoquer")
def revoke(key: int) -> Any:
    by = acting(house(), author())

    def work(connection: Connection) -> str | None:
        name = revoke_key(connection, key)
        if name is not None:
            noted(connection, by, "key.revoked", name, {"active": True}, {"active": False})
        return name

    name = house().services.ledger.write(work)
    if name is None:
        if key not in {each.key for each in _keys()}:
            abort(404)
        flash(_("Cette clé était déjà révoquée."), "refused")
    else:
        flash(_("La clé « %(name)s » ne marche plus.", name=name), "accepted")
    return redirect(url_for("keys.index"))


def _keys() -> Any:
    with house().services.ledger.reading() as connection:
        return list_keys(connection)


def _page(**found: Any) -> str:
    shown = {"problems": (), "typed": {}, "made": None, "made_for": None, **found}
    return render_template("keys.html", keys=_keys(), scopes=SCOPES, **shown)
