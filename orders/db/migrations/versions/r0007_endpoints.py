"""Endpoints of outgoing webhooks; each message has a destination, and one that fails holds up no other."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("old_secret", sa.String(200)),
        sa.Column("old_secret_until", sa.BigInteger()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("stopped_why", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
    op.add_column("outbox", sa.Column("destination", sa.String(60), nullable=False, server_default="mail"))
    op.add_column("outbox", sa.Column("answer", sa.Text()))
    op.drop_index("outbox_due", "outbox")
    op.create_index("outbox_due", "outbox", ["state", "destination", "due_at"])
    op.create_index("outbox_by_creation", "outbox", ["created_at", "id"])
    op.create_index("outbox_by_state", "outbox", ["state", "created_at", "id"])
    op.create_index("outbox_by_kind", "outbox", ["kind", "created_at", "id"])
    op.create_index("outbox_by_destination", "outbox", ["destination", "created_at", "id"])
