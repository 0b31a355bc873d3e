"""Payments of every invoice, as the page of payments and the API list them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from houblon.orders.db.tables import bank_lines, bank_payments, invoices, orders, payments, retailers
from houblon.orders.queries.lists import PAGE

_REVERSALS = payments.alias()


def list_payments(connection: Connection, before: int | None = None, limit: int = PAGE) -> Sequence[Row[Any]]:
    """Entries with their invoice, retailer and the bank's file that made them, the newest first."""
    reversed_by = select(_REVERSALS.c.key).where(_REVERSALS.c.reverses == payments.c.key).scalar_subquery()
    query = (
        select(
            payments,
            reversed_by.label("reversed_by"),
            invoices.c.number,
            orders.c.retailer_id,
            retailers.c.name.label("retailer_name"),
            bank_lines.c.import_key,
        )
        .join(invoices, invoices.c.key == payments.c.invoice_key)
        .join(orders, orders.c.key == invoices.c.order_key)
        .join(retailers, retailers.c.id == orders.c.retailer_id)
        .outerjoin(bank_payments, bank_payments.c.payment_key == payments.c.key)
        .outerjoin(bank_lines, bank_lines.c.key == bank_payments.c.line_key)
        .order_by(payments.c.key.desc())
        .limit(limit)
    )
    return connection.execute(query if before is None else query.where(payments.c.key < before)).all()
