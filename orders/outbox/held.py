"""Messages that are held: parked with a reason of their own, until a person sends them again."""

from sqlalchemy import Connection, func, select, update

from houblon.orders.db.tables import outbox

HELD = "held when a copy was restored: it may have left before"


def count_pending(connection: Connection) -> dict[str, int]:
    """How many messages wait to leave, by kind."""
    query = (
        select(outbox.c.kind, func.count().label("number")).where(outbox.c.state == "pending").group_by(outbox.c.kind)
    )
    return {row.kind: row.number for row in connection.execute(query.order_by(outbox.c.kind))}


def hold_pending(connection: Connection) -> int:
    """Hold every message that waits to leave; how many."""
    pending = update(outbox).where(outbox.c.state == "pending")
    return connection.execute(pending.values(state="parked", error=HELD)).rowcount
