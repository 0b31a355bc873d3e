"""The ledger's tables of what follows an acceptance: payments, disputes, deliveries, changes of the day they are planned
for and of what is ordered; each row an entry that stays."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from houblon.orders.db.column_types import Instant, Json, Key
from houblon.orders.db.tables.metadata import index_where, metadata

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

# Where the buyer contests an invoice: who noted it and why, who closed it and how it ended. `invoices.disputed_at` is
# that of the one that is open.
disputes = Table(
    "disputes",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("invoice_key", ForeignKey("invoices.key"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(320)),
    Column("outcome", Text, nullable=False, server_default=""),
    index_where("disputes_open", "invoice_key", where="ended_at IS NULL", unique=True),
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

# What a source said of an order after its acceptance, where that did not become what the order says: a change that waits
# for a person, or did. `against` is the hash of what stood when it came, `decision_key` what was decided of it.
order_changes = Table(
    "order_changes",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("decision_key", ForeignKey("decisions.key"), nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("changed_at", Instant),
    Column("body", LargeBinary, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("against", String(64), nullable=False),
    # `waiting`; then `accepted` or `dismissed` by a person, `replaced` by a newer one, `withdrawn` by its source; or
    # `refused` from the start.
    Column("state", String(20), nullable=False),
    Column("settled_at", Instant),
    Column("who", String(320)),
    Column("why", Text, nullable=False),
    index_where("changes_waiting", "order_key", where="state = 'waiting'", unique=True),
)

# Deliveries that a person rescheduled, the last one in force. `derivation` is set where the due date
# followed, `invoice_key` where an issued invoice is amended by it: its document stays as it was issued.
planned_deliveries = Table(
    "planned_deliveries",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("why", Text, nullable=False),
    Column("before", String(10)),
    Column("after", String(10), nullable=False),
    Column("invoice_key", ForeignKey("invoices.key"), index=True),
    Column("due_before", String(10)),
    Column("due_after", String(10)),
    Column("derivation", Json),
)
