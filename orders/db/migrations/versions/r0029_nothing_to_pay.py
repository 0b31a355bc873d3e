"""Invoices that come to nothing are settled since the day of their issue, those of before too.

They have no move and no event of it: nothing happened to them, and nobody is told anything now.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    connection = op.get_bind()
    unsettled = sa.text(
        "SELECT key, document FROM invoices "
        "WHERE kind = 'invoice' AND total <= 0 AND state IN ('issued', 'sent', 'viewed')"
    )
    for key, document in connection.execute(unsettled).all():
        day = json.loads(document).get("issued_on")
        settle = sa.text("UPDATE invoices SET state = 'paid', paid_on = :day WHERE key = :key")
        connection.execute(settle, {"day": day, "key": key})
