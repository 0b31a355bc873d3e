"""Payments and deliveries as entries, and several credit notes of one invoice.

What an earlier ledger says is kept: an invoice that is paid has one payment of all of it, and an order that is
delivered was delivered whole.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
# Those that name an invoice and have no index by it.
_REFERRING = ("transitions", "outbox", "events")
_ONE_OF_EACH = "UNIQUE (order_key, kind)"


def upgrade() -> None:
    op.add_column("invoices", sa.Column("paid", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("invoices", sa.Column("credited", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_index("invoices_owed", "invoices")
    if op.get_bind().dialect.name == "sqlite":
        _without_one_of_each()
    else:
        op.drop_constraint("invoices_order_key_kind_key", "invoices", type_="unique")
    owed = ["kind", "state", "due_date", "issued_at", "total", "paid", "credited"]
    op.create_index("invoices_owed", "invoices", owed)
    op.create_index("invoices_by_order", "invoices", ["order_key", "kind"])
    _index("invoices_of_orders", "order_key", "kind = 'invoice'", unique=True)
    _index("credits_of_invoices", "credits", "credits IS NOT NULL")
    _make_tables()
    _keep_what_is()


def _index(name: str, column: str, where: str, unique: bool = False) -> None:
    there = sa.text(where)
    op.create_index(name, "invoices", [column], unique=unique, sqlite_where=there, postgresql_where=there)


def _without_one_of_each() -> None:
    """The same table without the constraint, which SQLite can't drop.

    References to it are looked at when all is back; those tables get an index each meanwhile, or every row of
    invoices would be looked for in the whole of them.
    """
    connection = op.get_bind()
    [(made,)] = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'invoices'"))
    indexes = connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'invoices' AND sql IS NOT NULL")
    ).all()
    before, constraint, after = made.partition(_ONE_OF_EACH)
    if not constraint:
        raise RuntimeError(f"the table of invoices has no {_ONE_OF_EACH}")
    op.execute("PRAGMA defer_foreign_keys = ON")
    for table in _REFERRING:
        op.execute(f"CREATE INDEX {table}_meanwhile ON {table} (invoice_key)")
    op.execute("CREATE TABLE invoices_meanwhile AS SELECT * FROM invoices")
    op.execute("DROP TABLE invoices")
    connection.exec_driver_sql(before.rstrip().removesuffix(",") + after)
    op.execute("CREATE INDEX invoices_meanwhile_credits ON invoices (credits)")
    op.execute("INSERT INTO invoices SELECT * FROM invoices_meanwhile ORDER BY key")
    op.execute("DROP TABLE invoices_meanwhile")
    op.execute("DROP INDEX invoices_meanwhile_credits")
    for table in _REFERRING:
        op.execute(f"DROP INDEX {table}_meanwhile")
    for (index,) in indexes:
        connection.exec_driver_sql(index)


def _make_tables() -> None:
    op.create_table(
        "payments",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.String(10), nullable=False),
        sa.Column("means", sa.String(20)),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("reverses", KEY, sa.ForeignKey("payments.key"), unique=True),
        sa.Column("why", sa.Text(), nullable=False),
    )
    op.create_index("ix_payments_invoice_key", "payments", ["invoice_key"])
    op.create_table(
        "deliveries",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("order_key", KEY, sa.ForeignKey("orders.key"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(320), nullable=False),
        sa.Column("delivered_on", sa.String(10)),
        sa.Column("lines", sa.Text()),
        sa.Column("invoice_key", KEY, sa.ForeignKey("invoices.key")),
        sa.Column("undone_at", sa.BigInteger()),
    )
    op.create_index("ix_deliveries_order_key", "deliveries", ["order_key"])


def _keep_what_is() -> None:
    # Of several moves to one state, the last; an invoice issued as paid by its order says the reference in its move.
    op.execute(
        "INSERT INTO payments (invoice_key, amount, paid_on, reference, at, who, why) "
        "SELECT invoices.key, invoices.total, invoices.paid_on, CASE WHEN moves.who = 'houblon' "
        "AND moves.why <> invoices.paid_on THEN moves.why ELSE '' END, "
        "coalesce(moves.at, invoices.issued_at), coalesce(moves.who, 'houblon'), '' FROM invoices "
        "LEFT JOIN (SELECT max(key) AS key, invoice_key FROM transitions WHERE after = 'paid' GROUP BY invoice_key) "
        "AS last ON last.invoice_key = invoices.key LEFT JOIN transitions AS moves ON moves.key = last.key "
        "WHERE invoices.kind = 'invoice' AND invoices.paid_on IS NOT NULL AND invoices.total > 0 ORDER BY invoices.key"
    )
    op.execute("UPDATE invoices SET paid = total WHERE kind = 'invoice' AND paid_on IS NOT NULL AND total > 0")
    op.execute(
        "UPDATE invoices SET credited = coalesce((SELECT -sum(notes.total) FROM invoices AS notes "
        "WHERE notes.credits = invoices.key), 0) WHERE state = 'credited'"
    )
    op.execute(
        "INSERT INTO deliveries (order_key, at, who) "
        "SELECT orders.key, moves.at, moves.who FROM orders "
        "JOIN (SELECT max(key) AS key, order_key FROM transitions WHERE after = 'delivered' GROUP BY order_key) "
        "AS last ON last.order_key = orders.key JOIN transitions AS moves ON moves.key = last.key "
        "WHERE orders.state = 'delivered' ORDER BY orders.key"
    )
