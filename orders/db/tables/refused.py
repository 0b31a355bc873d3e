"""Tables of what sources sent and could not be recorded, and of what they called off."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from houblon.orders.db.column_types import Instant, Json, Key
from houblon.orders.db.tables.metadata import metadata

# Signed calls that could not be recorded, each once however often it came: what came again counts.
refused_calls = Table(
    "refused_calls",
    metadata,
    Column("key", Key, primary_key=True),
    Column("source", String(60), nullable=False),
    # How it was signed, what the shop says it is about, and the delivery's own id, where it had one.
    Column("kind", String(20), nullable=False),
    Column("topic", String(100), nullable=False),
    Column("webhook_id", String(200)),
    Column("body_hash", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    # What it says of itself, where that can be read.
    Column("order_id", String(200)),
    Column("buyer_id", String(200), index=True),
    # Every fault: its code, its pointer, its sentence in both languages.
    Column("errors", Json, nullable=False),
    # When the team was told of it by mail.
    Column("told_at", Instant),
    UniqueConstraint("source", "topic", "body_hash"),
    Index("refused_calls_by_source", "source", "key"),
)

# What such a call said, byte by byte: it goes before the call does.
refused_payloads = Table(
    "refused_payloads",
    metadata,
    Column("call_key", ForeignKey("refused_calls.key"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

# How many calls of a source were dropped, unseen, for newer ones.
dropped_calls = Table(
    "dropped_calls",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# Orders that their source called off, and that the house did not cancel by itself: one that it had never seen, or one
# that is delivered or paid for and waits for a person, until `settled_at`.
called_off = Table(
    "called_off",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("order_id", String(200), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("settled_at", Instant),
)
