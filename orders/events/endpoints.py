"""Endpoints of outgoing webhooks: where events go, which ones, and the secrets that sign them."""

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.engine.core.texts import is_text
from houblon.orders.db.tables import endpoints, outbox
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.reading import check_place, newest_place, removed_through
from houblon.orders.events.webhook_addresses import Network, is_permitted, literal

# Each active endpoint has a thread of its own while it has something to send.
MAX_ENDPOINTS = 30
OLD_SECRET_LASTS = timedelta(hours=24)
# Whoever is at a new address, or is resumed by somebody, is tried at once.
_RESTED: dict[str, Any] = {"rests": 0, "rests_until": None}
REMOVED = "the endpoint was removed"
# A message that starts over.
ANEW: dict[str, Any] = {"state": "pending", "attempts": 0, "error": None}
Random = Callable[[int], bytes]


class Paused(LookupError):
    """The endpoint is told nothing until somebody resumes it."""


class Wanted(msgspec.Struct, frozen=True):
    """What somebody asks of an endpoint."""

    url: str
    events: tuple[str, ...]
    description: str = ""


def add_endpoint(
    connection: Connection, wanted: Wanted, random: Random, at: datetime, allowed: Iterable[Network] = ()
) -> tuple[str, str]:
    """Make an endpoint, which is told what happens from now on: its id and its secret, `whsec_…`. Raises Invalid."""
    problems = [*faults(wanted, allowed)]
    if connection.execute(select(func.count()).select_from(endpoints)).scalar_one() >= MAX_ENDPOINTS:
        text = Text(f"Au plus {MAX_ENDPOINTS} points de livraison.", f"At most {MAX_ENDPOINTS} endpoints.")
        problems.append(Problem("too_many", "", text))
    if problems:
        raise Invalid(problems)
    id, secret = "ep_" + random(9).hex(), _new_secret(random)
    values = {"id": id, "secret": secret, "active": True, "created_at": at}
    values["place"] = newest_place(connection)
    connection.execute(insert(endpoints).values(**values, **_columns(wanted)))
    return id, secret


def change_endpoint(connection: Connection, id: str, wanted: Wanted, allowed: Iterable[Network] = ()) -> None:
    """Say anew where an endpoint is and what it is told from its place on. Raises Invalid, LookupError."""
    problems = [*faults(wanted, allowed)]
    if problems:
        raise Invalid(problems)
    known_endpoint(connection, id)
    connection.execute(update(endpoints).where(endpoints.c.id == id).values(**_RESTED, **_columns(wanted)))


def pause(connection: Connection, id: str, why: str | None = None) -> bool:
    """Tell the endpoint nothing more; what waits for it, and what happens meanwhile, waits on. False when it was paused
    already."""
    stop = update(endpoints).where(endpoints.c.id == id, endpoints.c.active).values(active=False, stopped_why=why)
    return connection.execute(stop).rowcount == 1


def resume(connection: Connection, id: str, at: datetime) -> bool:
    """Tell the endpoint again what happens, and what happened meanwhile; what waits, or was parked when it stopped,
    goes out. False when it was active."""
    known = known_endpoint(connection, id)
    start = update(endpoints).where(endpoints.c.id == id, ~endpoints.c.active)
    if connection.execute(start.values(active=True, stopped_why=None, **_RESTED)).rowcount != 1:
        return False
    stopped = update(outbox).where(outbox.c.destination == destination_of(id), outbox.c.state == "parked")
    if known.stopped_why is not None:
        connection.execute(stopped.where(outbox.c.error == known.stopped_why).values(**ANEW, due_at=at))
    return True


def lost_through(connection: Connection, endpoint: Row[Any]) -> int | None:
    """The last event that the endpoint was not told and that is not kept any more; None where there is none such."""
    removed = removed_through(connection)
    return removed if endpoint.place < removed else None


def resend_after(connection: Connection, id: str, place: int) -> None:
    """Have the endpoint told anew what happened after a place, of what it asks for; what waits for it goes out once.

    Raises LookupError, Gone for a place older than what is kept, Invalid for one still to come.
    """
    known_endpoint(connection, id)
    check_place(connection, place)
    # One that is not there yet comes there by itself.
    back = update(endpoints).where(endpoints.c.id == id, endpoints.c.place > place)
    connection.execute(back.values(place=place))


def rotate(connection: Connection, id: str, random: Random, at: datetime) -> str:
    """A new secret; the one before signs beside it for a day. Raises LookupError."""
    known, secret = known_endpoint(connection, id), _new_secret(random)
    values = {"secret": secret, "old_secret": known.secret, "old_secret_until": at + OLD_SECRET_LASTS}
    connection.execute(update(endpoints).where(endpoints.c.id == id).values(**values))
    return secret


def remove(connection: Connection, id: str) -> None:
    """Forget the endpoint; what waited for it is parked. Raises LookupError."""
    known_endpoint(connection, id)
    dead_letter_waiting(connection, id, REMOVED)
    connection.execute(delete(endpoints).where(endpoints.c.id == id))


def dead_letter_waiting(connection: Connection, id: str, why: str) -> None:
    """Park every message that waits for the endpoint."""
    waiting = update(outbox).where(outbox.c.state == "pending", outbox.c.destination == destination_of(id))
    connection.execute(waiting.values(state="parked", error=why))


def list_endpoints(connection: Connection) -> Sequence[Row[Any]]:
    """Every endpoint, the oldest first."""
    return connection.execute(select(endpoints).order_by(endpoints.c.created_at, endpoints.c.id)).all()


def endpoint_row(connection: Connection, id: str) -> Row[Any] | None:
    return connection.execute(select(endpoints).where(endpoints.c.id == id)).one_or_none()


def secrets_at(endpoint: Row[Any], at: datetime) -> tuple[str, ...]:
    """The secrets that sign at `at`, the newest first."""
    is_old_good = endpoint.old_secret is not None and at < endpoint.old_secret_until
    return (endpoint.secret, endpoint.old_secret) if is_old_good else (endpoint.secret,)


def destination_of(id: str) -> str:
    """How the outbox names what goes to an endpoint."""
    return f"webhook:{id}"


def faults(wanted: Wanted, allowed: Iterable[Network] = ()) -> list[Problem]:
    """What is wrong with an endpoint that is asked for. Where a name leads is asked when it is called."""
    found = [_fault_of_url(wanted.url, tuple(allowed))]
    unknown = [each for each in wanted.events if each not in EVENTS]
    if unknown or not wanted.events:
        said = ", ".join(EVENTS)
        text = Text(f"Choisissez au moins un événement parmi : {said}.", f"Choose at least one event of: {said}.")
        found.append(Problem("unknown_option" if unknown else "required", "/events", text))
    if not is_text(wanted.description, 200):
        text = Text("Une description de 200 caractères au plus.", "A description of at most 200 characters.")
        found.append(Problem("length", "/description", text))
    return [each for each in found if each is not None]


def _fault_of_url(url: str, allowed: tuple[Network, ...]) -> Problem | None:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return _bad_url("Une adresse comme https://exemple.ca/webhooks.", "An address like https://example.com/hooks.")
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > 2000 or not whole:
        return _bad_url("Une adresse comme https://exemple.ca/webhooks.", "An address like https://example.com/hooks.")
    if parts.username is not None or parts.password is not None:
        return _bad_url("Sans nom ni mot de passe dans l’adresse.", "Without a name or password in the address.")
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
        return _bad_url("L’adresse commence par https://.", "The address starts with https://.")
    address = literal(parts.hostname or "")
    if address is not None and not is_permitted(address, allowed):
        return _bad_url(
            "Cette adresse n’est pas de l’internet ouvert : rien n’y sera envoyé.",
            "This address is not on the open internet: nothing is sent there.",
        )
    return None


def _bad_url(fr: str, en: str) -> Problem:
    return Problem("url", "/url", Text(fr, en))


def _columns(wanted: Wanted) -> dict[str, Any]:
    events = [each for each in EVENTS if each in wanted.events]
    return {"url": wanted.url, "events": events, "description": wanted.description.strip()}


def known_endpoint(connection: Connection, id: str) -> Row[Any]:
    """The endpoint's row. Raises LookupError."""
    row = endpoint_row(connection, id)
    if row is None:
        raise LookupError(f"there is no endpoint {id}")
    return row


def _new_secret(random: Random) -> str:
    return "whsec_" + base64.b64encode(random(24)).decode()
