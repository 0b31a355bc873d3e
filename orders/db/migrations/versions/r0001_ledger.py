"""The ledger: retailers, orders, decisions, invoices, outbox, doors."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite counts rows by itself only in a column that is exactly INTEGER.
KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "memberships",
        sa.Column("retailer_id", sa.String(200), primary_key=True),
        sa.Column("group_id", sa.String(60), primary_key=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_memberships_group_id", "memberships", ["group_id"])
    op.create_table(
        "retailers",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(300)),
        sa.Column("email", sa.String(320)),
        sa.Column("language", sa.String(35)),
        sa.Column("province", sa.String(100)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "sources",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_sources_name", "sources", ["name"])
    op.create_table(
        "webhook_calls",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("webhook_id", sa.String(200), primary_key=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("order_id", sa.String(200), nullable=False),
        sa.Column("retailer_id", sa.String(200), sa.ForeignKey("retailers.id"), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("order_value", sa.BigInteger(), nullable=False),
        sa.Column("item_count", sa.BigInteger(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("source", "order_id"),
    )
    op.create_index("ix_orders_retailer_id", "orders", ["retailer_id"])
    op.create_index("orders_by_reception", "orders", ["received_at"])
    op.create_index("orders_by_state", "orders", ["state", "key"])
    op.create_table(
        "decisions",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy_hash", sa.String(80), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("derivation", sa.Text()),
    )
    op.create_index("ix_decisions_order_key", "decisions", ["order_key"])
    op.create_table(
        "earlier_contents",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_earlier_contents_order_key", "earlier_contents", ["order_key"])
    op.create_table(
        "invoices",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("credits", KEY, sa.ForeignKey("invoices.key")),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(60), nullable=False, unique=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.String(10)),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.UniqueConstraint("order_key", "kind"),
        sa.UniqueConstraint("prefix", "year", "sequence"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key")),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("event", sa.String(80), nullable=False),
        sa.Column("recipient", sa.Text()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("error", sa.Text()),
    )
    op.create_index("ix_outbox_order_key", "outbox", ["order_key"])
    op.create_index("outbox_due", "outbox", ["state", "due_at"])
    op.create_table(
        "transitions",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("before", sa.String(20)),
        sa.Column("after", sa.String(20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
    )
    op.create_index("ix_transitions_order_key", "transitions", ["order_key"])
