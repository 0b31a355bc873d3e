"""Which versions' memberships are kept; those that earlier releases kept say so in the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
_REFERENCE = "memberships:"


def upgrade() -> None:
    table = op.create_table(
        "brought_memberships",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    audit = sa.table("audit", sa.column("reference", sa.String), sa.column("at", sa.BigInteger))
    rows = op.get_bind().execute(
        sa.select(audit.c.reference, audit.c.at).where(audit.c.reference.startswith(_REFERENCE, autoescape=True))
    )
    found = {int(reference.rpartition(":")[2]): at for reference, at in rows}
    if found:
        op.bulk_insert(table, [{"version": version, "at": at} for version, at in found.items()])
