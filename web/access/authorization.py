"""The gate before every request: who is there, is their session open, may their role do this?"""

from datetime import timedelta
from typing import Any

from flask import Flask, abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import Forbidden

from houblon.engine.core.problem import Text, problem
from houblon.web.access.permissions import (
    CLOSED,
    DOOR,
    OPEN,
    OWN,
    PERMISSIONS,
    ROLE_NAMES,
    ROLES,
    least_role,
    needs,
    permissions_of,
)
from houblon.web.access.sessions import forget_if_over
from houblon.web.foundation.composition import House
from houblon.web.foundation.typed import carried, typed

# Where somebody who must enrol a second factor may go before they have one.
_ENROLMENT = {
    "security.two_factor_setup",
    "security.two_factor_setup_validate",
    "security.verify",
    "security.logout",
}
# Where the code of somebody is taken whose password was right, and for how long after it.
HALF_WAY, _HALF_SINCE = ("security.two_factor_token_validation", "security.mf_recovery"), "half_since"
HALF_WAY_FOR = timedelta(minutes=15)


class NotPermitted(Forbidden):
    """403 that says what is needed."""

    def __init__(self, permission: str):
        super().__init__()
        least, what = least_role(permission), PERMISSIONS[permission]
        role, is_top = ROLE_NAMES[least], least == ROLES[-1]
        or_above = Text("", "") if is_top else Text(", ou un rôle au-dessus,", ", or one above it,")
        self.problems = (
            problem(
                "role",
                "",
                f"Il faut le rôle {role.fr}{or_above.fr} pour {what.fr}. Une personne de "
                "l’administration peut changer le vôtre.",
                f"It takes the role {role.en}{or_above.en} to {what.en}. An administrator can change yours.",
            ),
        )


def may(permission: str) -> bool:
    """Whether the person who is signed in may do this."""
    return current_user.is_authenticated and permission in permissions_of(current_user.role)


def may_open(endpoint: str) -> bool:
    """Whether the page at an endpoint is theirs to open."""
    need = needs(endpoint, "GET")
    return need in (OPEN, DOOR, OWN) or may(need)


def require(permission: str) -> None:
    """Raises NotPermitted unless the person may: for views whose need depends on more than their address."""
    if not may(permission):
        raise NotPermitted(permission)


def register(app: Flask, house: House) -> None:
    """Stand before every request; let templates ask `may('publish')` and `may_open('users.index')`."""
    app.jinja_env.globals.update(may=may, may_open=may_open)

    @app.before_request
    def _gate() -> Any:
        if request.endpoint is None and request.path.startswith(("/api/", "/webhooks/", "/static/")):
            return None
        need = needs(request.endpoint, request.method) if request.endpoint else OWN
        if need == DOOR:
            return None
        if need == CLOSED:
            abort(404)
        if request.blueprint == "security":
            return _at_the_way_in(house, need)
        return None if need == OPEN else _inside(house, need)

    @app.after_request
    def _half_way(response: Any) -> Any:
        """Note when the password was right of somebody whose code is still to come."""
        if request.endpoint == "security.login" and "tf_user_id" in session:
            session.setdefault(_HALF_SINCE, int(house.now().timestamp()))
        return response


def _at_the_way_in(house: House, need: str) -> Any:
    """What flask-security answers by itself: forms alone, by whoever is who they were a moment ago."""
    if request.is_json:
        abort(400)
    if need != OPEN:
        return _inside(house, need)
    forget_if_over()
    if request.endpoint not in HALF_WAY:
        return None
    if current_user.is_authenticated:
        return redirect(url_for("account.show"))
    if house.now().timestamp() - session.get(_HALF_SINCE, 0) > HALF_WAY_FOR.total_seconds():
        session.clear()
        flash(_("Le mot de passe a été donné il y a trop longtemps : recommencez."), "refused")
        return redirect(url_for("security.login"))
    return None


def _inside(house: House, need: str) -> Any:
    if forget_if_over():
        g.session_is_left = True
    if not current_user.is_authenticated:
        return _keep_typed() or _to_sign_in()
    if house.profile.two_factor and not current_user.tf_primary_method and request.endpoint not in _ENROLMENT:
        return redirect(url_for("security.two_factor_setup"))
    if need != OWN:
        require(need)
    return None


def _is_own_form() -> bool:
    """Whether a page of this house sent the form: by its token, or where another tab signed out meanwhile, which took
    the token's secret along, by what the browser says of its page."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValueError:  # as WTForms raises it
        return request.headers.get("Origin") == request.host_url.rstrip("/")
    return True


def _keep_typed() -> Any:
    """What somebody typed whose session ended meanwhile, to be sent again; None where there is nothing to keep.

    Only what a form of this browser's own pages sent: another site can't have its words shown here.
    """
    if request.method != "POST" or request.blueprint == "security":
        return None
    if not _is_own_form():
        return None
    if request.headers.get("HX-Request"):
        # The page stays as it is: a part of it that asks by itself is not the place to sign in.
        return make_response("", 401)
    if not carried():
        return None
    page = render_template(
        "session_over.html", action=request.full_path, fields=carried(), typed=typed(), had_files=bool(request.files)
    )
    return make_response(page, 401)


def _to_sign_in() -> Any:
    """The sign-in page, and back to the page that was asked for."""
    if g.get("session_is_left"):
        flash(_("Votre session est terminée : ouvrez-en une nouvelle."), "refused")
    next_ = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("security.login", next=next_))
