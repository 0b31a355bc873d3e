"""An endpoint that does not answer is left alone for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("rests_until", sa.BigInteger()))
    op.add_column("endpoints", sa.Column("rests", sa.Integer(), nullable=False, server_default="0"))
