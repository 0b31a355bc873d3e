"""The invoice that an order has: one at a time, whatever others it had before it was changed."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from houblon.orders.db.tables import invoices

# Of all rows of invoices, those that an order has: no credit note, and none that another one took the place of.
IN_FORCE: ColumnElement[bool] = and_(invoices.c.kind == "invoice", invoices.c.replaced_at.is_(None))


def invoice_of(connection: Connection, order_key: int) -> Row[Any] | None:
    """The order's invoice, which nobody else changes until the transaction ends."""
    query = select(invoices).where(invoices.c.order_key == order_key, IN_FORCE)
    return connection.execute(query.with_for_update()).one_or_none()


def replaced_invoices(connection: Connection, order_key: int) -> list[Row[Any]]:
    """The invoices that the order had before it was changed, the first one first."""
    query = select(invoices).where(invoices.c.order_key == order_key, invoices.c.replaced_at.is_not(None))
    return list(connection.execute(query.order_by(invoices.c.key)))


def others_of(connection: Connection, invoice: Any) -> list[Row[Any]]:
    """The other invoices of an invoice's order: those that it took the place of, or that came after it."""
    of_the_order = invoices.c.order_key == invoice.order_key, invoices.c.kind == "invoice"
    query = select(invoices).where(*of_the_order, invoices.c.key != invoice.key)
    return list(connection.execute(query.order_by(invoices.c.key)))
