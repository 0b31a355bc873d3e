"""The ledger's tables of what follows an acceptance: payments and deliveries, each row an entry that stays."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text

from houblon.orders.db.column_types import Instant, Json, Key
from houblon.orders.db.tables.metadata import metadata

# What was paid of an invoice, each an entry that stays: one made by mistake is reversed by another, of the opposite
# amount. `paid_on` is the day that a person says; `who` wrote it down, `houblon` where the order said that it was paid.
payments = Table(
    "payments",
    metadata,
    Column("key", Key, primary_key=True),
    Column("invoice_key", ForeignKey("invoices.key"), nullable=False, index=True),
    Column("amount", BigInteger, nullable=False),
    Column("paid_on", String(10), nullable=False),
    Column("means", String(20)),
    Column("reference", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("reverses", ForeignKey("payments.key"), unique=True),
    # Why it was reversed.
    Column("why", Text, nullable=False),
)

# What was over on one invoice, applied to another: one entry takes it, another gives it, and both are taken back together.
applied_credits = Table(
    "applied_credits",
    metadata,
    Column("taken_key", ForeignKey("payments.key"), primary_key=True, autoincrement=False),
    Column("given_key", ForeignKey("payments.key"), nullable=False, unique=True),
)

# What came of an accepted order when it was delivered; `lines` is NULL where all of it did. `invoice_key` is the
# invoice or the credit note that followed. One that was undone stays, with when. Those of before
# deliveries were entries say no day but that of `at`.
deliveries = Table(
    "deliveries",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("delivered_on", String(10)),
    Column("lines", Json),
    Column("invoice_key", ForeignKey("invoices.key")),
    Column("undone_at", Instant),
)
