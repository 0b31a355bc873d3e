"""Reading the events one after the other, from a place on: none is passed by, and none comes later with a smaller key.

On SQLite one transaction writes after the other, and keys are in their order. On PostgreSQL a transaction may end
after one that took a later key: a reader at that key would never see it. So each writer says, by an advisory lock,
above which key it may have some (migration r0022), and what lies above the lowest of them is left for the next time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from houblon.engine.core.problem import Invalid, problem, refuse
from houblon.orders.db.tables import counters, events
from houblon.orders.events.documents import Event, read_events

# Counters: the last key that was removed for its age, and the instant up to which facts may have no event any more.
_REMOVED, _REMOVED_BEFORE = "events/removed", "events/removed_before"
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_LAST_TAKEN = text("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM events_key_seq")
_LOWEST_IN_WORK = text(
    """
    SELECT min(((classid::bigint << 32) | objid::bigint) & ((1::bigint << 40) - 1)) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 8 = 4806522
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)


class Gone(Invalid):
    """What was asked for is older than what is kept."""


class Page(msgspec.Struct, frozen=True):
    """Some events, and the place of who has read them."""

    events: Sequence[Event]
    place: int


def read_after(connection: Connection, after: int | None, limit: int, kinds: Sequence[str] = ()) -> Page:
    """At most `limit` events after a place, of some kinds or of all; without a place, from the oldest that is kept.

    Raises Gone for a place before that, Invalid for one that is still to come.
    """
    removed = removed_through(connection)
    place = removed if after is None else after
    check_place(connection, place)
    query = _after(connection, place).limit(limit)
    keys = connection.execute(query.where(events.c.kind.in_(kinds)) if kinds else query).scalars().all()
    return Page(read_events(connection, keys), keys[-1] if keys else place)


def keys_after(connection: Connection, place: int, limit: int) -> Sequence[Row[Any]]:
    """Key and kind of at most `limit` events after a place, of every kind."""
    return connection.execute(_after(connection, place).add_columns(events.c.kind).limit(limit)).all()


def check_place(connection: Connection, place: int) -> None:
    """Raises Gone for a place older than what is kept, Invalid for one that is still to come."""
    removed, newest = removed_through(connection), newest_place(connection)
    if place < removed:
        raise Gone(
            [
                problem(
                    "events_gone",
                    "/after",
                    f"Les événements jusqu’à {removed} ne sont plus gardés : reprenez depuis {removed}.",
                    f"Events up to {removed} are not kept any more: go on from {removed}.",
                )
            ]
        )
    if place > newest:
        raise refuse(
            "place_to_come",
            "/after",
            f"Il n’y a pas encore d’événement {place} : le dernier est {newest}.",
            f"There is no event {place} yet: the last one is {newest}.",
        )


def place_at(connection: Connection, since: datetime) -> int:
    """The place before the first event of an instant or later."""
    first = select(events.c.key).where(events.c.at >= since).order_by(events.c.key).limit(1)
    key: int | None = connection.execute(first).scalar()
    return newest_place(connection) if key is None else key - 1


def newest_place(connection: Connection) -> int:
    """The key of the last event; 0 before the first. Events with a smaller one may still come."""
    return connection.execute(select(func.max(events.c.key))).scalar() or 0


def removed_through(connection: Connection) -> int:
    """The key of the last event that was removed for its age; 0 for none."""
    return _counter(connection, _REMOVED)


def removed_before(connection: Connection) -> datetime:
    """The instant before which facts may have no event any more."""
    return _EPOCH + _counter(connection, _REMOVED_BEFORE) * _MICROSECOND


def began(connection: Connection, table: str) -> int:
    """The key of the last row of a table that was there before events were."""
    return _counter(connection, f"events/began/{table}")


def note_removal(connection: Connection, through: int, before: datetime) -> None:
    """Note up to which key events are removed, all from before an instant."""
    upsert = upsert_sqlite if connection.dialect.name == "sqlite" else upsert_postgresql
    for name, value in ((_REMOVED, through), (_REMOVED_BEFORE, (before - _EPOCH) // _MICROSECOND)):
        statement = upsert(counters).values(name=name, value=value)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def _after(connection: Connection, place: int) -> Select[Any]:
    query = select(events.c.key).where(events.c.key > place).order_by(events.c.key)
    horizon = _horizon(connection)
    return query if horizon is None else query.where(events.c.key <= horizon)


def _horizon(connection: Connection) -> int | None:
    """Up to which key nothing is to come; None where that holds of all that is seen.

    Asked in this order, each by a statement of its own: who begins later takes keys above the last one taken; who is
    in work is among the locks; who ended before is seen by the next statement.
    """
    if connection.dialect.name == "sqlite":
        return None
    last: int = connection.execute(_LAST_TAKEN).scalar_one()
    lowest: int | None = connection.execute(_LOWEST_IN_WORK).scalar()
    return last if lowest is None else min(last, lowest)


def _counter(connection: Connection, name: str) -> int:
    return connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar() or 0
