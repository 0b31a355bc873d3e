"""Doors for machines: what kind of sender a source is and how its payloads map; answers kept by Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("sources", sa.Column("kind", sa.String(20), nullable=False, server_default="standard"))
    op.create_table(
        "source_settings",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "idempotent_calls",
        sa.Column("api_key", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("idempotency_key", sa.String(200), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
    )
    op.create_index("idempotent_calls_by_age", "idempotent_calls", ["at"])
