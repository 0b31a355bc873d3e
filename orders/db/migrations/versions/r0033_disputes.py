"""Disputes of invoices, each an entry that stays: who opened it and why, who closed it and how it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False, index=True),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key"), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_by", sa.String(320)),
        sa.Column("outcome", sa.Text(), nullable=False, server_default=""),
    )
    there = sa.text("ended_at IS NULL")
    op.create_index(
        "disputes_open", "disputes", ["invoice_key"], unique=True, sqlite_where=there, postgresql_where=there
    )
