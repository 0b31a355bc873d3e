"""An order that somebody enters by hand or by key: recorded as one that came by a door, with who entered it."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.core.order import Order
from houblon.engine.core.problem import refuse
from houblon.orders.credentials.credentials import BY_HAND
from houblon.orders.db.tables import audit, orders
from houblon.orders.handling.receive import ingest
from houblon.orders.handling.received import Received
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import IncomingOrder, incoming_of
from houblon.orders.records.audit import audited
from houblon.orders.services import Services
from houblon.rules.model.entry import Entry

ENTERED = "order.entered"


class Entered(msgspec.Struct, frozen=True):
    """What was entered, and what came of it; the same order again gives what it gave then."""

    incoming: IncomingOrder
    received: Received


def enter(services: Services, body: bytes, order: Order, *, by: str, where: str, at: datetime) -> Entered:
    """Record the order decoded from `body`, with its audit entry. Raises Conflict as `receive` does."""
    incoming = incoming_of(body, order, source=BY_HAND, at=at)
    return services.ledger.write(lambda connection: _enter(connection, services, incoming, by, where))


def enter_form(services: Services, document: dict[str, Any], *, by: str, where: str, at: datetime) -> Entered:
    """Record what a form says, placed now. A second press of its button finds the first one's order.

    Raises Invalid with every fault, and where another order was entered under this number.
    """

    def work(connection: Connection) -> Entered:
        mine = (orders.c.source == BY_HAND) & (orders.c.order_id == document["id"])
        before = connection.execute(select(orders).where(mine)).one_or_none()
        placed_at = at if before is None else before.placed_at
        body = msgspec.json.encode({**document, "placed_at": placed_at.isoformat()})
        order = read_order(body)
        if before is None:
            return _enter(connection, services, incoming_of(body, order, source=BY_HAND, at=at), by, where)
        if _said(msgspec.json.decode(before.body)) != _said(document):
            raise refuse(
                "taken",
                "/id",
                f"Une autre commande saisie porte le numéro {before.order_id}\u00a0: changez-le.",
                f"Another order was entered as {before.order_id}: change the number.",
            )
        incoming = incoming_of(before.body, order, source=BY_HAND, at=at)
        return _enter(connection, services, incoming, by, where)

    return services.ledger.write(work)


def entered_by(connection: Connection, source: str, order_id: str) -> str | None:
    """Who entered an order by hand; None for one that came by a door."""
    if source != BY_HAND:
        return None
    query = select(audit.c.who).where(audit.c.act == ENTERED, audit.c.subject == order_id).order_by(audit.c.key)
    return connection.execute(query.limit(1)).scalar()


def _enter(connection: Connection, services: Services, incoming: IncomingOrder, by: str, where: str) -> Entered:
    def entry_of(received: Received) -> Entry | None:
        said = {"order_key": received.order_key, "outcome": received.document["outcome"]}
        return None if received.replayed else Entry(incoming.at, by, where, ENTERED, incoming.order.id, None, said)

    return Entered(incoming, audited(lambda connection: ingest(connection, services, incoming), entry_of)(connection))


def _said(document: dict[str, Any]) -> dict[str, Any]:
    """What two presses of one button have in common: the first may have made the retailer that the second finds."""
    buyer = document["buyer"]
    kept = {name: value for name, value in document.items() if name != "placed_at"}
    return {**kept, "buyer": {name: buyer.get(name) for name in ("id", "po_number")}}
