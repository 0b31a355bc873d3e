"""What the house says of the products that an order names: a line of one that can't be had is not available.

It only ever holds: what an order itself says can't be had stays so, whatever the house has.
"""

from collections.abc import Collection

import msgspec
from sqlalchemy import select, text

from houblon.engine.core.order import Order
from houblon.engine.core.texts import identity
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import Prepared, Reader
from houblon.orders.db.tables.products import products
from houblon.orders.intake.incoming import IncomingOrder, of_buyer

_UNAVAILABLE = Prepared(select(products.c.sku).where(text("NOT available")))


def in_stock(reader: Reader, order: Order) -> Order:
    """The order as the house can deliver it now."""
    return without(order, gone(reader))


def gone(reader: Reader) -> list[str]:
    """The SKUs of all products that can't be had now."""
    return [row.sku for row in _UNAVAILABLE.all(reader)]


def known_gone(ledger: Ledger) -> list[str]:
    """`gone`, from memory while nothing changed."""

    def read() -> list[str]:
        with ledger.looking_up() as reader:
            return gone(reader)

    found: list[str] = ledger.query_cache.get(("gone",), read)
    return found


def taken(reader: Reader, incoming: IncomingOrder, retailer: str) -> IncomingOrder:
    """An order that came, of the retailer of this id, as the house can deliver it now; what it says stays as it is."""
    found = of_buyer(incoming, retailer)
    order = in_stock(reader, found.order)
    return found if order is found.order else msgspec.structs.replace(found, order=order)


def gone_of(reader: Reader, order: Order) -> list[str]:
    """Which of an order's products the house can't have, as the order names them."""
    known = {identity(sku) for sku in gone(reader)}
    return sorted({line.sku for line in order.lines if identity(line.sku) in known})


def without(order: Order, skus: Collection[str]) -> Order:
    """The order, its lines of these products not available."""
    if not skus:
        return order
    known = {identity(sku) for sku in skus}
    lines = tuple(
        msgspec.structs.replace(line, available=False) if identity(line.sku) in known else line for line in order.lines
    )
    return order if lines == order.lines else msgspec.structs.replace(order, lines=lines)


def unavailable_of(order: Order) -> list[str]:
    """The products that an order does without, by its own word or the house's."""
    return sorted({line.sku for line in order.lines if line.available is False})
