"""How often somebody may guess a password or a code, or have a mail sent.

Three limits stand beside each other, each counted before anything is checked; what was right is given back:
- of one person from one place: a stranger who guesses keeps only their own place out;
- of one place, however many people it tries;
- of one person from all places, a slower one: places from which that person has been signed in are not asked
  for it, so that whoever owns the account comes in while others guess.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from flask import Flask, Response, make_response, render_template, request, session
from flask_security import current_user
from sqlalchemy import ColumnElement, Connection, func, select

from houblon.engine.core.problem import Text, problem
from houblon.web.access.accounts import accounts, sessions
from houblon.web.access.addresses import normal_address
from houblon.web.access.attempts import Limit, forgive, give_back, take
from houblon.web.foundation.composition import House
from houblon.web.limits.callers import place as place_of_caller
from houblon.web.limits.callers import place_of

_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)


class Limits(msgspec.Struct, frozen=True):
    """What is counted together, and how often it may be tried."""

    what: str
    person_and_place: Limit
    place: Limit
    person: Limit


PASSWORDS = Limits("password", Limit(10, _QUARTER), Limit(40, _QUARTER), Limit(50, _HOUR))
CODES = Limits("code", Limit(10, _QUARTER), Limit(40, _QUARTER), Limit(30, _HOUR))
ENROLMENTS = Limits("enrolment", Limit(10, _QUARTER), Limit(40, _QUARTER), Limit(50, _HOUR))
# Each of these writes a mail: none is given back.
MAILS = Limits("mail", Limit(3, _HOUR), Limit(20, _HOUR), Limit(6, _HOUR))
_NEVER = Limit(1_000_000, _HOUR)
_TITLE = Text("Trop d’essais.", "Too many attempts.")


class _Person(msgspec.Struct, frozen=True):
    """Who is tried: an account where there is one, else the address as it would be looked up."""

    name: str
    account: int | None


# What the request says of who is tried; whose that is, the ledger says.
Who = Callable[[], tuple[str, ColumnElement[bool]]]


def register(app: Flask, house: House) -> None:
    """Put the limits around the pages where one can guess, or have a mail sent."""
    for endpoint, limits, who in (
        ("security.login", PASSWORDS, _typed),
        ("security.verify", PASSWORDS, _signed_in),
        ("security.change_password", PASSWORDS, _signed_in),
        ("security.two_factor_token_validation", CODES, _half_signed_in),
        ("security.mf_recovery", CODES, _half_signed_in),
        ("security.two_factor_setup_validate", ENROLMENTS, _signed_in),
        ("security.forgot_password", MAILS, _typed),
    ):
        app.view_functions[endpoint] = _limited(house, app.view_functions[endpoint], limits, who)


def forgive_person(connection: Connection, account: int) -> None:
    """Count no more what others guessed of a person who has just shown, by a link from their mail, who they are."""
    forgive(connection, _key(PASSWORDS, "person", f"account {account}"))


def _limited(house: House, view: Callable[..., Any], limits: Limits, who: Who) -> Callable[..., Any]:
    def limited(**arguments: Any) -> Any:
        if request.method != "POST":
            return view(**arguments)
        (name, is_theirs), place, now = who(), place_of_caller(), house.now()

        def count(connection: Connection) -> list[int] | timedelta:
            id = connection.execute(select(accounts.c.id).where(is_theirs)).scalar_one_or_none()
            person = _Person(name if id is None else f"account {id}", id)
            return take(connection, _wanted(connection, limits, person, place), now)

        taken = house.services.ledger.write(count)
        if isinstance(taken, timedelta):
            return _too_often(taken)
        response = make_response(view(**arguments))
        # A guess that was right leads on; a wrong one shows its form again.
        if response.status_code == 302 and limits is not MAILS:
            house.services.ledger.write(lambda connection: give_back(connection, taken))
        return response

    return limited


def _wanted(connection: Connection, limits: Limits, person: _Person, place: str) -> list[tuple[str, Limit]]:
    """What one attempt counts for."""
    slower = _NEVER if _is_known(connection, person, place) else limits.person
    return [
        (_key(limits, "person and place", person.name, place), limits.person_and_place),
        (_key(limits, "place", place), limits.place),
        (_key(limits, "person", person.name), slower),
    ]


def _key(limits: Limits, *of: str) -> str:
    return "\n".join((limits.what, *of))


def _is_known(connection: Connection, person: _Person, place: str) -> bool:
    """Whether the person has been signed in from there, as long as sessions are kept: from an address of that place."""
    theirs = select(sessions.c.address).where(sessions.c.account_id == (person.account or 0)).distinct()
    return any(place_of(address) == place for address in connection.execute(theirs).scalars())


def _typed() -> tuple[str, ColumnElement[bool]]:
    """Whose address was typed, in the form that is looked up: other spellings of it count together."""
    typed = request.form.get("email", "")
    address = normal_address(typed)
    name = f"no address {typed.strip().lower()[:320]}" if address is None else f"address {address}"
    return name, func.lower(accounts.c.email) == (address or "")


def _half_signed_in() -> tuple[str, ColumnElement[bool]]:
    """Whose password was right a moment ago."""
    return "nobody", accounts.c.fs_uniquifier == str(session.get("tf_user_id", ""))


def _signed_in() -> tuple[str, ColumnElement[bool]]:
    return "nobody", accounts.c.id == (current_user.id if current_user.is_authenticated else 0)


def _too_often(wait: timedelta) -> Response:
    """429: how long to wait, and what else one can do."""
    seconds = max(1, -(-int(wait.total_seconds() * 1000) // 1000))
    minutes = -(-seconds // 60)
    said = problem(
        "too_many_attempts",
        "",
        f"Attendez jusqu’à {minutes} minutes avant d’essayer de nouveau. Mot de passe oublié ? Demandez un lien "
        "pour en choisir un autre.",
        f"Wait up to {minutes} minutes before you try again. Forgot your password? Ask for a link to choose another.",
    )
    response = make_response(render_template("error.html", status=429, title=_TITLE, problems=(said,)), 429)
    response.headers["Retry-After"] = str(seconds)
    return response
