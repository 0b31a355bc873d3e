"""Which of an invoice's links opens it, and since when; links of before are of number 0, and are good until they end."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("invoices", sa.Column("link_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("invoices", sa.Column("link_made_at", sa.BigInteger()))
