"""Files of banks, and which of their lines are recorded: each once, with the payments that it made; credits applied."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "bank_imports",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("undone_at", sa.BigInteger()),
        sa.Column("undone_by", sa.String(320)),
    )
    op.create_table(
        "bank_lines",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("import_key", KEY, sa.ForeignKey("bank_imports.key"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger()),
    )
    op.create_index("ix_bank_lines_import_key", "bank_lines", ["import_key"])
    there = sa.text("undone_at IS NULL")
    op.create_index("bank_lines_once", "bank_lines", ["hash"], unique=True, sqlite_where=there, postgresql_where=there)
    op.create_table(
        "bank_payments",
        sa.Column("payment_key", KEY, sa.ForeignKey("payments.key"), primary_key=True, autoincrement=False),
        sa.Column("line_key", KEY, sa.ForeignKey("bank_lines.key"), nullable=False),
    )
    op.create_index("ix_bank_payments_line_key", "bank_payments", ["line_key"])
    op.create_table(
        "applied_credits",
        sa.Column("taken_key", KEY, sa.ForeignKey("payments.key"), primary_key=True, autoincrement=False),
        sa.Column("given_key", KEY, sa.ForeignKey("payments.key"), nullable=False, unique=True),
    )
