"""What is rare has indexes of its own, which the many rows beside it need not be kept in."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_index("orders_by_state", "orders")
    for name in ("outbox_by_state", "outbox_by_kind", "outbox_by_destination"):
        op.drop_index(name, "outbox")
    _index("orders_by_state", "orders", ["state", "key"], "state != 'accepted'")
    _index("outbox_parked", "outbox", ["state", "created_at", "id"], "state = 'parked'")
    _index("outbox_webhooks", "outbox", ["created_at", "id"], "kind = 'webhook'")
    _index("outbox_by_destination", "outbox", ["destination", "created_at", "id"], "kind = 'webhook'")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
