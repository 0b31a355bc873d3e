"""Held orders decided again when what held them may have changed, and the waits of which the team was told.

What waits in an earlier ledger waits on: nothing of it is accepted because Houblon was upgraded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "redecisions",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("retailer_id", sa.String(200)),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key")),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger()),
        sa.Column("place", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "told_waits",
        sa.Column("move_key", KEY, sa.ForeignKey("transitions.key"), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
