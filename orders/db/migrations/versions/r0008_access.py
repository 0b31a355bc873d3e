"""Invitations, languages and sessions of accounts; when the audit log was verified; what its filters read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.add_column("accounts", sa.Column("language", sa.String(2)))
    op.add_column("accounts", sa.Column("invitation", sa.String(64)))
    op.add_column("accounts", sa.Column("invited_at", sa.BigInteger()))
    op.add_column("accounts", sa.Column("totp_counter", sa.BigInteger()))
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("accounts.id"), nullable=False, index=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(100), nullable=False),
        sa.Column("agent", sa.String(300), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
    )
    op.create_table(
        "verifications",
        sa.Column("key", key, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(71), nullable=False),
        sa.Column("broken_at", sa.Integer()),
    )
    op.create_index("audit_by_person", "audit", ["who", "key"])
    op.create_index("audit_by_act", "audit", ["act", "key"])
    op.create_index("audit_by_subject", "audit", ["subject", "key"])
    op.create_index("audit_by_date", "audit", ["at"])
    op.create_index("webhook_calls_by_source", "webhook_calls", ["source", "at"])
