"""What follows an acceptance: retailers' addresses, lines changed by people, invoices sent and paid."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("retailers", sa.Column("address", sa.Text()))
    op.add_column("orders", sa.Column("sent_hash", sa.String(64)))
    op.add_column("invoices", sa.Column("paid_on", sa.String(10)))
    op.create_index("invoices_by_state", "invoices", ["state", "key"])
    with op.batch_alter_table("outbox") as batch:
        batch.add_column(sa.Column("invoice_key", sa.BigInteger().with_variant(sa.Integer, "sqlite")))
        batch.create_foreign_key("outbox_invoice", "invoices", ["invoice_key"], ["key"])
    # What an earlier Houblon kept only in rows is told as moves: invoices issued, and sent to their buyer by mail.
    op.execute(
        "INSERT INTO transitions (order_key, invoice_key, at, who, before, after, why) "
        "SELECT order_key, key, issued_at, 'houblon', NULL, 'issued', number FROM invoices"
    )
    op.execute(
        "UPDATE outbox SET invoice_key = (SELECT key FROM invoices WHERE invoices.order_key = outbox.order_key "
        "AND invoices.kind = 'invoice') WHERE event = 'invoice.issued' AND message LIKE '%/f/%'"
    )
    delivered = "FROM outbox JOIN invoices ON invoices.key = outbox.invoice_key WHERE outbox.state = 'sent'"
    op.execute(
        "INSERT INTO transitions (order_key, invoice_key, at, who, before, after, why) "
        f"SELECT invoices.order_key, invoices.key, outbox.sent_at, 'houblon', 'issued', 'sent', '' {delivered}"
    )
    op.execute(f"UPDATE invoices SET state = 'sent' WHERE state = 'issued' AND key IN (SELECT invoice_key {delivered})")
