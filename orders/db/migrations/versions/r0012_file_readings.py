"""How the columns of uploaded files are understood, by their headers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "file_readings",
        sa.Column("headers", sa.String(80), primary_key=True),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("by", sa.String(320), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
