"""Which distributors orders name: a cycle has the id of one, and without a cycle the acceptance counts."""

from collections import Counter

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.core.texts import clean_id, identity
from houblon.orders.db.tables import orders

LOOKED_AT = 1_000


class Named(msgspec.Struct, frozen=True):
    """How many of the newest orders name a distributor, and how many of those still wait for a person."""

    orders: int
    held: int


class _Order(msgspec.Struct):
    """The one member of an order's body that is read here."""

    distributor: str | None = None


def named_distributors(connection: Connection, limit: int = LOOKED_AT) -> dict[str, Named]:
    """Every distributor that the newest `limit` orders name, the most named first."""
    newest = select(orders.c.state, orders.c.body).order_by(orders.c.key.desc()).limit(limit)
    every: Counter[str] = Counter()
    held: Counter[str] = Counter()
    written: dict[str, str] = {}  # the newest writing of each
    decode = msgspec.json.Decoder(_Order).decode
    for state, body in connection.execute(newest):
        name = clean_id(decode(body).distributor or "")
        if name:
            name = written.setdefault(identity(name), name)
            every[name] += 1
            held[name] += state == "held"
    return {name: Named(count, held[name]) for name, count in every.most_common()}
