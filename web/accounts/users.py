"""Accès: who has an account, what their role is, and the way to let somebody in or out."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from houblon.engine.core.problem import Invalid
from houblon.web.access import account_commands
from houblon.web.access.addresses import kept_address
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.access.one_time_links import WITHIN, new_nonce, queue_invitation
from houblon.web.access.permissions import LADDER, PERMISSIONS, ROLE_NAMES
from houblon.web.access.sessions import open_sessions
from houblon.web.foundation.current_app import house

blueprint = Blueprint("users", __name__, url_prefix="/acces")
LANGUAGES = ("fr", "en")


@blueprint.get("")
def index() -> str:
    return _list()


@blueprint.post("")
def invite() -> Any:
    """Make an account without a password, and write to its person."""
    email, role = request.form.get("adresse", ""), request.form.get("role", "")
    language = request.form.get("langue", "")
    language = language if language in LANGUAGES else "fr"
    services, by, nonce = house().services, _by(), new_nonce()

    def work(connection: Connection) -> int:
        id = account_commands.add(connection, email, role, by=by, invitation=nonce, language=language)
        queue_invitation(connection, services, id, nonce, kept_address(email), language, by.at)
        return id

    try:
        id = services.ledger.write(work)
    except Invalid as invalid:
        return _list(problems=invalid.problems, typed=request.form), 422
    flash(_("L’invitation part à %(address)s ; elle vaut sept jours.", address=email.strip().lower()), "accepted")
    return redirect(url_for("users.show", id=id))


@blueprint.get("/<int:id>")
def show(id: int) -> Any:
    return _page(id)


@blueprint.post("/<int:id>/role")
def change_role(id: int) -> Any:
    role, by = request.form.get("role", ""), _by()
    return _act(
        id,
        lambda connection: account_commands.change_role(connection, id, role, by=by),
        _("Le rôle change dès maintenant."),
    )


@blueprint.post("/<int:id>/desactiver")
def deactivate(id: int) -> Any:
    by, message = _by(), _("Le compte est désactivé et ses sessions sont fermées. Le journal garde son nom.")
    return _act(id, lambda connection: account_commands.deactivate(connection, id, by=by), message)


@blueprint.post("/<int:id>/reactiver")
def reactivate(id: int) -> Any:
    by, message = _by(), _("Le compte est actif de nouveau.")
    return _act(id, lambda connection: account_commands.reactivate(connection, id, by=by), message)


@blueprint.post("/<int:id>/inviter")
def invite_again(id: int) -> Any:
    """Write once more; the link of the mail before no longer works."""
    services, by, nonce = house().services, _by(), new_nonce()

    def work(connection: Connection) -> bool:
        found = account_commands.invite_again(connection, id, nonce, by=by)
        queue_invitation(connection, services, id, nonce, found.email, found.language or "fr", by.at)
        return True

    return _act(id, work, _("Une nouvelle invitation part ; la précédente ne vaut plus."))


@blueprint.post("/<int:id>/sessions")
def end_sessions(id: int) -> Any:
    """End one session, or all of them."""
    by, only = _by(), request.form.get("session") or None
    message = _("Fermé : le prochain clic mène à la page de connexion.")
    return _act(id, lambda connection: account_commands.end_sessions(connection, id, by=by, only=only), message)


@blueprint.post("/<int:id>/deuxieme-facteur")
def remove_two_factor(id: int) -> Any:
    services, by = house().services, _by()
    message = _("Le deuxième facteur est retiré et ses sessions sont fermées ; un courriel le dit à la personne.")
    return _act(id, lambda connection: account_commands.remove_two_factor(connection, services, id, by=by), message)


def _act(id: int, work: Callable[[Connection], Any], message: str) -> Any:
    """Do it in one transaction and tell it; a refusal is told where it stands."""
    try:
        done = house().services.ledger.write(work)
    except Invalid as invalid:
        return _page(id, problems=invalid.problems), 422
    except LookupError:
        abort(404)
    flash(message if done else _("C’était déjà fait : rien ne change."), "accepted" if done else "refused")
    return redirect(url_for("users.show", id=id))


def _by() -> account_commands.By:
    return acting(house(), author())


def _list(**faults: Any) -> str:
    with house().services.ledger.reading() as connection:
        found = account_commands.listed(connection, house().now())
    return render_template(
        "users.html",
        people=found,
        is_late=_is_late,
        ladder=LADDER,
        permissions=PERMISSIONS,
        role_names=ROLE_NAMES,
        **{"problems": (), "typed": {}, **faults},
    )


def _page(id: int, **faults: Any) -> Any:
    with house().services.ledger.reading() as connection:
        found = account_commands.account(connection, id)
        if found is None:
            abort(404)
        opened = open_sessions(connection, id, house().now())
    return render_template(
        "user.html",
        person=found,
        opened=opened,
        is_late=_is_late,
        is_me=found.email == author(),
        role_names=ROLE_NAMES,
        ladder=LADDER,
        permissions=PERMISSIONS,
        **{"problems": (), **faults},
    )


def _is_late(invited_at: Any) -> bool:
    """Whether an invitation of that moment no longer works."""
    return invited_at is not None and house().now() > invited_at + WITHIN
