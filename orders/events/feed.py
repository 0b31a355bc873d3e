"""From the events to the endpoints: each reads them from its place on, and what it asks for is put in the outbox.

A place moves in the transaction that puts the messages there: nothing is passed by, and nothing is put twice. What an
endpoint is not sent yet stays in the events but for so much; one that is paused, or left alone, is put nothing.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.tables import endpoints, events, outbox
from houblon.orders.events.catalogue import TEST_EVENT
from houblon.orders.events.documents import Event, read_events
from houblon.orders.events.endpoints import ANEW, Paused, destination_of, known_endpoint
from houblon.orders.events.message_ids import message_id, ordered_message_id
from houblon.orders.events.reading import keys_after
from houblon.orders.events.record import instant_text

log = logging.getLogger("houblon.outbox")
AT_ONCE = 500
# So many messages that wait for one endpoint are enough.
MAX_WAITING = 1_000
MAX_COUNTED = 100_000


def feed(ledger: Ledger, now: datetime) -> int:
    """Put in the outbox what has happened since each endpoint's place, at most AT_ONCE events each; how many messages."""
    with ledger.reading() as connection:
        behind = connection.execute(_behind(now)).all()
    count = 0
    for row in behind:
        try:
            count += _feed_one(ledger, row, now)
        except Exception:
            # What can't be read for one holds up neither the others nor the mail.
            log.exception("events could not be read for endpoint %s; trying again", row.id)
    return count


def unread_count(connection: Connection, endpoint: Row[Any]) -> int:
    """How many events an endpoint asks for that are not in the outbox yet, counted up to MAX_COUNTED."""
    unread = select(events.c.key).where(events.c.key > endpoint.place, events.c.kind.in_(endpoint.events))
    return connection.execute(select(func.count()).select_from(unread.limit(MAX_COUNTED).subquery())).scalar_one()


def enqueue_test_event(connection: Connection, endpoint: str, at: datetime) -> None:
    """Put a test event in the outbox for one endpoint. Raises LookupError, Paused."""
    row = known_endpoint(connection, endpoint)
    if not row.active:
        raise Paused(f"endpoint {endpoint} is paused")
    id = message_id(f"webhook/{TEST_EVENT}/{at.isoformat()}/{endpoint}")
    payload = {"type": TEST_EVENT, "timestamp": instant_text(at), "data": {"endpoint": endpoint}}
    if connection.execute(select(outbox.c.id).where(outbox.c.id == id)).first() is None:
        connection.execute(insert(outbox), _message(id, row, TEST_EVENT, payload, at))


def _behind(now: datetime) -> Any:
    """The endpoints that have something to read, and are told things now."""
    is_rested = or_(endpoints.c.rests_until.is_(None), endpoints.c.rests_until <= now)
    newest = select(func.max(events.c.key)).scalar_subquery()
    return select(endpoints).where(endpoints.c.active, is_rested, endpoints.c.place < newest)


def _feed_one(ledger: Ledger, endpoint: Row[Any], now: datetime) -> int:
    """Read first, then write: what is read is no transaction's to hold up."""
    with ledger.reading() as connection:
        if _waiting_count(connection, endpoint) >= MAX_WAITING:
            return 0
        found = keys_after(connection, endpoint.place, AT_ONCE)
        wanted = read_events(connection, [row.key for row in found if row.kind in endpoint.events])
    if not found:
        return 0
    place = found[-1].key
    return ledger.record(lambda connection: _put(connection, endpoint, wanted, place, now))


def _waiting_count(connection: Connection, endpoint: Row[Any]) -> int:
    waiting = select(outbox.c.id).where(
        outbox.c.state == "pending", outbox.c.destination == destination_of(endpoint.id)
    )
    return connection.execute(select(func.count()).select_from(waiting.limit(MAX_WAITING).subquery())).scalar_one()


def _put(connection: Connection, endpoint: Row[Any], wanted: Sequence[Event], place: int, now: datetime) -> int:
    """The messages, unless somebody moved the place or paused the endpoint meanwhile."""
    still = update(endpoints).where(
        endpoints.c.id == endpoint.id,
        endpoints.c.place == endpoint.place,
        endpoints.c.active,
    )
    if connection.execute(still.values(place=place)).rowcount != 1:
        return 0
    by_id = {_id(event, endpoint.id): event for event in wanted}
    known = set(connection.execute(select(outbox.c.id).where(outbox.c.id.in_(by_id))).scalars())
    if known:
        # Somebody asked for them anew; those that wait are on their way as it is.
        again = update(outbox).where(outbox.c.id.in_(known), outbox.c.state != "pending")
        connection.execute(again.values(**ANEW, due_at=now, sent_at=None, answer=None))
    rows = [
        {
            **_message(id, endpoint, event.type, event.payload, now),
            "order_key": event.order_key,
            "event_key": event.key,
        }
        for id, event in by_id.items()
        if id not in known
    ]
    if rows:
        connection.execute(insert(outbox), rows)
    return len(by_id)


def _id(event: Event, endpoint: str) -> str:
    """The instant is in it: a ledger that was restored gives the same key to another event."""
    return ordered_message_id(event.key, f"webhook/{event.type}/{event.key}/{event.at.isoformat()}/{endpoint}")


def _message(id: str, endpoint: Row[Any], event: str, payload: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": id,
        "kind": "webhook",
        "destination": destination_of(endpoint.id),
        "event": event,
        "recipient": endpoint.url,
        "message": payload,
        "state": "pending",
        "attempts": 0,
        "created_at": at,
        "due_at": at,
    }
