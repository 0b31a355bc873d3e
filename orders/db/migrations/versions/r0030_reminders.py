"""Reminders of what buyers owe, and where a person stopped them."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False, index=True),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key"), nullable=False),
        sa.Column("step", sa.String(10)),
        sa.Column("days", sa.Integer()),
        sa.Column("written_on", sa.String(10), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(60), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("withdrawn_at", sa.BigInteger()),
        sa.UniqueConstraint("invoice_key", "step"),
        sa.UniqueConstraint("invoice_key", "written_on"),
    )
    op.create_table(
        "reminder_stops",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("retailer_id", sa.String(200)),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_by", sa.String(320)),
    )
    for column, now, ever in (
        ("retailer_id", "reminders_stopped_of", "reminder_stops_of_retailers"),
        ("invoice_key", "reminders_stopped", "reminder_stops_of_invoices"),
    ):
        _index(now, column, f"ended_at IS NULL AND {column} IS NOT NULL", unique=True)
        _index(ever, column, f"{column} IS NOT NULL")


def _index(name: str, column: str, where: str, unique: bool = False) -> None:
    there = sa.text(where)
    op.create_index(name, "reminder_stops", [column], unique=unique, sqlite_where=there, postgresql_where=there)
