"""A ledger as an earlier Houblon left it: its schema at a revision, and rows in every table of it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData

from houblon.orders.db.migrate import upgrade

ROWS = (1, 2)
# What a column holds where its type alone does not say.
KNOWN = {
    "state": ("accepted", "held"),
    "outcome": ("accepted", "held"),
    "kind": ("invoice", "invoice"),
    "outbox.kind": ("mail", "mail"),
    "outbox.state": ("sent", "pending"),
    "outbox.recipient": ("a@example.com", "b@example.com"),
    "outbox.message": ('{"subject":"s","text":"t","html":"h"}',) * 2,
    "chain": ('["tous"]', '["tous"]'),
    "scopes": ('["decide"]', '["read"]'),
    "body": (b'{"id": "A"}', b'{"id": "B"}'),
    "decisions.document": ('{"order_id":"order_id-1"}', '{"order_id":"order_id-2"}'),
    "webhook_calls.answer": ('{"order_id":"order_id-1"}', '{"order_id":"order_id-2"}'),
}


def make_earlier(connection: Connection, revision: str) -> dict[str, list[dict[str, Any]]]:
    """Bring a new database to `revision`, fill every table, and return the rows by table."""
    upgrade(connection, revision)
    found = MetaData()
    found.reflect(connection)
    made = {}
    for table in found.sorted_tables:
        if table.name == "alembic_version":
            continue
        made[table.name] = [_row(table, number) for number in ROWS]
        for row in made[table.name]:
            connection.execute(table.insert(), row)
    return made


def rows_now(connection: Connection, made: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same rows as they read now, in the columns that were there and are."""
    found = MetaData()
    found.reflect(connection)
    now = {}
    for name, rows in made.items():
        table = found.tables[name]
        columns = [table.c[column] for column in rows[0] if column in table.c]
        key = list(table.primary_key.columns)
        found_rows = (dict(row._mapping) for row in connection.execute(sa.select(*columns).order_by(*key)))
        # What a migration itself counted is beside what was there.
        now[name] = [row for row in found_rows if not str(row.get("name", "")).startswith("events/")]
    return now


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number) for column in table.columns}


def _value(table: sa.Table, column: sa.Column[Any], number: int) -> Any:
    known = KNOWN.get(f"{table.name}.{column.name}", KNOWN.get(column.name))
    if known is not None:
        return known[number - 1]
    if column.foreign_keys:
        other = next(iter(column.foreign_keys)).column
        return None if other.table is table else _value(other.table, other, number)
    if isinstance(column.type, sa.Boolean):
        return True
    if isinstance(column.type, sa.Integer):
        return number
    if isinstance(column.type, sa.LargeBinary):
        return b"%d" % number
    if isinstance(column.type, sa.DateTime):
        return datetime(2021, 5, 12, 9, 30)
    if isinstance(column.type, sa.Text) or column.type.length is None:
        return f'{{"n":{number}}}'  # JSON, as most long texts are
    return f"{column.name}-{number}"[: column.type.length]
