"""How often somebody may guess: a password or a code, by the account that is tried and by where it comes from.

Failures are counted, not sign-ins, in the ledger: a restart forgets nothing, and several processes
count together.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, make_response, render_template, request, session
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from flask_security import current_user

from houblon.engine.core.problem import Text, problem
from houblon.web.access.attempts import SCHEME
from houblon.web.foundation.composition import House

# For one account, and for one place however many accounts it tries.
BY_ACCOUNT, BY_PLACE = "10 per 15 minutes", "40 per 15 minutes"
MAILS_BY_ACCOUNT, MAILS_BY_PLACE = "3 per hour", "20 per hour"
_TITLE = Text("Trop d’essais.", "Too many attempts.")


def register(app: Flask, house: House) -> None:
    """Put the limits around flask-security's own views."""
    options: dict[str, Any] = {"ledger": house.services.ledger, "now": house.now}
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=f"{SCHEME}://",
        storage_options=options,
        strategy="moving-window",
        on_breach=_told,
    )
    for endpoint, account in (
        ("security.login", _address),
        ("security.two_factor_token_validation", _half_signed_in),
        ("security.mf_recovery", _half_signed_in),
        ("security.two_factor_setup_validate", _signed_in),
        ("security.verify", _signed_in),
        ("security.change_password", _signed_in),
    ):
        _limit(app, limiter, endpoint, BY_ACCOUNT, account, _failed)
        _limit(app, limiter, endpoint, BY_PLACE, get_remote_address, _failed)
    # Each of these writes a mail: all are counted.
    _limit(app, limiter, "security.forgot_password", MAILS_BY_ACCOUNT, _address, None)
    _limit(app, limiter, "security.forgot_password", MAILS_BY_PLACE, get_remote_address, None)


def _limit(
    app: Flask,
    limiter: Limiter,
    endpoint: str,
    often: str,
    who: Callable[[], str],
    counts: Callable[[Response], bool] | None,
) -> None:
    decorate = limiter.limit(often, key_func=who, methods=["POST"], deduct_when=counts)
    limited: Any = decorate(app.view_functions[endpoint])
    app.view_functions[endpoint] = limited


def _failed(response: Response) -> bool:
    """A guess that was right leads on; a wrong one shows its form again."""
    return response.status_code != 302


def _address() -> str:
    return f"address {request.form.get('email', '').strip().lower()[:320]}"


def _half_signed_in() -> str:
    return f"account {session.get('tf_user_id', get_remote_address())}"


def _signed_in() -> str:
    return f"account {current_user.get_id() or get_remote_address()}"


def _told(limit: RequestLimit) -> Any:
    """429: how long to wait, and what else one can do."""
    minutes = max(1, -(-limit.limit.get_expiry() // 60))
    said = problem(
        "too_many_attempts",
        "",
        f"Attendez jusqu’à {minutes} minutes avant d’essayer de nouveau. Mot de passe oublié ? Demandez un lien "
        "pour en choisir un autre.",
        f"Wait up to {minutes} minutes before you try again. Forgot your password? Ask for a link to choose another.",
    )
    response = make_response(render_template("error.html", status=429, title=_TITLE, problems=(said,)), 429)
    response.headers["Retry-After"] = str(limit.limit.get_expiry())
    return response
