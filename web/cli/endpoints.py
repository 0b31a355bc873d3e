"""`houblon endpoint` and `houblon events`: who is told what happens, and what did, from a shell."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.orders.db.writer import T
from houblon.orders.events import endpoints
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.documents import Event
from houblon.orders.events.endpoints import Wanted
from houblon.orders.events.feed import enqueue_test_event
from houblon.orders.events.reading import read_after
from houblon.web.access.account_commands import By
from houblon.web.access.audit import CLI, by
from houblon.web.admin import acts
from houblon.web.cli.shell import data_option, json_option, opened, print_result, settings_of, speaks_problems
from houblon.web.foundation.composition import House

AT_ONCE = 500
LOOKS_EVERY = 1.0  # seconds


@click.group()
def endpoint() -> None:
    """Where webhooks go out to."""


@endpoint.command("add")
@data_option
@json_option
@click.argument("url")
@click.option("--event", "events", multiple=True, help=f"{', '.join(EVENTS)}; may be repeated. All, if none is given.")
@click.option("--description", default="", help="What it is, for people.")
@speaks_problems
def add(data: Path | None, url: str, events: tuple[str, ...], description: str, as_json: bool) -> None:
    """Send events to URL, and print the secret that signs them, once."""
    wanted = Wanted(url, events or EVENTS, description)
    with opened(data) as house:
        allowed, acting = house.settings.private_webhooks, by(house, CLI)

        id, secret = house.services.ledger.write(
            lambda connection: acts.add_endpoint(connection, acting, wanted, allowed)
        )
    print_result({"id": id, "url": url, "events": list(wanted.events), "secret": secret}, as_json, f"{id}\n{secret}")


@endpoint.command("list")
@data_option
@json_option
@speaks_problems
def list_(data: Path | None, as_json: bool) -> None:
    """Every endpoint; secrets are not shown again."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [_document(row) for row in endpoints.list_endpoints(connection)]
    lines = (
        f"{each['id']}  {'active' if each['active'] else 'paused'}  {each['url']}  {' '.join(each['events'])}"
        for each in found
    )
    print_result(found, as_json, "\n".join(lines) or "no endpoints")


@endpoint.command("set")
@data_option
@json_option
@click.argument("id")
@click.option("--url", help="Where its messages go from now on.")
@click.option("--event", "events", multiple=True, help="What it is told, all of it; may be repeated.")
@click.option("--description", help="What it is, for people.")
@speaks_problems
def set_(
    data: Path | None, id: str, url: str | None, events: tuple[str, ...], description: str | None, as_json: bool
) -> None:
    """Say anew where the endpoint ID is, or what it is told. What is not named stays."""

    allowed = settings_of(data).private_webhooks

    def work(connection: Connection, by: By) -> Wanted:
        known = endpoints.known_endpoint(connection, id)
        said = known.description if description is None else description
        wanted = Wanted(url or known.url, events or tuple(known.events), said)
        acts.change_endpoint(connection, by, id, wanted, allowed)
        return wanted

    wanted = _act(data, id, work)
    document = {"id": id, "url": wanted.url, "events": list(wanted.events), "description": wanted.description}
    print_result(document, as_json, f"{id}: {wanted.url}  {' '.join(wanted.events)}")


@endpoint.command("new-secret")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def new_secret(data: Path | None, id: str, as_json: bool) -> None:
    """Make the endpoint ID a new secret and print it, once; the one before signs beside it for a day."""
    secret = _act(data, id, lambda connection, by: acts.rotate_endpoint(connection, by, id))
    print_result({"id": id, "secret": secret}, as_json, secret)


@endpoint.command("remove")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def remove(data: Path | None, id: str, as_json: bool) -> None:
    """Send nothing more to the endpoint ID; what waited for it is parked."""
    _act(data, id, lambda connection, by: acts.remove_endpoint(connection, by, id))
    print_result({"removed": id}, as_json, f"Removed {id}.")


@endpoint.command("pause")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def pause(data: Path | None, id: str, as_json: bool) -> None:
    """Send nothing to the endpoint ID until it is resumed; what happens meanwhile waits for it."""
    _act(data, id, lambda connection, by: acts.pause_endpoint(connection, by, id))
    print_result({"paused": id}, as_json, f"Paused {id}.")


@endpoint.command("resume")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def resume(data: Path | None, id: str, as_json: bool) -> None:
    """Send to the endpoint ID again: what waits, and what happened meanwhile."""

    def work(connection: Connection, by: By) -> int | None:
        lost = endpoints.lost_through(connection, endpoints.known_endpoint(connection, id))
        acts.resume_endpoint(connection, by, id)
        return lost

    lost = _act(data, id, work)
    warning = "" if lost is None else f" Events up to {lost} are not kept any more: it is sent those after."
    print_result({"resumed": id, "lost_through": lost}, as_json, f"Resumed {id}.{warning}")


@endpoint.command("test")
@data_option
@json_option
@click.argument("id")
@speaks_problems
def test(data: Path | None, id: str, as_json: bool) -> None:
    """Have a running server send a test event to the endpoint ID."""
    _act(data, id, lambda connection, by: enqueue_test_event(connection, id, by.at))
    print_result({"tested": id}, as_json, f"A test event is on its way to {id}.")


@endpoint.command("resend")
@data_option
@json_option
@click.argument("id")
@click.option("--after", required=True, type=click.IntRange(min=0), help="The last event that the endpoint has.")
@speaks_problems
def resend(data: Path | None, id: str, after: int, as_json: bool) -> None:
    """Send anew what happened after a place, of what the endpoint ID asks for; ids stay the same."""
    _act(data, id, lambda connection, by: acts.resend_after(connection, by, id, after))
    print_result({"resent": id, "after": after}, as_json, f"{id} is sent anew what happened after {after}.")


def _act(data: Path | None, id: str, work: Callable[[Connection, By], T]) -> T:
    """Do it to the endpoint. Raises Invalid."""
    with opened(data) as house:
        acting = by(house, CLI)
        try:
            return house.services.ledger.write(lambda connection: work(connection, acting))
        except endpoints.Paused:
            raise refuse(
                "paused", "/id", f"Le point de livraison {id} est suspendu.", f"Endpoint {id} is paused."
            ) from None
        except LookupError:
            raise refuse(
                "unknown_endpoint", "/id", f"Il n’y a pas de point de livraison {id}.", f"There is no endpoint {id}."
            ) from None


def _document(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "active": row.active,
        "stopped_why": row.stopped_why,
        "rests_until": row.rests_until and row.rests_until.isoformat(),
        "created_at": row.created_at.isoformat(),
    }


@click.command("events")
@data_option
@json_option
@click.option(
    "--after", type=click.IntRange(min=0), help="The last event that you have. From the oldest kept, if none."
)
@click.option("--type", "kinds", multiple=True, type=click.Choice(EVENTS), help="Only these; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--follow", is_flag=True, help="Go on with what happens; in JSON, an event a line.")
@speaks_problems
def events(
    data: Path | None, after: int | None, kinds: tuple[str, ...], limit: int | None, follow: bool, as_json: bool
) -> None:
    """What happened after a place, the oldest first."""
    with opened(data) as house:
        parts = _parts(house, after, kinds, limit)
        if follow:
            _follow(parts, as_json)
        else:
            found = _all(parts)
            text = "\n".join(map(_line, found)) or "no events"
            print_result({"items": [each.listed for each in found]}, as_json, text)


def _all(parts: Iterator[Sequence[Event]]) -> list[Event]:
    """What is there by now: the part that is not full is the last."""
    found: list[Event] = []
    for part in parts:
        found += part
        if len(part) < AT_ONCE:
            break
    return found


def _follow(parts: Iterator[Sequence[Event]], as_json: bool) -> None:
    """Tell them as they come, until it is interrupted or there are no more parts."""
    for part in parts:
        for event in part:
            click.echo(msgspec.json.encode(event.listed).decode() if as_json else _line(event))
        if not part:
            time.sleep(LOOKS_EVERY)


def _parts(house: House, after: int | None, kinds: Sequence[str], limit: int | None) -> Iterator[Sequence[Event]]:
    """Events after a place, a part at a time, without end but for `limit`; an empty one where there are none yet."""
    count = 0
    while limit is None or count < limit:
        most = AT_ONCE if limit is None else min(limit - count, AT_ONCE)
        with house.services.ledger.reading() as connection:
            part = read_after(connection, after, most, kinds)
        after, count = part.place, count + len(part.events)
        yield part.events


def _line(event: Event) -> str:
    named = ("order_id", "invoice_number", "credit_note_number", "total", "version")
    parts = [f"{name}={event.data[name]}" for name in named if name in event.data]
    return "  ".join([str(event.key), event.payload["timestamp"], event.type, *parts])
