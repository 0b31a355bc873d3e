"""Deliver what the ledger promised: lease, send, retry, park. At least once, with a stable id.

A row is leased by moving its due time: a worker that dies in the middle leaves a message that
comes due again, never one that is lost. It may then go out twice, with the same id.

Each destination (the mail server, or one endpoint) is worked by itself: what it does to one
message, and how long it takes, is nothing to the others. What is known of a destination is what
stands in its rows; there is no other state to lose.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, String, and_, bindparam, exists, func, literal, or_, select, update
from sqlalchemy.sql import ColumnElement

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import endpoints, outbox
from houblon.orders.events.endpoints import ANEW, dead_letter_waiting, destination_of, pause
from houblon.orders.invoicing import reminded, transitions
from houblon.orders.mail.amended import ACCEPTED
from houblon.orders.outbox.resting import end_rest, hold_until, is_resting, rest
from houblon.orders.records.audit import EntryOf, audited

MAIL = "mail"
LEASE = timedelta(minutes=2)
# The wait before each attempt; when the last one fails the message is parked.
SCHEDULE = tuple(
    timedelta(seconds=seconds) for seconds in (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
)
LONGEST_WAIT = SCHEDULE[-1]
BATCH = 20
NOTED_WITHIN = 0.25  # seconds
# So many failures one after the other, whatever the messages: the rest waits a little, untried.
MAX_CONSECUTIVE_FAILURES = 3
COOL_DOWN = timedelta(seconds=30)


Left = tuple[Row[Any], str | None]  # a message that has left, and what was answered
_SENT = Prepared(
    update(outbox)
    .where(outbox.c.id == bindparam("this"))
    .values(state="sent", sent_at=bindparam("at"), answer=bindparam("said"), error=None)
)


class Refused(Exception):
    """The receiver will never take this message: trying again would not help."""


class Unreachable(Exception):
    """Nothing can be sent for now, whatever the message: the others need not be tried.

    `retry_after` is how long the receiver asked to be left alone, if it did.
    """

    def __init__(self, said: str, retry_after: timedelta | None = None):
        super().__init__(said)
        self.retry_after = retry_after


class Gone(Exception):
    """The endpoint wants no message any more, for good."""


class Transport(Protocol):
    """Takes one message to its recipient and returns what was answered, if anything is.

    Raises Refused and Gone for good, Unreachable for all messages, anything else for now.
    """

    def send(self, id: str, recipient: str, message: Any) -> str | None: ...


def deliver_due(
    ledger: Ledger,
    transport: Transport,
    now: datetime,
    seconds: Callable[[], float] = time.monotonic,
    destination: str = MAIL,
) -> int:
    """Send what is due at `now` to one destination; returns how many messages were taken up.

    `seconds` tells how long sending takes: messages whose lease has run half are left for the next
    round, so that two workers never send the same one.
    """
    if not _is_anything_due(ledger, destination, now):
        return 0
    rows = ledger.record(lambda connection: _lease(connection, destination, now))
    began, noted, consecutive_failures = seconds(), 0.0, 0
    patience = 1 if is_resting(ledger, destination) else MAX_CONSECUTIVE_FAILURES
    left: list[Left] = []
    for index, row in enumerate(rows):
        passed = seconds() - began
        if passed - noted >= NOTED_WITHIN:
            noted, left = passed, _noted(ledger, left, now)
        if passed > LEASE.total_seconds() / 2:
            _give_back(ledger, rows[index:], now)
            break
        if consecutive_failures == patience:
            _give_back(ledger, rows[index:], now + COOL_DOWN)
            break
        try:
            answer = transport.send(row.id, row.recipient, row.message)
        except Unreachable as failure:
            for each in rows[index:]:
                _retry(ledger, each, failure, now, failure.retry_after)
            _postpone_others(ledger, destination, failure, now)
            if failure.retry_after is not None:
                hold_until(ledger, destination, now + min(failure.retry_after, LONGEST_WAIT))
            break
        except Gone as failure:
            _stop(ledger, destination, failure)
            break
        except Refused as refusal:
            _settle(ledger, row, state="parked", error=str(refusal))
            consecutive_failures = 0
        except Exception as failure:
            _retry(ledger, row, failure, now)
            consecutive_failures += 1
        else:
            left.append((row, answer))
            consecutive_failures = 0
    _noted(ledger, left, now)
    if consecutive_failures == patience:
        rest(ledger, destination, now + timedelta(seconds=seconds() - began))
    elif left or noted:
        end_rest(ledger, destination)
    return len(rows)


def due_destinations(ledger: Ledger, now: datetime) -> list[str]:
    """The destinations that have something to send at `now`: the mail server, and active endpoints that are not left
    alone just now."""
    place = literal("webhook:", String) + endpoints.c.id
    waits = exists().where(_is_due(place, now))
    with ledger.reading() as connection:
        is_rested = or_(endpoints.c.rests_until.is_(None), endpoints.c.rests_until <= now)
        ids = connection.execute(select(endpoints.c.id).where(endpoints.c.active, is_rested, waits)).scalars().all()
        mail = connection.execute(select(exists().where(_is_due(MAIL, now)))).scalar_one()
    return [*([MAIL] if mail else []), *map(destination_of, ids)]


def due_count(ledger: Ledger, destination: str, now: datetime, most: int) -> int:
    """How many messages are due there at `now`, counted up to `most`."""
    due = select(outbox.c.id).where(_is_due(destination, now)).limit(most).subquery()
    with ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(due)).scalar_one()


def send_again(
    ledger: Ledger, id: str, now: datetime, recipient: str | None = None, entry_of: EntryOf[bool] | None = None
) -> bool:
    """Put a parked message back, a mail to another address if given; False when it isn't parked, has
    no address, or its endpoint is no more."""

    def again(connection: Connection) -> bool:
        values = {**ANEW, "due_at": now}
        query = update(outbox).where(outbox.c.id == id, outbox.c.state == "parked")
        if recipient:
            query = query.where(outbox.c.kind == "mail")
            values["recipient"] = recipient
        else:
            query = query.where(has_a_place())
        return connection.execute(query.values(**values)).rowcount == 1

    return ledger.write(audited(again, entry_of))


def send_all_again(
    ledger: Ledger,
    now: datetime,
    kind: str | None = None,
    destination: str | None = None,
    entry_of: EntryOf[int] | None = None,
) -> int:
    """Put every parked message back that has somewhere to go; returns how many. A kind or a destination narrows it."""
    query = update(outbox).where(outbox.c.state == "parked", has_a_place())
    if kind:
        query = query.where(outbox.c.kind == kind)
    if destination:
        query = query.where(outbox.c.destination == destination)
    return ledger.write(
        audited(lambda connection: connection.execute(query.values(**ANEW, due_at=now)).rowcount, entry_of)
    )


def has_a_place() -> ColumnElement[bool]:
    """Whether a message can go out: an address for mail, an endpoint that still is for a webhook."""
    place = literal("webhook:", String) + endpoints.c.id
    is_known = exists().where(place == outbox.c.destination)
    return outbox.c.recipient.is_not(None) & or_(outbox.c.kind != "webhook", is_known)


def _is_anything_due(ledger: Ledger, destination: str, now: datetime) -> bool:
    """A read, so that looking at an empty outbox never holds up a write."""
    with ledger.reading() as connection:
        return connection.execute(select(exists().where(_is_due(destination, now)))).scalar_one()


def _is_due(destination: Any, now: datetime) -> ColumnElement[bool]:
    return and_(outbox.c.state == "pending", outbox.c.destination == destination, outbox.c.due_at <= now)


def _lease(connection: Connection, destination: str, now: datetime) -> Sequence[Row[Any]]:
    due = select(outbox).where(_is_due(destination, now)).order_by(outbox.c.due_at, outbox.c.event_key).limit(BATCH)
    rows = connection.execute(due.with_for_update(skip_locked=True)).all()
    rows = _still_true(connection, rows, now)
    if rows:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(due_at=now + LEASE, attempts=outbox.c.attempts + 1)
        )
    return rows


def _still_true(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> Sequence[Row[Any]]:
    """Those that may leave: a reminder of what was paid meanwhile waits until it is written anew, or withdrawn."""
    old = reminded.outdated(connection, [row.id for row in rows if row.event == reminded.EVENT])
    if old:
        connection.execute(update(outbox).where(outbox.c.id.in_(old)).values(due_at=now + LEASE))
    return [row for row in rows if row.id not in old]


def _retry(
    ledger: Ledger, row: Row[Any], failure: Exception, now: datetime, retry_after: timedelta | None = None
) -> None:
    tried, error = row.attempts + 1, _description(failure)
    if tried >= len(SCHEDULE):
        _settle(ledger, row, state="parked", error=error)
    else:
        _settle(ledger, row, error=error, due_at=now + _wait(tried, retry_after))


def _wait(tried: int, retry_after: timedelta | None) -> timedelta:
    """The schedule's wait, or a longer one that was asked for, within bounds."""
    return max(SCHEDULE[tried], min(retry_after or SCHEDULE[0], LONGEST_WAIT))


def _postpone_others(ledger: Ledger, destination: str, failure: Unreachable, now: datetime) -> None:
    """What else was due there waits as if it had been tried: one call tells for all of them."""

    def postpone(connection: Connection) -> None:
        due, error = update(outbox).where(_is_due(destination, now)), _description(failure)
        # From the last attempt down, so that no message is moved twice.
        for tried in range(len(SCHEDULE), 0, -1):
            values: dict[str, Any] = {"attempts": tried, "error": error}
            if tried == len(SCHEDULE):
                values["state"] = "parked"
            else:
                values["due_at"] = now + _wait(tried, failure.retry_after)
            connection.execute(due.where(outbox.c.attempts == tried - 1).values(**values))

    ledger.write(postpone)


def _stop(ledger: Ledger, destination: str, failure: Gone) -> None:
    """The endpoint is told nothing more, and what waits for it is parked with the reason."""
    id, error = destination.partition(":")[2], str(failure)

    def stop(connection: Connection) -> None:
        pause(connection, id, error)
        dead_letter_waiting(connection, id, error)

    ledger.write(stop)


def _give_back(ledger: Ledger, rows: Sequence[Row[Any]], due_at: datetime) -> None:
    for row in rows:
        _settle(ledger, row, due_at=due_at, attempts=row.attempts)


def _noted(ledger: Ledger, left: Sequence[Left], at: datetime) -> list[Left]:
    """Note together what has left; nothing is left to note. A process that dies before sends it once more,
    with the same id."""
    if left:
        ledger.record(lambda connection: _sent(connection, left, at))
    return []


def _sent(connection: Connection, rows: Sequence[Left], at: datetime) -> None:
    """The one place where messages become sent, whoever holds the lease by now."""
    for row, answer in rows:
        _SENT.change(connection, {"this": row.id, "at": at, "said": answer})
        transitions.sent(connection, row.invoice_key, at)
        if row.event == reminded.EVENT:
            reminded.sent(connection, row.id, at)
        if row.event == ACCEPTED:
            transitions.sent_with(connection, row.invoice_key, at)


def _settle(ledger: Ledger, row: Row[Any], **values: Any) -> None:
    """Note what became of a lease; one that ran out and was taken up anew is no longer ours to settle."""
    query = update(outbox).where(
        outbox.c.id == row.id, outbox.c.state == "pending", outbox.c.attempts == row.attempts + 1
    )
    ledger.record(lambda connection: connection.execute(query.values(**values)))


def _description(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}"[:500]
