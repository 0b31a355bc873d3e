"""What the newest orders name: distributors, provinces and products that somebody has; and who buys."""

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.core.places import province_of
from houblon.engine.core.texts import identity
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.tables import orders, retailers
from houblon.rules.checks.idle_rules import Seen

LOOKED_AT = 1_000


class _Line(msgspec.Struct):
    sku: str


class _Buyer(msgspec.Struct):
    province: str | None = None


class _Order(msgspec.Struct):
    """The members of an order's body that are read here."""

    buyer: _Buyer
    lines: list[_Line]
    distributor: str | None = None


def seen_values(ledger: Ledger) -> Seen:
    """What the newest orders name, from memory while nothing changed."""

    def read() -> Seen:
        with ledger.reading() as connection:
            return read_seen_values(connection)

    return ledger.query_cache.get(("seen_values",), read)


def read_seen_values(connection: Connection, limit: int = LOOKED_AT) -> Seen:
    """What the newest `limit` orders name, and the provinces of all retailers."""
    decode = msgspec.json.Decoder(_Order).decode
    distributors: set[str | None] = set()
    skus: set[str] = set()
    provinces = set(connection.execute(select(retailers.c.province).distinct()).scalars())
    for body in connection.execute(select(orders.c.body).order_by(orders.c.key.desc()).limit(limit)).scalars():
        order = decode(body)
        distributors.add(order.distributor)
        provinces.add(order.buyer.province)
        skus.update(line.sku for line in order.lines)
    buyers = connection.execute(select(retailers.c.id)).scalars()
    return Seen(
        frozenset(identity(each) for each in distributors if each),
        frozenset(identity(province_of(each)) for each in provinces if each),
        frozenset(map(identity, skus)),
        frozenset(map(identity, buyers)),
    )
