"""What waits for a person: each held order with why, and since when it waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal_column, select

from houblon.orders.db.tables import decisions, orders, retailers, told_waits, transitions
from houblon.orders.queries.lists import EVERYTHING, ORDER_COLUMNS, OrderFilter, filtered, is_in

_moves = transitions.alias("moves")
# The move that began the wait, not what was noted of the order since. A literal, as the index of such moves says it.
BEGAN = (
    select(func.max(_moves.c.key))
    .where(
        _moves.c.order_key == orders.c.key,
        _moves.c.invoice_key.is_(None),
        _moves.c.after == literal_column("'held'"),
        _moves.c.before.is_distinct_from("held"),
    )
    .correlate(orders)
    .scalar_subquery()
)


def held_orders(
    connection: Connection,
    asked: OrderFilter = EVERYTHING,
    limit: int = 200,
    waiting_before: datetime | None = None,
    newest_first: bool = False,
) -> Sequence[Row[Any]]:
    """Held orders, who has waited longest first, each with its last decision, `since` when it waits, and when the team
    was told of that (`told_at`); with `waiting_before`, those that have waited since before then."""
    earlier = decisions.alias()
    last = select(func.max(earlier.c.key)).where(earlier.c.order_key == orders.c.key).scalar_subquery()
    query = (
        _waiting(select(*ORDER_COLUMNS, decisions.c.document.label("decision"), *WAIT_COLUMNS))
        .join(retailers, retailers.c.id == orders.c.retailer_id)
        .join(decisions, decisions.c.key == last)
        .where(is_in("held"))
    )
    if waiting_before is not None:
        query = query.where(transitions.c.at <= waiting_before)
    # Keys follow the reception: those that were put back into the queue are few, and sorted among the others below.
    place = orders.c.key.desc() if newest_first else orders.c.key
    found = connection.execute(filtered(query, asked).order_by(place).limit(limit)).all()
    return sorted(found, key=lambda row: (row.since, row.key), reverse=newest_first)


def untold_waits(connection: Connection, waiting_before: datetime, above: int, limit: int) -> Sequence[Row[Any]]:
    """Held orders above the key `above` that have waited since before then, of which the team was not told; `began` is
    the move that began the wait."""
    query = (
        _waiting(select(orders, *WAIT_COLUMNS))
        .where(is_in("held"), orders.c.key > above)
        .where(told_waits.c.at.is_(None), transitions.c.at <= waiting_before)
    )
    return connection.execute(query.order_by(orders.c.key).limit(limit)).all()


def wait_of(connection: Connection, key: int) -> Row[Any] | None:
    """Since when a held order waits, and when the team was told of it; None for one that does not wait."""
    query = _waiting(select(orders.c.key, *WAIT_COLUMNS)).where(is_in("held"), orders.c.key == key)
    return connection.execute(query).one_or_none()


WAIT_COLUMNS = (transitions.c.at.label("since"), transitions.c.key.label("began"), told_waits.c.at.label("told_at"))


def _waiting(query: Select[Any]) -> Select[Any]:
    """From held orders, the move that began their wait, and that the team was told of it."""
    return (
        query.select_from(orders)
        .join(transitions, transitions.c.key == BEGAN)
        .outerjoin(told_waits, told_waits.c.move_key == transitions.c.key)
    )
