"""The ledger's tables of orders that wait for a person: what may let them pass now, and whom was told that they wait."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from houblon.orders.db.column_types import Instant, Key
from houblon.orders.db.tables.metadata import metadata

# Held orders to decide again: the one of `order_key`, those of `retailer_id`, or all of them. A row is written in the
# transaction of what may have changed their decision, and is gone once they are looked at: `place` is the last key of
# this look, which began at `began_at`.
redecisions = Table(
    "redecisions",
    metadata,
    Column("key", Key, primary_key=True),
    # When that happened, what it was (a code, and what it is about), and whose act.
    Column("at", Instant, nullable=False),
    Column("cause", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("who", String(320), nullable=False),
    # Of groups alone there is no card.
    Column("retailer_id", String(200)),
    Column("order_key", ForeignKey("orders.key")),
    Column("due_at", Instant, nullable=False),
    Column("began_at", Instant),
    Column("place", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
)

# The waits of which the team was told, each by the move that began it.
told_waits = Table(
    "told_waits",
    metadata,
    Column("move_key", ForeignKey("transitions.key"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)
