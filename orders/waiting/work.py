"""Works what was written to be decided again: a few held orders at a time, each that passes in a transaction of its own.

How far a look has come is kept with its row, so that whoever is killed goes on there. Two who do it at once do nothing
twice: an order that is accepted is not held any more. Nothing is leased.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, literal_column, or_, select, update

from houblon.orders.db.tables import orders, redecisions
from houblon.orders.services import Conflict, Services
from houblon.orders.waiting.redecision import Cause, redecide, would_change

log = logging.getLogger("houblon.waiting")
BATCH = 25
# An order may be on its way through another transaction while what changes is written: the last look begins so long after.
GRACE = timedelta(seconds=5)
# An order that can't be decided is left to wait, a little longer each time, and then to a person.
RETRY, MOST_ATTEMPTS = timedelta(seconds=30), 6


def decide_due(
    services: Services,
    now: Callable[[], datetime],
    wait_for_capacity: Callable[[], None] = lambda: None,
) -> int:
    """Decide again all that is due; returns how many orders were accepted."""
    count = 0
    while (asked := _next(services, now())) is not None:
        wait_for_capacity()
        count += _look(services, asked, now())
    return count


def _next(services: Services, at: datetime) -> Row[Any] | None:
    # Where the clock was set back, what seems to be far ahead is due too.
    is_due = or_(redecisions.c.due_at <= at, redecisions.c.due_at > at + RETRY * 2**MOST_ATTEMPTS)
    with services.ledger.reading() as connection:
        query = select(redecisions).where(is_due).order_by(redecisions.c.key).limit(1)
        return connection.execute(query).one_or_none()


def _look(services: Services, asked: Row[Any], at: datetime) -> int:
    """Look at the next few orders, then note how far that is."""
    with services.ledger.reading() as connection:
        is_superseded = _is_superseded(connection, asked)
        rows = () if is_superseded else _held_after(connection, asked)
        changed = [row.key for row in rows if _is_worth(connection, services, row, at)]
    if is_superseded:
        services.ledger.record(lambda connection: connection.execute(delete(redecisions).where(_mine(asked))))
        return 0
    count = sum(_decide(services, asked, key, at) for key in changed)
    services.ledger.record(lambda connection: _note(connection, asked, rows, at))
    return count


def _is_superseded(connection: Connection, asked: Row[Any]) -> bool:
    """Whether the whole queue is looked at for something later: then once is enough, by the policy that is in force."""
    if asked.retailer_id is not None or asked.order_key is not None:
        return False
    later = select(redecisions.c.key).where(
        redecisions.c.key > asked.key, redecisions.c.retailer_id.is_(None), redecisions.c.order_key.is_(None)
    )
    return connection.execute(later.limit(1)).first() is not None


def _held_after(connection: Connection, asked: Row[Any]) -> Sequence[Row[Any]]:
    # By the index of what is not accepted.
    is_held = (orders.c.state == "held") & (orders.c.state != literal_column("'accepted'"))
    query = select(orders).where(is_held, orders.c.key > asked.place).order_by(orders.c.key).limit(BATCH)
    if asked.order_key is not None:
        query = query.where(orders.c.key == asked.order_key)
    elif asked.retailer_id is not None:
        query = query.where(orders.c.retailer_id == asked.retailer_id)
    return connection.execute(query).all()


def _is_worth(connection: Connection, services: Services, row: Row[Any], at: datetime) -> bool:
    try:
        return would_change(connection, services, row, at)
    except Exception:
        # It is tried once more where it would be written, and left for later if it fails there.
        return True


def _decide(services: Services, asked: Row[Any], key: int, at: datetime) -> int:
    cause = Cause(asked.cause, asked.subject, asked.who)
    try:
        again = services.ledger.write(lambda connection: redecide(connection, services, key, cause, at))
    except Conflict as conflict:
        # Somebody came first, or it can't be invoiced as it is: it waits for a person.
        log.info("held order %s stays as it is: %s", key, conflict.code)
        return 0
    except Exception:
        log.exception("held order %s could not be decided again; trying again", key)
        services.ledger.record(lambda connection: _postpone(connection, asked, key, at))
        return 0
    return int(again is not None and again.is_accepted)


def _postpone(connection: Connection, asked: Row[Any], key: int, at: datetime) -> None:
    """Leave one order for later, so that it holds up no other."""
    attempts = asked.attempts + 1 if asked.order_key is not None else 1
    if attempts > MOST_ATTEMPTS:
        return
    values = {name: getattr(asked, name) for name in ("at", "cause", "subject", "who")}
    due = at + RETRY * 2 ** (attempts - 1)
    connection.execute(insert(redecisions).values(**values, order_key=key, due_at=due, attempts=attempts))


def _note(connection: Connection, asked: Row[Any], rows: Sequence[Row[Any]], at: datetime) -> None:
    """How far the look has come; at its end the row goes, or waits for its last look."""
    began = asked.began_at or at
    if len(rows) == BATCH:
        connection.execute(update(redecisions).where(_mine(asked)).values(place=rows[-1].key, began_at=began))
    elif asked.order_key is None and asked.at <= began < asked.at + GRACE:
        again = {"place": 0, "began_at": None, "due_at": asked.at + GRACE}
        connection.execute(update(redecisions).where(_mine(asked)).values(**again))
    else:
        connection.execute(delete(redecisions).where(_mine(asked)))


def _mine(asked: Row[Any]) -> ColumnElement[bool]:
    """The row as it was read: whoever else works it may have come further."""
    return and_(redecisions.c.key == asked.key, redecisions.c.place == asked.place)
