"""Held orders that name a product: how many wait for it."""

from sqlalchemy import Connection, literal_column, select

from houblon.engine.core.texts import identity
from houblon.orders.db.tables import orders
from houblon.orders.retailers.names import stored_order

MOST = 500


def count_held(connection: Connection, sku: str) -> int:
    """Of the oldest held orders, how many name the product."""
    is_held = (orders.c.state == "held") & (orders.c.state != literal_column("'accepted'"))
    rows = connection.execute(select(orders).where(is_held).order_by(orders.c.key).limit(MOST))
    wanted = identity(sku)
    return sum(any(identity(line.sku) == wanted for line in stored_order(row).lines) for row in rows)
