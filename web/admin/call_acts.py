"""What people do with refused calls, each act with its audit entry: the same from a page, by key and from a shell."""

from typing import Any

from sqlalchemy import Connection, Row

from houblon.orders.handling.refusals import Tried, retry
from houblon.orders.intake import refused_calls
from houblon.web.access.account_commands import By
from houblon.web.access.audit import noted
from houblon.web.foundation.composition import House

RETRIED, DISMISSED = "call.retried", "call.dismissed"


def retry_call(house: House, by: By, key: int) -> Tried | None:
    """Read a call as its source is read now, and record it as if it came; None where it waits no more."""
    with house.services.ledger.reading() as connection:
        row = refused_calls.find(connection, key)
    if row is None:
        return None
    entry = by.entry(RETRIED, row.source, None, {"order_id": row.order_id})
    return retry(house.services, house.writer, key, by.at, entry_of=lambda _: entry)


def dismiss_call(connection: Connection, by: By, key: int) -> Row[Any] | None:
    """Put a call aside, for good: a person saw to it otherwise; the call as it was, None where it waits no more."""
    row = refused_calls.find(connection, key)
    if row is not None:
        refused_calls.remove(connection, [key])
        noted(connection, by, DISMISSED, row.source, {"order_id": row.order_id, "at": row.at}, None)
    return row
