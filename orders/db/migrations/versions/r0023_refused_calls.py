"""Signed calls that could not be recorded are kept, and so is what a source called off; orders say when their source
last changed them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("orders", sa.Column("changed_at", sa.BigInteger()))
    op.create_table(
        "refused_calls",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("webhook_id", sa.String(200)),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(200)),
        sa.Column("buyer_id", sa.String(200)),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.UniqueConstraint("source", "topic", "body_hash"),
    )
    op.create_index("refused_calls_by_source", "refused_calls", ["source", "key"])
    op.create_index(op.f("ix_refused_calls_buyer_id"), "refused_calls", ["buyer_id"])
    op.create_table(
        "refused_payloads",
        sa.Column(
            "call_key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("refused_calls.key"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "dropped_calls",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "called_off",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("order_id", sa.String(200), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
    )
