"""Whose ids buyers have: a source's names of retailers, retailers that are joined, and what sources say of it.

Today's ids are the house's. The buyers that a shop has sent keep theirs by that shop's name of them, so that their
next order lands where the last one did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    # Not by alembic, which takes a reference for a constraint that SQLite can't add.
    op.execute("ALTER TABLE retailers ADD COLUMN joined_to VARCHAR(200) REFERENCES retailers (id)")
    op.add_column("orders", sa.Column("own_retailer_id", sa.String(200)))
    op.add_column("source_settings", sa.Column("own_buyers", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, table, column in (
        ("retailers_joined", "retailers", "joined_to"),
        ("orders_of_joined", "orders", "own_retailer_id"),
    ):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "retailer_names",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("own_id", sa.String(200), sa.ForeignKey("retailers.id"), nullable=False, index=True),
        sa.Column("retailer_id", sa.String(200), sa.ForeignKey("retailers.id"), nullable=False, index=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "retailer_joins",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("joined_id", sa.String(200), sa.ForeignKey("retailers.id"), nullable=False, index=True),
        sa.Column("kept_id", sa.String(200), sa.ForeignKey("retailers.id"), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("gained", sa.Text(), nullable=False),
        sa.Column("parted_at", sa.BigInteger()),
        sa.Column("parted_by", sa.String(320)),
    )
    _name_known_buyers()


def _name_known_buyers() -> None:
    """A name for each buyer of each shop, and for ids of the house that are mail addresses with capitals."""
    connection = op.get_bind()
    shops = (
        "SELECT orders.source, orders.retailer_id FROM orders "
        "WHERE orders.source IN (SELECT name FROM sources WHERE kind <> 'standard') "
        "GROUP BY orders.source, orders.retailer_id ORDER BY max(orders.key) DESC"
    )
    names: dict[tuple[str, str], str] = {}
    for source, id in connection.execute(sa.text(shops)):
        # Of two that differ by capitals alone, the one that ordered last.
        names.setdefault((source, _folded(id)), id)
    mails = "SELECT id FROM retailers WHERE id LIKE '%@%' ORDER BY updated_at DESC"
    ids = list(connection.execute(sa.text(mails)).scalars())
    for id in ids:
        if _folded(id) not in ids:
            names.setdefault(("", _folded(id)), id)
    insert = sa.text(
        "INSERT INTO retailer_names (source, name, own_id, retailer_id, added_at) "
        "SELECT :source, :name, id, id, created_at FROM retailers WHERE id = :id"
    )
    rows = [{"source": source, "name": name, "id": id} for (source, name), id in names.items()]
    if rows:
        connection.execute(insert, rows)


def _folded(name: str) -> str:
    """As `orders/retailers/names.py` compares names."""
    small = name.lower() if "@" in name else name
    return small if len(small) <= 200 else name
