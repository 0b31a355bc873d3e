"""What a retailer's data is in of the calls that were refused: their payloads are as they were sent."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from houblon.orders.db.tables import orders, retailer_names
from houblon.orders.db.tables.refused import refused_calls, refused_payloads


def refused_of(connection: Connection, id: str, values: Sequence[str]) -> list[Row[Any]]:
    """The calls of a buyer of this id or of a name that their source has for them, about one of the retailer's orders,
    or that say a value; each with its body."""
    query = select(refused_calls, refused_payloads.c.body).join(
        refused_payloads, refused_payloads.c.call_key == refused_calls.c.key, isouter=True
    )
    own = select(orders.c.source, orders.c.order_id).where(orders.c.retailer_id == id)
    ordered = {(row.source, row.order_id) for row in connection.execute(own)}
    called = select(retailer_names.c.source, retailer_names.c.name).where(retailer_names.c.retailer_id == id)
    names = {(row.source, row.name) for row in connection.execute(called)}
    words = [value.lower() for value in values]
    rows = connection.execute(query.order_by(refused_calls.c.key), execution_options={"yield_per": 50})
    return [
        row
        for row in rows
        if row.buyer_id == id
        or (row.source, row.buyer_id) in names
        or (row.source, row.order_id) in ordered
        or _says(row, words)
    ]


def refused_document(row: Row[Any]) -> dict[str, Any]:
    """Such a call as it is handed out."""
    return {
        **{name: getattr(row, name) for name in ("source", "at", "order_id", "errors")},
        "payload": None if row.body is None else _read(row.body),
    }


def _says(row: Row[Any], words: Sequence[str]) -> bool:
    if row.body is None or not words:
        return False
    said = _read(row.body)
    text = (said if isinstance(said, str) else " ".join(_texts(said))).lower()
    return any(word in text for word in words)


def _read(body: bytes) -> Any:
    """What the body says, or its text where it is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _texts(value: Any) -> list[str]:
    """Every text in a JSON value, however deep."""
    found, left = [], [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each
    return found
