"""Products: what the house sells, for orders by hand, and whether each can be had."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("sku", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("name_en", sa.String(300)),
        sa.Column("unit", sa.String(60)),
        sa.Column("category", sa.String(200)),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("deposit", sa.BigInteger()),
        sa.Column("taxable", sa.Boolean(), nullable=False),
        sa.Column("deposit_taxable", sa.Boolean(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    there = sa.text("NOT available")
    op.create_index("products_unavailable", "products", ["sku"], sqlite_where=there, postgresql_where=there)
