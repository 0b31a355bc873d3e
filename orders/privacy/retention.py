"""What is removed once it is so many days old: messages that left, events, calls that were answered, who signed in
from where.

Nothing that waits is removed, and no fact: orders, decisions, invoices and the audit log stay. A little at a time, so
that an order never waits behind it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, delete, func, select, tuple_

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.tables import events, idempotent_calls, outbox, webhook_calls
from houblon.orders.db.tables.refused import refused_calls, refused_payloads
from houblon.orders.events.reading import note_removal

AT_ONCE = 500
_DAY = timedelta(days=1)
Noted = Callable[[Connection, list[tuple[Any, ...]]], None]


class Keep(msgspec.Struct, frozen=True):
    """For how many days each kind is kept; None is for good."""

    messages: int | None = None
    calls: int | None = None
    sign_ins: int | None = None
    simulations: int | None = None
    events: int | None = None
    refused: int | None = None


class Old(msgspec.Struct, frozen=True):
    """The rows of one kind that are old enough to go; `note` is told which go, in the transaction in which they do."""

    kind: str
    table: Table
    which: Select[Any]
    note: Noted = lambda connection, keys: None


def old_messages(before: datetime) -> Old:
    """Sent, or given up; by when they came about."""
    which = select(outbox.c.id).where(outbox.c.state != "pending", outbox.c.created_at < before)
    return Old("messages", outbox, which)


def old_events(before: datetime) -> Old:
    """Those before the first one that is younger. The last one of all stays: places are counted from it."""
    first_kept = select(events.c.key).where(events.c.at >= before).order_by(events.c.key).limit(1).scalar_subquery()
    newest = select(func.max(events.c.key)).scalar_subquery()
    which = select(events.c.key).where(events.c.key < func.coalesce(first_kept, newest)).order_by(events.c.key)

    def note(connection: Connection, keys: list[tuple[Any, ...]]) -> None:
        note_removal(connection, keys[-1][0], before)

    return Old("events", events, which, note)


def old_calls(before: datetime) -> Old:
    which = select(webhook_calls.c.source, webhook_calls.c.webhook_id).where(webhook_calls.c.at < before)
    return Old("calls", webhook_calls, which)


def old_refused(before: datetime) -> Old:
    """What refused calls said, by when they last came; what was wrong with them stays until a person sees to it."""
    which = (
        select(refused_payloads.c.call_key)
        .join(refused_calls, refused_calls.c.key == refused_payloads.c.call_key)
        .where(refused_calls.c.last_at < before)
    )
    return Old("refused", refused_payloads, which)


def old_answers(now: datetime) -> Old:
    """Answers kept for an Idempotency-Key, which count for a day."""
    key = (idempotent_calls.c.api_key, idempotent_calls.c.idempotency_key)
    return Old("answers", idempotent_calls, select(*key).where(idempotent_calls.c.at < now - _DAY))


def old_of_the_ledger(keep: Keep, now: datetime) -> Iterator[Old]:
    """What there is to remove of the ledger's own."""
    if keep.messages is not None:
        yield old_messages(now - keep.messages * _DAY)
    if keep.calls is not None:
        yield old_calls(now - keep.calls * _DAY)
    if keep.events is not None:
        yield old_events(now - keep.events * _DAY)
    if keep.refused is not None:
        yield old_refused(now - keep.refused * _DAY)
    yield old_answers(now)


def count(connection: Connection, old: Old) -> int:
    return int(connection.execute(select(func.count()).select_from(old.which.subquery())).scalar_one())


def remove(ledger: Ledger, old: Old, removed: Callable[[list[tuple[object, ...]]], None] = lambda keys: None) -> int:
    """Remove the rows, so many at once; `removed` is told their keys, once they are gone."""
    total = 0
    while True:
        keys = ledger.write(lambda connection: _some(connection, old))
        removed(keys)
        total += len(keys)
        if len(keys) < AT_ONCE:
            return total


def _some(connection: Connection, old: Old) -> list[tuple[object, ...]]:
    keys = [tuple(row) for row in connection.execute(old.which.limit(AT_ONCE))]
    names = [column.name for column in old.which.selected_columns]
    if keys:
        old.note(connection, keys)
    if keys and len(names) == 1:
        connection.execute(delete(old.table).where(old.table.c[names[0]].in_([key[0] for key in keys])))
    elif keys:
        columns = tuple_(*(old.table.c[name] for name in names))
        connection.execute(delete(old.table).where(columns.in_(keys)))
    return keys
