"""The ledger's tables of retailers: who they are, what sources call them, which groups they are kept in."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

from houblon.orders.db.column_types import Instant, Json, Key
from houblon.orders.db.tables.metadata import index_where, metadata

retailers = Table(
    "retailers",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("name", String(300)),
    Column("email", String(320)),
    Column("language", String(35)),
    Column("province", String(100)),
    # Set by people: an order does not carry it.
    Column("address", Text),
    # Set by people, in cents: it comes before that of the groups.
    Column("credit_limit", BigInteger),
    # What they owe, in cents: what is left of their invoices, and of what was accepted and is still to be invoiced.
    Column("outstanding", BigInteger, nullable=False, server_default="0"),
    # The retailer that a person said this one is; its own card and names stay, for them to be parted.
    Column("joined_to", ForeignKey("retailers.id")),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    index_where("retailers_joined", "joined_to", where="joined_to IS NOT NULL"),
)

# What a source calls a retailer (a mail address in small letters). `own_id` never changes: it is the retailer
# that was made for the name. `retailer_id` is who that is now: itself, or whom it is joined to in the end. Of the
# house's own ids, whose source is empty, only those are here that do not lead to themselves.
retailer_names = Table(
    "retailer_names",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("own_id", ForeignKey("retailers.id"), nullable=False, index=True),
    Column("retailer_id", ForeignKey("retailers.id"), nullable=False, index=True),
    Column("added_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

# Who was joined to whom, and what must be put back where they are parted: the groups that the joined one was in,
# and those of them that the other one was not in.
retailer_joins = Table(
    "retailer_joins",
    metadata,
    Column("key", Key, primary_key=True),
    Column("joined_id", ForeignKey("retailers.id"), nullable=False, index=True),
    Column("kept_id", ForeignKey("retailers.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("who", String(320), nullable=False),
    Column("groups", Json, nullable=False),
    Column("gained", Json, nullable=False),
    Column("parted_at", Instant),
    Column("parted_by", String(320)),
)

memberships = Table(
    "memberships",
    metadata,
    Column("retailer_id", String(200), primary_key=True),
    Column("group_id", String(60), primary_key=True, index=True),
    Column("added_at", Instant, nullable=False),
)

# The versions of the rules whose memberships are kept in `memberships`.
brought_memberships = Table(
    "brought_memberships",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)
