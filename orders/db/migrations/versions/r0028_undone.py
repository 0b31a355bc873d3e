"""Events of payments, of invoices to be paid again, and of what is undone: what was done before has none."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    for name, table in (("payments", "payments"), ("put_back", "transitions")):
        op.execute(
            f"INSERT INTO counters (name, value) SELECT 'events/began/{name}', key FROM {table} ORDER BY key DESC LIMIT 1"
        )
