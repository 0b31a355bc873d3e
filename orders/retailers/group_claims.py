"""Which groups orders claim for their buyer, beside those that are kept."""

from collections import Counter

import msgspec
from sqlalchemy import Connection, select

from houblon.orders.db.tables import orders

LOOKED_AT = 1_000


class _Buyer(msgspec.Struct):
    groups: list[str] | None = None


class _Order(msgspec.Struct):
    """The one member of an order's body that is read here."""

    buyer: _Buyer


def claimed_groups(connection: Connection, limit: int = LOOKED_AT) -> Counter[str]:
    """How many of the newest `limit` orders claim each group."""
    decode = msgspec.json.Decoder(_Order).decode
    bodies = connection.execute(select(orders.c.body).order_by(orders.c.key.desc()).limit(limit)).scalars()
    return Counter(group for body in bodies for group in set(decode(body).buyer.groups or ()))
