"""Deliver what the ledger promised: lease, send, retry, park. At least once, with a stable id.

A row is leased by moving its due time: a worker that dies in the middle leaves a message that
comes due again, never one that is lost. It may then go out twice, with the same id.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, select, update

from orders import invoice_moves
from orders.ledger import Ledger
from orders.tables import outbox

LEASE = timedelta(minutes=2)
# The wait before each attempt; when the last one fails the message is parked.
SCHEDULE = tuple(
    timedelta(seconds=seconds) for seconds in (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
)
BATCH = 20


class Refused(Exception):
    """The receiver will never take this message: trying again would not help."""


class Unreachable(Exception):
    """Nothing can be sent for now, whatever the message: the others need not be tried."""


class Transport(Protocol):
    """Takes one message to its recipient. Raises Refused for good, Unreachable, anything else for now."""

    def send(self, id: str, recipient: str, message: dict[str, str]) -> None: ...


def deliver_due(
    ledger: Ledger, transport: Transport, now: datetime, seconds: Callable[[], float] = time.monotonic
) -> int:
    """Send what is due at `now`; returns how many messages were taken up.

    `seconds` tells how long sending takes: messages whose lease has run half are left for the next
    round, so that two workers never send the same one.
    """
    if not _is_anything_due(ledger, now):
        return 0
    rows = ledger.write(lambda connection: _lease(connection, now))
    began = seconds()
    for index, row in enumerate(rows):
        if seconds() - began > LEASE.total_seconds() / 2:
            _give_back(ledger, rows[index:], now)
            break
        try:
            transport.send(row.id, row.recipient, row.message)
        except Unreachable as failure:
            for each in rows[index:]:
                _retry(ledger, each, failure, now)
            break
        except Refused as refusal:
            _settle(ledger, row, state="parked", error=str(refusal))
        except Exception as failure:
            _retry(ledger, row, failure, now)
        else:
            _settle(ledger, row, state="sent", error=None, sent_at=now)
    return len(rows)


def send_again(ledger: Ledger, id: str, now: datetime, recipient: str | None = None) -> bool:
    """Put a parked message back, to another address if given; False when it isn't parked or has none."""

    def again(connection: Connection) -> bool:
        values: dict[str, Any] = {"state": "pending", "attempts": 0, "due_at": now, "error": None}
        if recipient:
            values["recipient"] = recipient
        query = update(outbox).where(outbox.c.id == id, outbox.c.state == "parked")
        if not recipient:
            query = query.where(outbox.c.recipient.is_not(None))
        return connection.execute(query.values(**values)).rowcount == 1

    return ledger.write(again)


def _is_anything_due(ledger: Ledger, now: datetime) -> bool:
    """A read, so that looking at an empty outbox never holds up a write."""
    with ledger.reading() as connection:
        return connection.execute(_due(now).with_only_columns(outbox.c.id).limit(1)).first() is not None


def _due(now: datetime) -> Any:
    return select(outbox).where(outbox.c.state == "pending", outbox.c.due_at <= now)


def _lease(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    rows = connection.execute(_due(now).order_by(outbox.c.due_at).limit(BATCH).with_for_update(skip_locked=True)).all()
    if rows:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(due_at=now + LEASE, attempts=outbox.c.attempts + 1)
        )
    return rows


def _retry(ledger: Ledger, row: Row[Any], failure: Exception, now: datetime) -> None:
    tried = row.attempts + 1
    error = f"{type(failure).__name__}: {failure}"[:500]
    if tried >= len(SCHEDULE):
        _settle(ledger, row, state="parked", error=error)
    else:
        _settle(ledger, row, error=error, due_at=now + SCHEDULE[tried])


def _give_back(ledger: Ledger, rows: Sequence[Row[Any]], now: datetime) -> None:
    for row in rows:
        _settle(ledger, row, due_at=now, attempts=row.attempts)


def _settle(ledger: Ledger, row: Row[Any], **values: Any) -> None:
    """Note what became of a lease; one that ran out and was taken up anew is no longer ours to settle."""
    query = update(outbox).where(outbox.c.id == row.id)
    if values.get("state") != "sent":  # what was sent is sent, whoever holds the lease
        query = query.where(outbox.c.state == "pending", outbox.c.attempts == row.attempts + 1)

    def settle(connection: Connection) -> None:
        connection.execute(query.values(**values))
        if values.get("state") == "sent":
            invoice_moves.sent(connection, row.invoice_key, values["sent_at"])

    ledger.write(settle)
