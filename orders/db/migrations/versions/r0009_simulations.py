"""Simulations: what was asked, how far it is, and the report."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "simulations",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("proposal", sa.String(100), index=True),
        sa.Column("by", sa.String(320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("inputs_hash", sa.String(80)),
        sa.Column("report_hash", sa.String(80)),
        sa.Column("result", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Index("simulations_by_state", "state", "created_at"),
    )
