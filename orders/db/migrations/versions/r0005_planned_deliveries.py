"""Planned deliveries that people changed, and the due dates that followed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "planned_deliveries",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("before", sa.String(10)),
        sa.Column("after", sa.String(10), nullable=False),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key")),
        sa.Column("due_before", sa.String(10)),
        sa.Column("due_after", sa.String(10)),
        sa.Column("derivation", sa.Text()),
    )
    op.create_index("ix_planned_deliveries_order_key", "planned_deliveries", ["order_key"])
    op.create_index("ix_planned_deliveries_invoice_key", "planned_deliveries", ["invoice_key"])
