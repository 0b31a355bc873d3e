"""Mot de passe oublié: asking for a link to a new one, and choosing it. At flask-security's addresses, in its place.

What is asked takes the same work for an address with an account, with an invitation, and with nothing.
"""

from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_security.forms import _build_form_from_request
from flask_security.utils import do_flash, get_message, hash_password
from sqlalchemy import Connection, Row

from houblon.web.access import account_commands, throttle
from houblon.web.access.account_state import Door
from houblon.web.access.addresses import normal_address
from houblon.web.access.audit import source
from houblon.web.access.one_time_links import is_resettable, queue_for_forgetful, read_reset
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current


def register(app: Flask) -> None:
    """Answer where flask-security's own views would."""
    app.view_functions["security.forgot_password"] = ask
    app.view_functions["security.reset_password"] = choose


def ask() -> Any:
    """Have a link sent to an address, whosever it is; the answer tells nothing of that."""
    if request.method != "POST":
        typed = current_user.email if current_user.is_authenticated else ""
        return render_template("account/forgot.html", typed=typed, fault=None)
    typed = request.form.get("email", "")
    address = normal_address(typed)
    if address is None:
        fault = _("Ce n’est pas une adresse de courriel : écrivez-la comme nom@exemple.ca.")
        return render_template("account/forgot.html", typed=typed[:320], fault=fault), 422
    services, now, language = house().services, house().now(), current()
    services.ledger.write(lambda connection: queue_for_forgetful(connection, services, address, language, now))
    do_flash(*get_message("PASSWORD_RESET_REQUEST", email=address))
    return render_template("account/forgot.html", typed=address, fault=None)


def choose(token: str) -> Any:
    """The new password of whoever opens the link from their mail, once."""
    read = read_reset(house().services.secret, token, house().now())
    found = None if read is None else _account(read)
    if read is None or found is None:
        return _over()
    form: Any = _build_form_from_request("reset_password_form")
    form.user = found
    if not form.validate_on_submit():
        return render_template("account/reset.html", reset_password_form=form, reset_password_token=token)
    services, now, digest, where = house().services, house().now(), read[1], source()
    hashed = hash_password(form.password.data)

    def work(connection: Connection) -> bool:
        throttle.forgive_person(connection, found.id)
        return account_commands.use_link(
            connection,
            services,
            found.id,
            hashed,
            door=Door.FORGOTTEN,
            mark=digest,
            source=where,
            at=now,
        )

    if not services.ledger.write(work):
        return _over()
    do_flash(*get_message("PASSWORD_RESET_NO_LOGIN"))
    return redirect(url_for("security.login"))


def _account(read: tuple[int, str]) -> Row[Any] | None:
    """The account that the link is good for; None when it is good no more."""
    with house().services.ledger.reading() as connection:
        found = account_commands.account(connection, read[0])
    return found if found is not None and is_resettable(found, read[1]) else None


def _over() -> Any:
    flash(_("Ce lien ne vaut plus, ou il a déjà servi : demandez-en un autre."), "refused")
    return redirect(url_for("security.forgot_password"))
