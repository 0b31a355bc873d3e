"""What somebody who was invited opens from their mail: choose a password, once."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_security.proxies import _security
from flask_security.utils import hash_password
from sqlalchemy import Row

from houblon.web.access import account_commands
from houblon.web.access.account_state import Door
from houblon.web.access.audit import source
from houblon.web.access.one_time_links import is_invited, read_invitation
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import remember

blueprint = Blueprint("invitation", __name__, url_prefix="/invitation")


@blueprint.get("/<token>")
def show(token: str) -> Any:
    found = _invited(token)
    return _over() if found is None else _page(found, [])


@blueprint.post("/<token>")
def accept(token: str) -> Any:
    found = _invited(token)
    if found is None:
        return _over()
    password, again = request.form.get("mot_de_passe", ""), request.form.get("encore", "")
    faults, normal = _security.password_util.validate(password, False)
    if not faults and password != again:
        faults = [_("Les deux ne sont pas pareils : tapez le même mot de passe deux fois.")]
    if faults or not normal:
        return _page(found, faults or [_("Choisissez un mot de passe.")]), 422
    services, now, nonce, where = house().services, house().now(), found.invitation, source()
    hashed = hash_password(normal)
    taken = services.ledger.write(
        lambda connection: account_commands.use_link(
            connection,
            services,
            found.id,
            hashed,
            door=Door.INVITATION,
            mark=nonce,
            source=where,
            at=now,
        )
    )
    if not taken:
        return _over()
    flash(_("Votre mot de passe est enregistré : ouvrez votre session."), "accepted")
    return remember(redirect(url_for("security.login")), found.language or "fr")


def _invited(token: str) -> Row[Any] | None:
    """The account that waits for this invitation; None when it waits no longer."""
    read = read_invitation(house().services.secret, token, house().now())
    if read is None:
        return None
    with house().services.ledger.reading() as connection:
        found = account_commands.account(connection, read[0])
    return found if found is not None and is_invited(found, read[1]) else None


def _page(found: Row[Any], faults: list[str]) -> Any:
    return render_template("account/invitation.html", person=found, faults=faults, is_over=False)


def _over() -> Any:
    return render_template("account/invitation.html", person=None, faults=[], is_over=True), 410
