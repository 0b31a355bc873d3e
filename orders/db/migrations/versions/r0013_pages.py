"""Guesses are counted in the ledger; what pages ask of a million orders has its indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Index("attempts_by_who", "who", "at"),
        sa.Index("attempts_by_age", "at"),
    )
    op.create_index("invoices_owed", "invoices", ["kind", "state", "due_date", "issued_at", "total"])
    held = sa.text("after = 'held'")
    op.create_index("moves_to_held", "transitions", ["order_key"], sqlite_where=held, postgresql_where=held)
