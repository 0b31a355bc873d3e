"""The ledger's tables of reminders: what buyers were reminded of, and where a person stopped that."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from houblon.orders.db.column_types import Instant, Key
from houblon.orders.db.tables.metadata import index_where, metadata

# Each invoice of each reminder: one mail lists several. `step` is the day that called for it, `days` after it was due;
# both are NULL of an invoice that was only listed beside others. Whatever is killed, and whoever works at once, an
# invoice is in one mail a day, and each of its days calls for one.
reminders = Table(
    "reminders",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("invoice_key", ForeignKey("invoices.key"), nullable=False),
    Column("step", String(10)),
    Column("days", Integer),
    # The installation's day on which the mail was written, and what was left to pay then.
    Column("written_on", String(10), nullable=False),
    Column("balance", BigInteger, nullable=False),
    # The message of the outbox, which is removed before these are.
    Column("message_id", String(60), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    # When the mail left, or was withdrawn because the invoice was settled before it did.
    Column("sent_at", Instant),
    Column("withdrawn_at", Instant),
    UniqueConstraint("invoice_key", "step"),
    UniqueConstraint("invoice_key", "written_on"),
)

# Where a person stopped the reminders of a retailer or of one invoice, and when somebody started them again.
reminder_stops = Table(
    "reminder_stops",
    metadata,
    Column("key", Key, primary_key=True),
    Column("retailer_id", String(200)),
    Column("invoice_key", ForeignKey("invoices.key")),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(320)),
    # One of each at a time.
    index_where(
        "reminders_stopped_of", "retailer_id", where="ended_at IS NULL AND retailer_id IS NOT NULL", unique=True
    ),
    index_where("reminders_stopped", "invoice_key", where="ended_at IS NULL AND invoice_key IS NOT NULL", unique=True),
    index_where("reminder_stops_of_retailers", "retailer_id", where="retailer_id IS NOT NULL"),
    index_where("reminder_stops_of_invoices", "invoice_key", where="invoice_key IS NOT NULL"),
)
