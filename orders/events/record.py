"""Events are facts: each is a row, once, written in the transaction of what it tells.

A row names its order, its invoice and its fact; what it tells is read of those when it is read (`documents.py`), for
they do not change, but for whose the order is. Only what could not be read later is in `data`: ids, days and amounts,
never a name, an address or a text that somebody wrote.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

from houblon.engine.core.money import dollars
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import events
from houblon.rules.model.content import Version

_RECORD = Prepared(insert(events))


def record_event(
    connection: Connection,
    kind: str,
    at: datetime,
    *,
    order_key: int | None = None,
    invoice_key: int | None = None,
    fact: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Record that something happened, and return the event's key.

    `kind` is one of the catalogue. `fact` is the key of the row that is the fact: the decision of `order.accepted`,
    `order.held` and `order.refused`, else a move, a payment or whatever the kind is about. An order has one event of a
    kind and fact: a second one fails, and its transaction with it. `invoice_key` is the invoice, or the credit note,
    that the event is about. `data` goes into the event as it is.
    """
    values = {
        "kind": kind,
        "at": at,
        "order_key": order_key,
        "invoice_key": invoice_key,
        "fact": fact,
        "data": data,
    }
    key: int = _RECORD.insert(connection, values)
    return key


def record_publication(connection: Connection, version: Version) -> None:
    """Record that a version was published; its caller knows that it is new to the ledger."""
    data = {
        "version": version.number,
        "policy_hash": version.hash,
        "published_at": instant_text(version.published_at),
        "effective_from": instant_text(version.effective_from),
        "emergency": version.emergency,
    }
    record_event(connection, "policy.published", version.published_at, fact=version.number, data=data)


def instant_text(at: datetime) -> str:
    """An instant as events write it: in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def amounts(order_value: int, item_count: int) -> dict[str, Any]:
    """What an order came to, as events tell it."""
    return {"order_value": dollars(order_value), "item_count": item_count}
