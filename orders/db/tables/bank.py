"""The ledger's tables of what banks say came in: each line once, with the payments that it made."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from houblon.orders.db.column_types import Instant, Key
from houblon.orders.db.tables.metadata import index_where, metadata

# A file of which lines were recorded; one that was undone stays, with when and by whom.
bank_imports = Table(
    "bank_imports",
    metadata,
    Column("key", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("name", String(200), nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", String(320)),
)

# A line that made payments, which come to its amount: by its hash it is known in every file that has it. Its text is
# the payments' reference. Once its payments are taken back it may be recorded again, as another row.
bank_lines = Table(
    "bank_lines",
    metadata,
    Column("key", Key, primary_key=True),
    Column("import_key", ForeignKey("bank_imports.key"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("undone_at", Instant),
    index_where("bank_lines_once", "hash", where="undone_at IS NULL", unique=True),
)

bank_payments = Table(
    "bank_payments",
    metadata,
    Column("payment_key", ForeignKey("payments.key"), primary_key=True, autoincrement=False),
    Column("line_key", ForeignKey("bank_lines.key"), nullable=False, index=True),
)
