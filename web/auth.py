"""Who is at the desk: sign-in, and no page without it but the signed invoice link."""

import hashlib
from typing import Any

from flask import Flask, abort, request
from flask_security import Security, auth_required, current_user
from flask_security.utils import hash_password

from web.accounts import ROLES, open_accounts
from web.composition import House

# What anybody may open: the invoice's signed link, the sign-in page, what the pages are made of,
# and the doors for machines, which have their own locks.
PUBLIC = {
    "static",
    "invoices.shared",
    "language.switch",
    "security.static",
    "health.alive",
    "health.ready",
    "health.measures",
}
PUBLIC_BLUEPRINTS = {"security", "webhooks", "api", "api_docs"}


def register(app: Flask, house: House) -> None:
    """Set up accounts; every page asks for a sign-in unless it is named public."""
    secret = house.desk.secret
    app.config.update(
        SECRET_KEY=secret,
        SECURITY_PASSWORD_SALT=hashlib.sha256(f"password salt {secret}".encode()).hexdigest(),
        SECURITY_REGISTERABLE=False,
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_LOGIN_URL="/connexion",
        SECURITY_LOGOUT_URL="/deconnexion",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/connexion",
        SECURITY_LOGIN_USER_TEMPLATE="login.html",
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_DEFAULT_REMEMBER_ME=False,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=house.settings.is_https,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=house.settings.is_https,
        WTF_CSRF_TIME_LIMIT=None,
    )
    datastore, session = open_accounts(house.desk.ledger.engine)
    app.extensions["houblon.accounts"] = datastore
    Security(app, datastore)
    app.teardown_appcontext(lambda _: session.remove())

    @app.before_request
    def _signed_in() -> Any:
        if request.endpoint is None:
            return None if _is_asset() else _require()
        if request.endpoint in PUBLIC or request.blueprint in PUBLIC_BLUEPRINTS:
            return None
        return _require()

    def _is_asset() -> bool:
        return request.path.startswith(("/api/", "/webhooks/", "/static/"))

    def _require() -> Any:
        return auth_required("session")(lambda: None)()


def add_account(app: Flask, email: str, password: str, role: str = "administrator") -> bool:
    """A new account with one of ROLES; False when the address has one already."""
    datastore = app.extensions["houblon.accounts"]
    with app.app_context():
        if datastore.find_user(email=email) is not None:
            return False
        for each in ROLES:
            datastore.find_or_create_role(name=each)
        datastore.create_user(email=email, password=hash_password(password), roles=[role])
        datastore.commit()
    return True


def set_password(app: Flask, email: str, password: str) -> bool:
    """Give an account a new password and end its sessions; False when there is no such account."""
    datastore = app.extensions["houblon.accounts"]
    with app.app_context():
        user = datastore.find_user(email=email)
        if user is None:
            return False
        user.password = hash_password(password)
        datastore.set_uniquifier(user)
        datastore.put(user)
        datastore.commit()
    return True


def author() -> str:
    """Who is signed in, as histories name them."""
    if not current_user.is_authenticated:
        abort(401)
    return current_user.email
