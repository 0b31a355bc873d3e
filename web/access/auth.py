"""Who is signed in: flask-security, configured for Houblon."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, abort
from flask_security import LoginForm, Security, current_user
from flask_security.utils import hash_password

from houblon.engine.core.problem import Invalid
from houblon.orders.services import Services
from houblon.web.access import account_commands, authorization, sessions
from houblon.web.access.account_mail import OutboxMail
from houblon.web.access.accounts import open_accounts
from houblon.web.access.second_factor import RECOVERY_CODES, RecoveryCodes, Totp
from houblon.web.foundation.composition import House

PASSWORD_LENGTH = 12
# How long after the password was given one may change what protects the account, and how long each change adds.
FRESH_FOR, FRESH_LONGER = timedelta(minutes=30), timedelta(minutes=10)
_TRANSLATIONS = str(Path(__file__).parents[1] / "translations")


class PlainLoginForm(LoginForm):
    """The sign-in form without what its page does not show: a field that would keep somebody signed in for a year."""

    remember = None


def register(app: Flask, house: House) -> None:
    """Set up accounts, sessions that can be ended, and the gate."""
    app.config.update(_settings(house.services, house.settings.is_https))
    datastore, session = open_accounts(house.services.ledger.engine)
    app.extensions["houblon.accounts"] = datastore
    security = Security(
        app,
        datastore,
        mail_util_cls=OutboxMail,
        totp_cls=Totp,
        mf_recovery_codes_util_cls=RecoveryCodes,
        login_form=PlainLoginForm,
    )
    # Pages alone: nothing is asked of these in JSON, and nothing told.
    security.want_json(lambda request: False)
    app.teardown_appcontext(lambda _: session.remove())
    sessions.register(app, house)
    authorization.register(app, house)


def _settings(services: Services, is_https: bool) -> dict[str, Any]:
    cookie = {"httponly": True, "samesite": "Lax", "secure": is_https}
    return {
        **_secrets(services),
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_I18N_DIRNAME": [_TRANSLATIONS],
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "test_environment": True},
        "SECURITY_EMAIL_HTML": False,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_DEFAULT_REMEMBER_ME": False,
        "SECURITY_PASSWORD_LENGTH_MIN": PASSWORD_LENGTH,
        "SECURITY_FRESHNESS": FRESH_FOR,
        "SECURITY_FRESHNESS_GRACE_PERIOD": FRESH_LONGER,
        # The way in and out
        "SECURITY_LOGIN_URL": "/connexion",
        "SECURITY_LOGOUT_URL": "/deconnexion",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_POST_LOGIN_VIEW": "/",
        "SECURITY_POST_LOGOUT_VIEW": "/connexion",
        "SECURITY_LOGIN_USER_TEMPLATE": "login.html",
        "SECURITY_VERIFY_URL": "/compte/verifier",
        "SECURITY_VERIFY_TEMPLATE": "account/verify.html",
        # Passwords
        "SECURITY_RECOVERABLE": True,
        "SECURITY_RESET_URL": "/mot-de-passe",
        "SECURITY_RESET_PASSWORD_TEMPLATE": "account/reset.html",
        "SECURITY_CHANGEABLE": True,
        "SECURITY_CHANGE_URL": "/compte/mot-de-passe",
        "SECURITY_CHANGE_PASSWORD_TEMPLATE": "account/password.html",
        "SECURITY_POST_CHANGE_VIEW": "/compte",
        # A second factor, for those who want it; the gate asks it of all where the installation says so
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_SETUP_URL": "/compte/deuxieme-facteur",
        "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/connexion/code",
        "SECURITY_TWO_FACTOR_RESCUE_URL": "/connexion/aide",
        "SECURITY_TWO_FACTOR_SELECT_URL": "/connexion/choix",
        "SECURITY_TWO_FACTOR_VERIFY_CODE_TEMPLATE": "account/code.html",
        "SECURITY_TOTP_ISSUER": "Houblon",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": RECOVERY_CODES,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL": "/compte/codes-de-secours",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_TEMPLATE": "account/recovery_codes.html",
        "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/connexion/secours",
        "SECURITY_MULTI_FACTOR_RECOVERY_TEMPLATE": "account/recovery_code.html",
        **{f"SESSION_COOKIE_{name.upper()}": value for name, value in cookie.items()},
        **{f"REMEMBER_COOKIE_{name.upper()}": value for name, value in cookie.items()},
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _secrets(services: Services) -> dict[str, Any]:
    """A new secret ends sessions and links; what people enrolled with stays theirs: passwords keep the first one's
    salt, what the second factor encrypted is read by the one of its time."""
    newest_first = [services.secret, *(each.key for each in services.former)]
    return {
        "SECRET_KEY": services.secret,
        "SECURITY_PASSWORD_SALT": _derived(newest_first[-1], "password salt").hex(),
        # By their number: new ones are encrypted by the highest.
        "SECURITY_TOTP_SECRETS": {
            str(number): _derived(each, "totp").hex() for number, each in enumerate(reversed(newest_first), 1)
        },
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [
            base64.urlsafe_b64encode(_derived(each, "recovery codes")) for each in newest_first
        ],
    }


def _derived(secret: str, purpose: str) -> bytes:
    """32 bytes of the installation's secret, other ones for each purpose."""
    return hashlib.sha256(f"{purpose} {secret}".encode()).digest()


def add_account(app: Flask, email: str, password: str, role: str) -> bool:
    """A new account with this role; False when the address has one already."""
    house: House = app.extensions["houblon"]
    with app.app_context():
        hashed = hash_password(password)
    try:
        house.services.ledger.write(
            lambda connection: account_commands.add(connection, email, role, by=None, password=hashed)
        )
    except Invalid as invalid:
        if invalid.problems[0].code == "exists":
            return False
        raise
    return True


def author() -> str:
    """Who is signed in, as histories name them."""
    if not current_user.is_authenticated:
        abort(401)
    email: str = current_user.email
    return email
