"""Deuxième facteur: enrolling an authenticator application, another one, or none. In flask-security's place.

The key that is shown stays the same, whatever codes are typed and however often the page is opened, until it is
confirmed or given up. It lies in the session, encrypted; signing out gives it up too.
"""

import secrets
from typing import Any

from flask import Flask, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import auth_required, current_user
from flask_security.proxies import _security

from houblon.web.access import account_commands
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import FRESH_FOR, FRESH_LONGER, author
from houblon.web.foundation.current_app import house

_BEGUN = "enrolment"  # in the session: a mark for the form, and the key


def register(app: Flask) -> None:
    """Answer where flask-security's own views would."""
    fresh = auth_required("session", within=lambda: FRESH_FOR, grace=lambda: FRESH_LONGER)
    app.view_functions["security.two_factor_setup"] = fresh(setup)
    app.view_functions["security.two_factor_setup_validate"] = fresh(confirm)


def setup() -> Any:
    """The key to enrol, once it was asked for; else what there is to choose."""
    deed = request.form.get("setup") if request.method == "POST" else None
    if deed == "authenticator" and _BEGUN not in session:
        session[_BEGUN] = [secrets.token_urlsafe(12), _security.totp_factory.generate_totp_secret()]
    if deed == "abandon":
        session.pop(_BEGUN, None)
        flash(_("La clé est abandonnée : rien n’a changé."), "accepted")
        return redirect(url_for("security.two_factor_setup"))
    if deed == "disable":
        return _remove()
    return _page()


def confirm(token: str) -> Any:
    """Enrol the application whose code is right; a wrong one leaves the key as it is."""
    begun = session.get(_BEGUN)
    if begun is None or begun[0] != token:
        flash(_("Cette clé ne vaut plus : recommencez l’inscription."), "refused")
        return redirect(url_for("security.two_factor_setup"))
    codes: Any = _security.totp_factory
    number = codes.number_of(request.form.get("code", "")[:20], begun[1])
    if number is None:
        return _page(_("Ce code n’est pas le bon. La clé reste la même : tapez le code que l’application montre.")), 422
    services, id, by = house().services, current_user.id, acting(house(), author())
    services.ledger.write(
        lambda connection: account_commands.add_two_factor(connection, services, id, begun[1], number, by=by)
    )
    session.pop(_BEGUN)
    flash(_("Votre deuxième facteur est actif. Faites maintenant vos codes de secours."), "accepted")
    return redirect(url_for("security.mf_recovery_codes"))


def _remove() -> Any:
    services, id, by = house().services, current_user.id, acting(house(), author())
    done = services.ledger.write(lambda connection: account_commands.remove_two_factor(connection, services, id, by=by))
    flash(
        *(_("Votre deuxième facteur est retiré."), "accepted")
        if done
        else (_("C’était déjà fait : rien ne change."), "refused")
    )
    return redirect(url_for("account.show"))


def _page(fault: str | None = None) -> str:
    begun = session.get(_BEGUN)
    shown = _security.totp_factory.fetch_setup_values(begun[1], current_user) if begun else None
    return render_template("account/second_factor.html", mark=begun[0] if begun else None, shown=shown, fault=fault)
