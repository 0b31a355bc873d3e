"""Signed calls that could not be recorded: kept with what was wrong and what they said, until a person sees to them.

A call that comes again is the same call and counts; so many of a source are kept, and no more: the oldest go first,
counted. What was recorded since, by the same call sent again, waits for nobody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, exists, func, insert, select, update

from houblon.engine.core.problem import Problem, Text
from houblon.orders.db.tables import orders, webhook_calls
from houblon.orders.db.tables.refused import dropped_calls, refused_calls, refused_payloads

# Of one source.
MOST_CALLS, MOST_BYTES = 1_000, 50_000_000
_TOPIC, _ERRORS = 100, 50  # characters of a topic, faults that are kept of a call


class Kept(msgspec.Struct, frozen=True):
    """A refused call as it is written down: who sent it, what about, when, and the ids that it says."""

    source: str
    kind: str
    topic: str
    webhook_id: str | None
    body_hash: str
    at: datetime
    order_id: str | None = None
    buyer_id: str | None = None


class OfSource(msgspec.Struct, frozen=True):
    """How many calls of a source wait, how often they came in all, since when, and how many were dropped."""

    source: str
    count: int
    times: int
    since: datetime | None
    dropped: int


def keep(connection: Connection, call: Kept, body: bytes, problems: Iterable[Problem]) -> None:
    """Write a refused call down with its payload, or count it where it is down already."""
    errors = [msgspec.to_builtins(each) for each in problems][:_ERRORS]
    same = (
        (refused_calls.c.source == call.source)
        & (refused_calls.c.topic == call.topic[:_TOPIC])
        & (refused_calls.c.body_hash == call.body_hash)
    )
    again = update(refused_calls).where(same)
    values = {"count": refused_calls.c.count + 1, "last_at": call.at, "errors": errors}
    if connection.execute(again.values(**values)).rowcount:
        return
    members = {**msgspec.structs.asdict(call), "topic": call.topic[:_TOPIC]}
    row = insert(refused_calls).values(**members, size=len(body), last_at=call.at, count=1, errors=errors)
    (key,) = connection.execute(row).inserted_primary_key or (None,)
    connection.execute(insert(refused_payloads).values(call_key=key, body=body))
    _drop_oldest(connection, call.source)


def say_again(connection: Connection, key: int, problems: Iterable[Problem]) -> None:
    """What is wrong with the call now is something else."""
    errors = [msgspec.to_builtins(each) for each in problems][:_ERRORS]
    connection.execute(update(refused_calls).where(refused_calls.c.key == key).values(errors=errors))


def waiting(source: str | None = None) -> Select[Any]:
    """The calls that wait for a person, each with the order of its id, where one is recorded."""
    order = (orders.c.source == refused_calls.c.source) & (orders.c.order_id == refused_calls.c.order_id)
    query = (
        select(refused_calls, orders.c.key.label("order_key"), orders.c.state.label("order_state"))
        .join(orders, order, isouter=True)
        .where(~_recorded_since())
    )
    return query if source is None else query.where(refused_calls.c.source == source)


def list_waiting(
    connection: Connection, source: str | None = None, after: int | None = None, limit: int = 50
) -> Sequence[Row[Any]]:
    """Those after a key, the newest first."""
    query = waiting(source)
    if after is not None:
        query = query.where(refused_calls.c.key < after)
    return connection.execute(query.order_by(refused_calls.c.key.desc()).limit(limit)).all()


def keys_of(connection: Connection, source: str) -> Sequence[int]:
    """The calls of a source that wait, the oldest first: in the order in which they came."""
    query = waiting(source).with_only_columns(refused_calls.c.key)
    return connection.execute(query.order_by(refused_calls.c.key)).scalars().all()


def by_source(connection: Connection, is_untold: bool = False) -> list[OfSource]:
    """What waits by source, by name; all of it, or only that of which the team was not told."""
    oldest = func.min(refused_calls.c.at, type_=refused_calls.c.at.type)
    query = select(refused_calls.c.source, func.count(), func.sum(refused_calls.c.count), oldest).where(
        ~_recorded_since()
    )
    if is_untold:
        query = query.where(refused_calls.c.told_at.is_(None))
    counted = connection.execute(query.group_by(refused_calls.c.source)).all()
    dropped: dict[str, int] = dict(connection.execute(select(dropped_calls.c.source, dropped_calls.c.count)).all())
    found = [OfSource(name, count, int(times), at, dropped.get(name, 0)) for name, count, times, at in counted]
    return sorted(found, key=lambda each: each.source)


def note_told(connection: Connection, at: datetime) -> None:
    """The team knows of all that waits."""
    connection.execute(update(refused_calls).where(refused_calls.c.told_at.is_(None)).values(told_at=at))


def count_waiting(connection: Connection) -> int:
    return int(
        connection.execute(select(func.count()).select_from(refused_calls).where(~_recorded_since())).scalar_one()
    )


def find(connection: Connection, key: int) -> Row[Any] | None:
    """The call with its payload, None where that is gone."""
    query = (
        select(refused_calls, refused_payloads.c.body)
        .join(refused_payloads, refused_payloads.c.call_key == refused_calls.c.key, isouter=True)
        .where(refused_calls.c.key == key)
    )
    return connection.execute(query).one_or_none()


def remove(connection: Connection, keys: Sequence[int]) -> int:
    """Forget calls: they were recorded, or a person saw to them; how many were there."""
    connection.execute(delete(refused_payloads).where(refused_payloads.c.call_key.in_(keys)))
    return connection.execute(delete(refused_calls).where(refused_calls.c.key.in_(keys))).rowcount


def remove_recorded(connection: Connection) -> int:
    """Forget the calls that were recorded since, because their senders sent them again."""
    return remove(connection, connection.execute(select(refused_calls.c.key).where(_recorded_since())).scalars().all())


def faults_of(row: Row[Any]) -> tuple[Problem, ...]:
    """What is wrong with a call."""
    return tuple(
        Problem(each["code"], each["pointer"], Text(each["message"]["fr"], each["message"]["en"]))
        for each in row.errors
    )


def _recorded_since() -> Any:
    return exists().where(
        webhook_calls.c.source == refused_calls.c.source,
        webhook_calls.c.webhook_id == refused_calls.c.webhook_id,
        webhook_calls.c.body_hash == refused_calls.c.body_hash,
    )


def _drop_oldest(connection: Connection, source: str) -> None:
    query = select(refused_calls.c.key, refused_calls.c.size).where(refused_calls.c.source == source)
    size, dropped = 0, []
    for place, row in enumerate(connection.execute(query.order_by(refused_calls.c.key.desc()))):
        size += row.size
        # The newest stays, whatever its size.
        if place and (place >= MOST_CALLS or size > MOST_BYTES):
            dropped.append(row.key)
    if not dropped:
        return
    count = remove(connection, dropped)
    more = update(dropped_calls).where(dropped_calls.c.source == source)
    if not connection.execute(more.values(count=dropped_calls.c.count + count)).rowcount:
        connection.execute(insert(dropped_calls).values(source=source, count=count))
