"""The ledger's tables. Instants are microseconds since 1970 UTC, money is in cents, JSON is text."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from houblon.orders.db.column_types import Instant, Json, Key
from houblon.orders.db.tables import products, refused  # noqa: F401 - so that the metadata is whole
from houblon.orders.db.tables.after_acceptance import applied_credits as applied_credits
from houblon.orders.db.tables.after_acceptance import deliveries as deliveries
from houblon.orders.db.tables.after_acceptance import disputes as disputes
from houblon.orders.db.tables.after_acceptance import order_changes as order_changes
from houblon.orders.db.tables.after_acceptance import payments as payments
from houblon.orders.db.tables.after_acceptance import planned_deliveries as planned_deliveries
from houblon.orders.db.tables.bank import bank_imports as bank_imports
from houblon.orders.db.tables.bank import bank_lines as bank_lines
from houblon.orders.db.tables.bank import bank_payments as bank_payments
from houblon.orders.db.tables.metadata import OPEN, index_where
from houblon.orders.db.tables.metadata import metadata as metadata
from houblon.orders.db.tables.reminders import reminder_stops as reminder_stops
from houblon.orders.db.tables.reminders import reminders as reminders
from houblon.orders.db.tables.retailers import brought_memberships as brought_memberships
from houblon.orders.db.tables.retailers import memberships as memberships
from houblon.orders.db.tables.retailers import retailer_joins as retailer_joins
from houblon.orders.db.tables.retailers import retailer_names as retailer_names
from houblon.orders.db.tables.retailers import retailers as retailers
from houblon.orders.db.tables.waiting import redecisions as redecisions
from houblon.orders.db.tables.waiting import told_waits as told_waits

_OPEN = OPEN.replace("invoices.", "")

orders = Table(
    "orders",
    metadata,
    Column("key", Key, primary_key=True),
    Column("source", String(60), nullable=False),
    Column("order_id", String(200), nullable=False),
    Column("retailer_id", ForeignKey("retailers.id"), nullable=False, index=True),
    # The retailer whose name the order gave, where that one is joined to `retailer_id`.
    Column("own_retailer_id", String(200)),
    Column("state", String(20), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("content_hash", String(64), nullable=False),
    # What the source last sent, where a person has changed the lines since; NULL where it is `content_hash`.
    Column("sent_hash", String(64)),
    Column("order_value", BigInteger, nullable=False),
    Column("item_count", BigInteger, nullable=False),
    # What of it is accepted and still to be invoiced, in cents.
    Column("uninvoiced", BigInteger, nullable=False, server_default="0"),
    Column("placed_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    # When its source last changed it, where a shop says so.
    Column("changed_at", Instant),
    UniqueConstraint("source", "order_id"),
    # Most are accepted at once: their list needs no index, and to keep one would cost every order.
    index_where("orders_by_state", "state", "key", where="state != 'accepted'"),
    Index("orders_by_reception", "received_at"),
    index_where("orders_of_joined", "own_retailer_id", where="own_retailer_id IS NOT NULL"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("policy_hash", String(80), nullable=False),
    Column("chain", Json, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("document", Json, nullable=False),
    # How the due date came about; NULL while nothing is to be paid.
    Column("derivation", Json),
    # By which form the order was read, who its buyer was, what the ledger knew of them, and which of its products could
    # not be had; NULL: the first form, the buyer that the order names, and nothing.
    Column("reading", Json),
)

# What an order said before it was changed: decisions name it by its hash.
earlier_contents = Table(
    "earlier_contents",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("content_hash", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("replaced_at", Instant, nullable=False),
)

# Moves of an order, or of its invoice where `invoice_key` is set.
transitions = Table(
    "transitions",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False, index=True),
    Column("invoice_key", ForeignKey("invoices.key")),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("before", String(20)),
    Column("after", String(20), nullable=False),
    Column("why", Text, nullable=False),
    # What a person had to decide: few, and counted often.
    index_where("moves_to_held", "order_key", where="after = 'held'"),
)

invoices = Table(
    "invoices",
    metadata,
    Column("key", Key, primary_key=True),
    Column("order_key", ForeignKey("orders.key"), nullable=False),
    # Whom its order is of, kept with it so that what they owe is found.
    Column("retailer_id", String(200), nullable=False, server_default=""),
    # `invoice`, or `credit_note` for the one that `credits` names.
    Column("kind", String(20), nullable=False),
    Column("credits", ForeignKey("invoices.key")),
    Column("prefix", String(20), nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", String(60), nullable=False, unique=True),
    Column("state", String(20), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("due_date", String(10)),
    Column("paid_on", String(10)),
    Column("total", BigInteger, nullable=False),
    # The sums of its payments, and of the credit notes that take from it: kept with each of them, in its transaction.
    Column("paid", BigInteger, nullable=False, server_default="0"),
    Column("credited", BigInteger, nullable=False, server_default="0"),
    # Since when it is disputed, where it is.
    Column("disputed_at", Instant),
    Column("document", Json, nullable=False),
    # When the order was changed and its invoice credited for that.
    Column("replaced_at", Instant),
    # The buyer's link that opens it, and when it took the place of the one before; 0 is the first, of the issue.
    Column("link_number", Integer, nullable=False, server_default="0"),
    Column("link_made_at", Instant),
    Index("invoices_by_state", "state", "key"),
    # All that sums of what is owed read.
    Index("invoices_owed", "kind", "state", "due_date", "issued_at", "total", "paid", "credited"),
    index_where("invoices_open", "retailer_id", "due_date", "total", "paid", "credited", where=_OPEN),
    Index("invoices_by_order", "order_key", "kind"),
    # An order has one invoice, whatever calls for a second; one that was replaced is credited, and counts no more.
    index_where("invoices_of_orders", "order_key", where="kind = 'invoice' AND replaced_at IS NULL", unique=True),
    index_where("credits_of_invoices", "credits", where="credits IS NOT NULL"),
    UniqueConstraint("prefix", "year", "sequence"),
)

# Which installation this ledger is of: one row, the same id as in the installation's folder.
installation = Table(
    "installation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("made_at", Instant, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# What happened, each fact once, in the order of keys: no later event has a smaller one. `fact` is the row that is the
# fact, by kind; what is told is read of it, and of `data` where there would be nothing to read later.
events = Table(
    "events",
    metadata,
    Column("key", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("order_key", ForeignKey("orders.key")),
    Column("invoice_key", ForeignKey("invoices.key")),
    Column("fact", BigInteger),
    Column("data", Json),
    # Orders come one after the other: it grows at its end.
    Index("events_once", "order_key", "kind", "fact", unique=True),
)

# Where webhooks go out to. While `old_secret_until` lasts, the secret before signs too. `place` is the last event
# that was put in the outbox for it, or passed by; `stopped_why` is what ended that, if nobody did.
endpoints = Table(
    "endpoints",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("description", String(200), nullable=False),
    Column("events", Json, nullable=False),
    Column("secret", String(200), nullable=False),
    Column("old_secret", String(200)),
    Column("old_secret_until", Instant),
    Column("active", Boolean, nullable=False),
    Column("stopped_why", Text),
    # Until when it is left alone, because it does not answer; `rests` is how often in a row.
    Column("rests_until", Instant),
    Column("rests", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("place", BigInteger, nullable=False, server_default="0"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("order_key", ForeignKey("orders.key"), index=True),
    # The invoice that the message brings to its buyer: sent when the message is.
    Column("invoice_key", ForeignKey("invoices.key")),
    # How it leaves: `mail` or `webhook`.
    Column("kind", String(20), nullable=False),
    # What its failures can slow down: `mail`, or `webhook:` and the endpoint's id.
    Column("destination", String(60), nullable=False, server_default="mail"),
    Column("event", String(80), nullable=False),
    # The event that a webhook tells, by its key; it may be older than what is kept of events.
    Column("event_key", BigInteger),
    Column("recipient", Text),
    Column("message", Json, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("sent_at", Instant),
    # What the receiver said when it took the message, where it says anything.
    Column("answer", Text),
    Column("error", Text),
    Index("outbox_due", "state", "destination", "due_at"),
    Index("outbox_by_creation", "created_at", "id"),
    # What is rare among messages, each found by a query that says the same.
    index_where("outbox_parked", "state", "created_at", "id", where="state = 'parked'"),
    index_where("outbox_webhooks", "created_at", "id", where="kind = 'webhook'"),
    index_where("outbox_by_destination", "destination", "created_at", "id", where="kind = 'webhook'"),
)

webhook_calls = Table(
    "webhook_calls",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("webhook_id", String(200), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    # What it was answered: the decision as it was made.
    Column("decision_key", ForeignKey("decisions.key"), nullable=False),
    Column("at", Instant, nullable=False),
    Index("webhook_calls_by_source", "source", "at"),
    sqlite_with_rowid=False,
)

sources = Table(
    "sources",
    metadata,
    Column("key", Key, primary_key=True),
    Column("name", String(60), nullable=False, index=True),
    Column("secret", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("active", Boolean, nullable=False),
    # Whose signatures it sends: `standard`, `shopify`, `woocommerce`.
    Column("kind", String(20), nullable=False, server_default="standard"),
)

# What a source's orders are read with: groups of buyers that name none, and how its payloads map.
source_settings = Table(
    "source_settings",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("groups", Json, nullable=False),
    Column("mapping", Json),
    Column("updated_at", Instant, nullable=False),
    # Whether its buyers' ids are its own; a shop's always are.
    Column("own_buyers", Boolean, nullable=False, server_default=false()),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key", Key, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("active", Boolean, nullable=False),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("key", Key, primary_key=True),
    Column("who", String(320), nullable=False),
    Column("page", String(60), nullable=False),
    Column("name", String(60), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("who", "page", "name"),
)

# What a call with an Idempotency-Key was answered; without a status it is still being worked on.
idempotent_calls = Table(
    "idempotent_calls",
    metadata,
    Column("api_key", Key, primary_key=True, autoincrement=False),
    Column("idempotency_key", String(200), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("body", LargeBinary),
    Index("idempotent_calls_by_age", "at"),
)

# Append-only: the database itself refuses to change or remove a row.
audit = Table(
    "audit",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("source", String(100), nullable=False),
    Column("act", String(60), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("reference", String(200), unique=True),
    Column("previous", String(71), nullable=False),
    Column("hash", String(71), nullable=False, unique=True),
    Index("audit_by_person", "who", "key"),
    Index("audit_by_act", "act", "key"),
    Index("audit_by_subject", "subject", "key"),
    Index("audit_by_date", "at"),
)

# Each time that somebody had the log verified: how far it was sound, and its head.
verifications = Table(
    "verifications",
    metadata,
    Column("key", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("count", Integer, nullable=False),
    Column("head", String(71), nullable=False),
    Column("broken_at", Integer),
)

# What-if over many orders: kept with what it followed from, so that an approval can name its report.
simulations = Table(
    "simulations",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("asked", Json, nullable=False),
    Column("proposal", String(100), index=True),
    Column("by", String(320), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("state", String(20), nullable=False),
    Column("progress", Integer, nullable=False),
    Column("inputs_hash", String(80)),
    Column("report_hash", String(80)),
    Column("result", Json),
    Column("error", Json),
    # How often a worker took it up: one that a server does not survive is not tried for ever.
    Column("attempts", Integer, nullable=False, server_default="0"),
    # The report in short, so that lists need not read it whole.
    Column("summary", Json),
    Index("simulations_by_state", "state", "created_at"),
    Index("simulations_by_report", "report_hash"),
)

# How the columns of uploaded files are understood, by their headers.
file_readings = Table(
    "file_readings",
    metadata,
    Column("headers", String(80), primary_key=True),
    Column("reading", Json, nullable=False),
    Column("by", String(320), nullable=False),
    Column("at", Instant, nullable=False),
)
