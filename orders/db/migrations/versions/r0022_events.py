"""Events are facts in a table of their own, and endpoints read it, each from a place of its own."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Transactions of PostgreSQL take keys in one order and end in another. Each says, before it takes its first, from
# which key on it may have some: by a lock that nobody waits for, and that ends with it. Below the lowest of these,
# nothing is to come (`orders/events/reading.py`). The setting lasts as long as the lock: the transaction, or the
# savepoint that was rolled back.
_NEXT_KEY = """
CREATE FUNCTION next_event_key() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('houblon.records_events', true), '') <> 'yes' THEN
    PERFORM pg_advisory_xact_lock_shared(
      (4806522::bigint << 40) | CASE WHEN is_called THEN last_value ELSE last_value - 1 END) FROM events_key_seq;
    PERFORM set_config('houblon.records_events', 'yes', true);
  END IF;
  RETURN nextval('events_key_seq');
END $$
"""


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("key", _KEY, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("order_key", _KEY, sa.ForeignKey("orders.key")),
        sa.Column("invoice_key", _KEY, sa.ForeignKey("invoices.key")),
        sa.Column("fact", sa.BigInteger()),
        sa.Column("data", sa.Text()),
    )
    op.create_index("events_once", "events", ["order_key", "kind", "fact"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_NEXT_KEY)
        op.execute("ALTER TABLE events ALTER COLUMN key SET DEFAULT next_event_key()")
    op.add_column("endpoints", sa.Column("place", sa.BigInteger(), nullable=False, server_default="0"))
    # From when on it was told of versions: that is a place now, as for all else.
    op.drop_column("endpoints", "since")
    op.add_column("outbox", sa.Column("event_key", sa.BigInteger()))
    _ask_for_credit_notes()
    _note_where_events_begin()


def _ask_for_credit_notes() -> None:
    """Until now a credit note was told as an invoice: who asked for these goes on being told of both."""
    connection = op.get_bind()
    for id, written in connection.execute(sa.text("SELECT id, events FROM endpoints")).all():
        asked = json.loads(written)
        more = [f"credit_note.{each}" for each in ("issued", "viewed") if f"invoice.{each}" in asked]
        if isinstance(asked, list) and more:
            asked += more
            connection.execute(
                sa.text("UPDATE endpoints SET events = :asked WHERE id = :id"),
                {"id": id, "asked": json.dumps(asked, separators=(",", ":"))},
            )


def _note_where_events_begin() -> None:
    """What was done before has no events: `houblon check` asks for those of later facts alone."""
    for table in ("decisions", "transitions", "invoices"):
        op.execute(
            f"INSERT INTO counters (name, value) SELECT 'events/began/{table}', key FROM {table} ORDER BY key DESC LIMIT 1"
        )
