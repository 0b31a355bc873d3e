"""`houblon events`: what happened, from a shell."""

import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.documents import Event
from houblon.orders.events.reading import read_after
from houblon.web.api.events import event_document
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House

AT_ONCE = 500
LOOKS_EVERY = 1.0  # seconds


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
        if follow:
            _follow(house, after, kinds, limit, as_json)
        else:
            found = _all(house, after, kinds, limit)
            text = "\n".join(map(_line, found)) or "no events"
            print_result({"items": [event_document(each) for each in found]}, as_json, text)


def _all(house: House, after: int | None, kinds: Sequence[str], limit: int | None) -> list[Event]:
    found: list[Event] = []
    while limit is None or len(found) < limit:
        most = AT_ONCE if limit is None else min(limit - len(found), AT_ONCE)
        with house.services.ledger.reading() as connection:
            part = read_after(connection, after, most, kinds)
        found += part.events
        after = part.place
        if len(part.events) < most:
            break
    return found


def _follow(house: House, after: int | None, kinds: Sequence[str], limit: int | None, as_json: bool) -> None:
    """Until it is interrupted, or has told `limit` events."""
    told = 0
    while limit is None or told < limit:
        most = AT_ONCE if limit is None else min(limit - told, AT_ONCE)
        with house.services.ledger.reading() as connection:
            part = read_after(connection, after, most, kinds)
        for event in part.events:
            click.echo(msgspec.json.encode(event_document(event)).decode() if as_json else _line(event))
        after, told = part.place, told + len(part.events)
        if not part.events:
            time.sleep(LOOKS_EVERY)


def _line(event: Event) -> str:
    named = ("order_id", "invoice_number", "credit_note_number", "total", "version")
    parts = [f"{name}={event.data[name]}" for name in named if name in event.data]
    return "  ".join([str(event.key), event.payload["timestamp"], event.type, *parts])
