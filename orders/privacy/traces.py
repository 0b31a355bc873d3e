"""Where a retailer's name, addresses and words are found in the ledger beside their own rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Text, or_, select, type_coerce

from houblon.orders.db.tables import audit, earlier_contents, invoices, order_changes, orders, retailers
from houblon.orders.retailers.joins import tree_of

_SHORTEST = 4  # characters: a shorter name would be found in everything


def known_values(connection: Connection, id: str) -> tuple[str, ...]:
    """The names and addresses by which a retailer was ever known here, and those that are joined to them, the longest
    first."""
    found = {value for value in _values(connection, id) if isinstance(value, str) and len(value) >= _SHORTEST}
    return tuple(sorted(found, key=lambda each: (-len(each), each)))


def _values(connection: Connection, id: str) -> Iterator[Any]:
    cards = select(retailers.c.name, retailers.c.email, retailers.c.address)
    for row in connection.execute(cards.where(retailers.c.id.in_(tree_of(connection, id)))):
        yield from row
    own = select(orders.c.key).where(orders.c.retailer_id == id)
    bodies = select(orders.c.body).where(orders.c.retailer_id == id)
    earlier = select(earlier_contents.c.body).where(earlier_contents.c.order_key.in_(own))
    changes = select(order_changes.c.body).where(order_changes.c.order_key.in_(own))
    for query in (bodies, earlier, changes):
        for (body,) in connection.execute(query):
            buyer = msgspec.json.decode(body).get("buyer", {})
            yield from (buyer.get(name) for name in ("name", "email", "company"))
    for (document,) in connection.execute(select(invoices.c.document).where(invoices.c.order_key.in_(own))):
        yield from (document["buyer"].get(name) for name in ("name", "email", "company", "address"))


def audit_of(connection: Connection, id: str, values: Sequence[str]) -> Sequence[Row[Any]]:
    """The audit log's entries about the retailer, and those whose two sides hold a value, the oldest first."""
    sides = [type_coerce(column, Text) for column in (audit.c.before, audit.c.after)]
    held = [side.contains(_written(value), autoescape=True) for side in sides for value in values]
    own = audit.c.subject.in_(tree_of(connection, id)) & audit.c.act.startswith("retailer.", autoescape=True)
    return connection.execute(select(audit).where(or_(own, *held)).order_by(audit.c.key)).all()


def replaced(value: Any, words: Sequence[str], by: str) -> Any:
    """A JSON value with each of the words replaced wherever a text says it."""
    if isinstance(value, dict):
        return {name: replaced(each, words, by) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, words, by) for each in value]
    if isinstance(value, str):
        for word in words:
            value = value.replace(word, by)
    return value


def _written(value: str) -> str:
    """A text as a JSON document holds it."""
    return msgspec.json.encode(value).decode()[1:-1]
