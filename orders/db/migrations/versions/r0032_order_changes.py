"""Changes of accepted orders: those that wait for a person, and invoices that another one took the place of."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("invoices", sa.Column("replaced_at", sa.BigInteger()))
    op.drop_index("invoices_of_orders", "invoices")
    _index("invoices_of_orders", "invoices", "kind = 'invoice' AND replaced_at IS NULL")
    op.create_table(
        "order_changes",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("decision_key", KEY, sa.ForeignKey("decisions.key"), nullable=False, unique=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("against", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("who", sa.String(320)),
        sa.Column("why", sa.Text(), nullable=False),
    )
    op.create_index("ix_order_changes_order_key", "order_changes", ["order_key"])
    _index("changes_waiting", "order_changes", "state = 'waiting'")


def _index(name: str, table: str, where: str) -> None:
    there = sa.text(where)
    op.create_index(name, table, ["order_key"], unique=True, sqlite_where=there, postgresql_where=there)
