"""What retailers owe as a running sum kept with them, their own credit limits, and disputed invoices.

An invoice tells whose it is, so that what is left of a retailer's invoices is found by an index.
"""

import json

import msgspec
import sqlalchemy as sa
from alembic import op

from houblon.engine.core.order import Order, decode_order

revision = "0027"
down_revision = "0026"

_OPEN = "kind = 'invoice' AND total > paid + credited AND disputed_at IS NULL"


def upgrade() -> None:
    op.add_column("retailers", sa.Column("credit_limit", sa.BigInteger()))
    op.add_column("retailers", sa.Column("outstanding", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("uninvoiced", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("invoices", sa.Column("retailer_id", sa.String(200), nullable=False, server_default=""))
    op.add_column("invoices", sa.Column("disputed_at", sa.BigInteger()))
    op.execute(
        "UPDATE invoices SET retailer_id = (SELECT retailer_id FROM orders WHERE orders.key = invoices.order_key)"
    )
    there = sa.text(_OPEN)
    op.create_index(
        "invoices_open",
        "invoices",
        ["retailer_id", "due_date", "total", "paid", "credited"],
        sqlite_where=there,
        postgresql_where=there,
    )
    _keep_uninvoiced()
    op.execute(
        "UPDATE retailers SET outstanding = "
        f"(SELECT coalesce(sum(total - paid - credited), 0) FROM invoices WHERE retailer_id = retailers.id AND {_OPEN})"
        " + (SELECT coalesce(sum(uninvoiced), 0) FROM orders WHERE retailer_id = retailers.id)"
    )


def _keep_uninvoiced() -> None:
    """What was accepted and has no invoice; of what was delivered in part, that part."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT orders.key, orders.body, orders.order_value, deliveries.lines FROM orders "
        "LEFT JOIN deliveries ON deliveries.order_key = orders.key AND deliveries.undone_at IS NULL "
        "WHERE orders.state IN ('accepted', 'delivered') AND orders.key NOT IN "
        "(SELECT order_key FROM invoices WHERE kind = 'invoice') ORDER BY orders.key"
    )
    change = sa.text("UPDATE orders SET uninvoiced = :amount WHERE key = :key")
    for key, body, value, lines in connection.execute(query).all():
        delivered = {line["line"]: line["delivered"] for line in json.loads(lines)} if lines is not None else None
        try:
            amount = _value(decode_order(bytes(body)), delivered)
        except (msgspec.MsgspecError, TypeError, ValueError):
            # What can't be read any more is worth what was noted of it.
            amount = max(0, value)
        connection.execute(change, {"amount": amount, "key": key})


def _value(order: Order, delivered: dict[int, int] | None) -> int:
    """Its value, or that of the part that was delivered, less what its sender was paid."""
    value = 0
    for number, line in enumerate(order.lines, 1):
        quantity = line.quantity if delivered is None else delivered.get(number, 0)
        # Half a cent away from zero, as discounts are shared.
        shared = (2 * (line.discount or 0) * quantity + line.quantity) // (2 * line.quantity)
        value += quantity * line.unit_price - shared
    payment = order.payment
    if payment is not None and payment.state != "unpaid":
        value = 0 if payment.state == "paid" else value - (payment.amount or 0)
    return max(0, value)
