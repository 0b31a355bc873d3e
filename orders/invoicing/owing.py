"""What a retailer owes, as one running sum kept with them: what is left of their invoices, and of what they ordered
and was accepted, what is still to be invoiced.

Whatever changes either changes the sum in its transaction. Disputed invoices don't count.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, select, text, update

from houblon.engine.core.order import Order, Payment
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import invoices, orders, retailers
from houblon.orders.db.tables.metadata import OPEN

# Of an invoice of which something is left to pay: literally what the index of such says.
IS_OPEN: ColumnElement[bool] = text(OPEN)  # type: ignore[assignment]
LEFT: ColumnElement[int] = invoices.c.total - invoices.c.paid - invoices.c.credited
_OWE = Prepared(
    update(retailers)
    .where(retailers.c.id == bindparam("owing"))
    .values(outstanding=retailers.c.outstanding + bindparam("more"))
)


def owe(connection: Connection, retailer_id: str, more: int) -> None:
    """The retailer owes so many cents more, or less where it is below zero."""
    if more:
        _OWE.change(connection, {"owing": retailer_id, "more": more})


def left_of(invoice: Any, paid: int = 0, credited: int = 0) -> int:
    """What counts of an invoice as still to be paid, in cents, once so much more is paid and credited."""
    if invoice.kind != "invoice" or invoice.disputed_at is not None:
        return 0
    return max(0, int(invoice.total - invoice.paid - invoice.credited - paid - credited))


def to_be_invoiced(order: Order) -> int:
    """What an accepted order without an invoice counts for, in cents: its value, less what its sender was paid."""
    return unpaid_of(sum([line.value for line in order.lines]), order.payment)


def unpaid_of(value: int, payment: Payment | None) -> int:
    """What is left of an order's value, in cents, once its sender was paid."""
    if payment is not None and payment.state != "unpaid":
        value = 0 if payment.state == "paid" else value - (payment.amount or 0)
    return max(0, value)


def note_uninvoiced(connection: Connection, order_key: int, amount: int) -> None:
    """From now on, so many cents of an order are accepted and still to be invoiced."""
    query = select(orders.c.retailer_id, orders.c.uninvoiced).where(orders.c.key == order_key)
    row = connection.execute(query.with_for_update()).one()
    if row.uninvoiced != amount:
        connection.execute(update(orders).where(orders.c.key == order_key).values(uninvoiced=amount))
        owe(connection, row.retailer_id, amount - row.uninvoiced)


def recount(connection: Connection, ids: Iterable[str]) -> None:
    """Sum up anew what retailers owe, of all their orders and invoices."""
    connection.execute(update(retailers).where(retailers.c.id.in_(list(ids))).values(outstanding=summed()))


def summed() -> ColumnElement[int]:
    """What a retailer's row owes, of the entries themselves."""
    mine = select(func.coalesce(func.sum(LEFT), 0)).where(invoices.c.retailer_id == retailers.c.id, IS_OPEN)
    ordered = select(func.coalesce(func.sum(orders.c.uninvoiced), 0)).where(orders.c.retailer_id == retailers.c.id)
    return mine.correlate(retailers).scalar_subquery() + ordered.correlate(retailers).scalar_subquery()


def open_invoices(connection: Connection, retailer_id: str) -> list[Row[Any]]:
    """The retailer's invoices that count as still to be paid, the first due first."""
    query = select(invoices.c.key, invoices.c.number, invoices.c.due_date, LEFT.label("left"))
    mine = query.where(and_(invoices.c.retailer_id == retailer_id, IS_OPEN))
    return list(connection.execute(mine.order_by(invoices.c.due_date.is_(None), invoices.c.due_date, invoices.c.key)))
