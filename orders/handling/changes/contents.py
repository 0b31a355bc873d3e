"""What an order says: the columns that follow from it, and what it said before."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, update

from houblon.engine.policy.decision import Outcome
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import earlier_contents, orders
from houblon.orders.events.record import amounts, record_event
from houblon.orders.intake.incoming import IncomingOrder
from houblon.orders.retailers.names import BuyerIds

_KEEP_EARLIER = Prepared(insert(earlier_contents))
# What may differ in an order that was paid for since: all else is another order.
OF_PAYMENT = ("payment", "status")


def columns(incoming: IncomingOrder, outcome: Outcome, ids: BuyerIds) -> dict[str, Any]:
    """What is kept of an order beside its source and when it came."""
    order = incoming.order
    return {
        "order_id": order.id,
        "retailer_id": ids.retailer,
        "own_retailer_id": None if ids.own == ids.retailer else ids.own,
        "state": outcome.value,
        "body": incoming.body,
        "content_hash": incoming.content_hash,
        "order_value": sum([line.value for line in order.lines]),
        "item_count": sum([line.quantity for line in order.lines]),
        "placed_at": order.placed_at,
    }


def replace(
    connection: Connection,
    before: Row[Any],
    incoming: IncomingOrder,
    outcome: Outcome,
    ids: BuyerIds,
    sent_hash: str | None = None,
    **more: Any,
) -> bool:
    """The order says something else from now on; False where it is not any more what it was `before`."""
    is_as_before = (orders.c.state == before.state) & (orders.c.content_hash == before.content_hash)
    changed_at = incoming.changed_at or before.changed_at
    values = {**columns(incoming, outcome, ids), "sent_hash": sent_hash, "changed_at": changed_at, **more}
    moved = connection.execute(update(orders).where(orders.c.key == before.key, is_as_before).values(**values))
    return moved.rowcount == 1


def keep_earlier(connection: Connection, before: Row[Any], incoming: IncomingOrder, changed_by: str) -> None:
    """Keep what the order said before, and record that it says something else now."""
    key = _KEEP_EARLIER.insert(
        connection,
        {
            "order_key": before.key,
            "content_hash": before.content_hash,
            "body": before.body,
            "replaced_at": incoming.at,
        },
    )
    lines = incoming.order.lines
    now = amounts(sum(line.value for line in lines), sum(line.quantity for line in lines))
    record_event(
        connection,
        "order.changed",
        incoming.at,
        order_key=before.key,
        fact=key,
        data={"changed_by": changed_by, **now},
    )


def but_payment(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a body's document says beside its payment and its state."""
    return {name: value for name, value in said.items() if name not in OF_PAYMENT}
