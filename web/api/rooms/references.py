"""By what an order and its invoice are found again: in every answer that speaks of them."""

from typing import Any

from sqlalchemy import Connection, Row

from houblon.engine.core.money import dollars
from houblon.orders.queries import lists


def of_order(row: Row[Any], invoice: Row[Any] | None = None) -> dict[str, Any]:
    """An order's source, id and key, and the invoice that it has."""
    return {"source": row.source, "order_id": row.order_id, "order_key": row.key, **_of_invoice(invoice)}


def of_recorded(connection: Connection, key: int) -> dict[str, Any]:
    """`of_order` of one that is there, as it stands now."""
    row = lists.order_row(connection, key)
    assert row is not None
    return {"state": row.state, **of_order(row, lists.invoice_of_order(connection, key))}


def _of_invoice(invoice: Row[Any] | None) -> dict[str, Any]:
    if invoice is None:
        return {}
    return {"invoice_key": invoice.key, "invoice_number": invoice.number, "total": dollars(invoice.total)}
