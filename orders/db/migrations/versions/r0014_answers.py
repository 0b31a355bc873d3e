"""A webhook call names the decision that it was answered, and keeps no copy of it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("webhook_calls") as batch:
        batch.add_column(sa.Column("decision_key", sa.BigInteger().with_variant(sa.Integer, "sqlite")))
    is_embedded = op.get_bind().dialect.name == "sqlite"
    order_id = "json_extract(answer, '$.order_id')" if is_embedded else "answer::json ->> 'order_id'"
    # The decision that reads as the answer did; else the last by policy, by which the order stands.
    for which in ("decisions.document = webhook_calls.answer", "decisions.who = 'houblon'"):
        op.execute(
            "UPDATE webhook_calls SET decision_key = ("
            "SELECT max(decisions.key) FROM orders JOIN decisions ON decisions.order_key = orders.key "
            f"WHERE orders.source = webhook_calls.source AND orders.order_id = {order_id} AND {which}) "
            "WHERE decision_key IS NULL"
        )
    # A call of which nothing else is known: should it come again, its order is looked for by its own id.
    op.execute("DELETE FROM webhook_calls WHERE decision_key IS NULL")
    # Found by their key alone, calls need no second table to be found in.
    with op.batch_alter_table("webhook_calls", table_kwargs={"sqlite_with_rowid": False}) as batch:
        batch.alter_column("decision_key", existing_type=sa.BigInteger(), nullable=False)
        batch.drop_column("answer")
        batch.create_foreign_key("webhook_calls_decision", "decisions", ["decision_key"], ["key"])
