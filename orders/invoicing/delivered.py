"""What was delivered of an order: the delivery in force, and the part of the order that is invoiced by it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from houblon.engine.core.money import Cents, Price
from houblon.engine.core.order import Charge, Order
from houblon.orders.db.tables import deliveries
from houblon.orders.invoicing.shares import share


class DeliveredPart(msgspec.Struct, frozen=True):
    """The lines of an order that were delivered, each with its number in the whole order."""

    order: Order
    numbers: tuple[int, ...]


def delivery_of(connection: Connection, order_key: int) -> Row[Any] | None:
    """The delivery of an order that is in force."""
    query = select(deliveries).where(deliveries.c.order_key == order_key, deliveries.c.undone_at.is_(None))
    return connection.execute(query.order_by(deliveries.c.key.desc()).limit(1)).one_or_none()


def delivered_part(connection: Connection, order_key: int, order: Order) -> DeliveredPart | None:
    """What was delivered of an order of which the rest was not; None of one that is whole, or not delivered yet."""
    delivery = delivery_of(connection, order_key)
    if delivery is None or delivery.lines is None:
        return None
    return part_of_order(order, {line["line"]: line["delivered"] for line in delivery.lines})


def part_of_order(order: Order, quantities: Mapping[int, int]) -> DeliveredPart:
    """So many of each line, by its number: discounts of a line go by quantity, those of the order by value."""
    kept = [(number, line) for number, line in enumerate(order.lines, 1) if quantities.get(number, 0)]
    lines = tuple(
        msgspec.structs.replace(
            line,
            quantity=quantities[number],
            discount=line.discount and Price(share(line.discount, quantities[number], line.quantity)),
        )
        for number, line in kept
    )
    part, whole = sum(line.value for line in lines), sum(line.value for line in order.lines)
    charges = order.charges and tuple(_charge(charge, part, whole) for charge in order.charges)
    return DeliveredPart(
        msgspec.structs.replace(order, lines=lines, charges=charges), tuple(number for number, _ in kept)
    )


def _charge(charge: Charge, part: int, whole: int) -> Charge:
    if charge.amount >= 0:
        return charge
    return msgspec.structs.replace(charge, amount=Cents(share(charge.amount, part, whole)))
