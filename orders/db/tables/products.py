"""The ledger's table of products: what the house sells, at what price, and whether it can be had now."""

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from houblon.orders.db.column_types import Instant
from houblon.orders.db.tables.metadata import index_where, metadata

# `name` is French, `name_en` English where it differs; `unit` is what one of them is; money is in cents, per unit.
products = Table(
    "products",
    metadata,
    Column("sku", String(200), primary_key=True),
    Column("name", String(300), nullable=False),
    Column("name_en", String(300)),
    Column("unit", String(60)),
    Column("category", String(200)),
    Column("price", BigInteger, nullable=False),
    Column("deposit", BigInteger),
    Column("taxable", Boolean, nullable=False),
    # Of containers that come back but are not the consumer's, such as kegs.
    Column("deposit_taxable", Boolean, nullable=False),
    Column("available", Boolean, nullable=False),
    Column("archived_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # Few, and asked with every order.
    index_where("products_unavailable", "sku", where="NOT available"),
)
