"""`/events`: what happened, each fact once, from a place on."""

from typing import Annotated, Any

import msgspec
from flask import Response

from houblon.engine.core.order import Moment
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.reading import read_after
from houblon.web.api.blueprint import operation
from houblon.web.api.bodies import EventListing
from houblon.web.api.spec.types import EventData, Key
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.paging import linked, page

EventKind = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(EVENTS)})]


class ListedEvent(msgspec.Struct, frozen=True):
    """Something that happened. `id` is its place: the next page is what comes after it. `data` is by type, as
    webhooks tell it."""

    id: Key
    type: EventKind
    timestamp: Moment
    data: EventData


class Events(msgspec.Struct, frozen=True):
    items: tuple[ListedEvent, ...]


@operation("GET", "/events", scope="read", room="Events", answer="Events", query=EventListing, faults=(410,))
def list_events(asked: dict[str, Any]) -> Response:
    """Events after a place, the oldest first"""
    kind = asked.get("type")
    with house().services.ledger.reading() as connection:
        found = read_after(connection, asked.get("after"), asked["limit"] + 1, [kind] if kind else []).events
    shown, after = page(found, asked["limit"], lambda event: event.key)
    return linked(json_response({"items": [each.listed for each in shown]}), after)
