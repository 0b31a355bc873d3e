"""Deliver what the ledger promised: lease, send, retry, park. At least once, with a stable id.

A row is leased by moving its due time: a worker that dies in the middle leaves a message that
comes due again, never one that is lost.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, select, update

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


class Transport(Protocol):
    """Takes one message to its recipient. Raises Refused for good, anything else for now."""

    def send(self, id: str, recipient: str, message: dict[str, str]) -> None: ...


def deliver_due(ledger: Ledger, transport: Transport, now: datetime) -> int:
    """Send what is due at `now`; returns how many messages were tried."""
    rows = ledger.write(lambda connection: _lease(connection, now))
    for row in rows:
        try:
            transport.send(row.id, row.recipient, row.message)
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


def _lease(connection: Connection, now: datetime) -> list[Row[Any]]:
    due = (
        select(outbox)
        .where(outbox.c.state == "pending", outbox.c.due_at <= now)
        .order_by(outbox.c.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = list(connection.execute(due))
    for row in rows:
        connection.execute(
            update(outbox).where(outbox.c.id == row.id).values(due_at=now + LEASE, attempts=row.attempts + 1)
        )
    return rows


def _retry(ledger: Ledger, row: Row[Any], failure: Exception, now: datetime) -> None:
    tried = row.attempts + 1
    error = f"{type(failure).__name__}: {failure}"[:500]
    if tried >= len(SCHEDULE):
        _settle(ledger, row, state="parked", error=error)
    else:
        _settle(ledger, row, state="pending", error=error, due_at=now + SCHEDULE[tried])


def _settle(ledger: Ledger, row: Row[Any], **values: Any) -> None:
    ledger.write(lambda connection: connection.execute(update(outbox).where(outbox.c.id == row.id).values(**values)))
