"""How an order was read for each decision; NULL for those of before, which knew no charges and no countries."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("decisions", sa.Column("reading", sa.Text()))
