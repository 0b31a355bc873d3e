"""An endpoint that does not answer is left alone for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    # Whoever set the revision back by hand, to have an earlier migration done once more, has these columns already.
    there = {each["name"] for each in sa.inspect(op.get_bind()).get_columns("endpoints")}
    if "rests_until" not in there:
        op.add_column("endpoints", sa.Column("rests_until", sa.BigInteger()))
    if "rests" not in there:
        op.add_column("endpoints", sa.Column("rests", sa.Integer(), nullable=False, server_default="0"))
