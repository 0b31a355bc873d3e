"""The ledger's orders of a period, as orders of a sheet."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.order import decode_order
from orders.retailers import all_memberships
from orders.simulate.fill import Taken
from orders.tables import orders


def count_between(connection: Connection, since: datetime | None, until: datetime | None) -> int:
    """How many orders were received from `since` on and before `until`."""
    return connection.execute(select(func.count()).select_from(orders).where(*_within(since, until))).scalar_one()


def orders_between(connection: Connection, since: datetime | None, until: datetime | None) -> Iterator[Taken]:
    """Those orders, the oldest first; dates count from the reception, groups are those kept now."""
    kept = all_memberships(connection)
    query = select(orders.c.key, orders.c.body, orders.c.retailer_id, orders.c.received_at).where(
        *_within(since, until)
    )
    for row in connection.execution_options(yield_per=1_000).execute(query.order_by(orders.c.key)):
        yield Taken(decode_order(row.body), row.received_at, kept.get(row.retailer_id, ()), row.key)


def _within(since: datetime | None, until: datetime | None) -> list[object]:
    return [
        *([orders.c.received_at >= since] if since else []),
        *([orders.c.received_at < until] if until else []),
    ]
