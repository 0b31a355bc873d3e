"""Mon compte: a person's own password, second factor, sessions and language."""

from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import current_user, password_changed
from sqlalchemy import update

from houblon.web.access import account_commands
from houblon.web.access.accounts import accounts, record_with
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.access.permissions import PERMISSIONS, ROLE_NAMES, permissions_of
from houblon.web.access.sessions import KEY, end_all, open_sessions
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import remember

blueprint = Blueprint("account", __name__, url_prefix="/compte")


@blueprint.get("")
def show() -> str:
    with house().services.ledger.reading() as connection:
        opened = open_sessions(connection, current_user.id, house().now())
    mine = permissions_of(current_user.role)
    return render_template(
        "account/show.html",
        opened=opened,
        here=session.get(KEY),
        role=ROLE_NAMES.get(current_user.role),
        allowed=[text for name, text in PERMISSIONS.items() if name in mine and name != "administer"],
        codes_left=len(current_user.mf_recovery_codes or ()),
        is_required=house().profile.two_factor,
    )


@blueprint.post("/langue")
def speak() -> Any:
    """Remember the language that mail and new browsers speak to this person."""
    language = "en" if request.form.get("langue") == "en" else "fr"
    change = update(accounts).where(accounts.c.id == current_user.id).values(language=language)
    house().services.ledger.write(lambda connection: connection.execute(change))
    flash(
        "Houblon speaks English to you from now on." if language == "en" else "Houblon vous parle français désormais.",
        "accepted",
    )
    return remember(redirect(url_for("account.show")), language)


@blueprint.post("/sessions")
def end_sessions() -> Any:
    """End one of one's sessions, or all but the one at hand."""
    by, id, here = acting(house(), author()), current_user.id, session.get(KEY)
    only = request.form.get("session") or None
    ended = house().services.ledger.write(
        lambda connection: account_commands.end_sessions(connection, id, by=by, only=only, but=None if only else here)
    )
    flash(_("C’est fermé.") if ended else _("Cette session était déjà fermée."), "accepted" if ended else "refused")
    return redirect(url_for("account.show"))


def register(app: Flask, house: House) -> None:
    """Note a password that flask-security changes, and end the sessions that it ends."""

    @password_changed.connect_via(app)
    def _changed(_: Flask, user: Any, **__: Any) -> None:
        here, id = session.get(KEY), user.id
        house.services.ledger.write(lambda connection: end_all(connection, house.now(), id, but=here))
        entry = acting(house, user.email).entry("user.password", user.email)
        record_with(app.extensions["houblon.accounts"].db.session, house.services.ledger, entry)

    app.extensions["houblon.account"] = _changed
