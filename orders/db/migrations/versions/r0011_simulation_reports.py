"""Simulations say how often they were begun, and their report in short for lists."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("simulations", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("simulations", sa.Column("summary", sa.Text()))
    op.create_index("simulations_by_report", "simulations", ["report_hash"])
