"""A person accepts or refuses a held order: one transition, whoever else tries."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.decision import Invoicing, Outcome
from engine.evaluate import invoicing, obligations
from engine.order import Order, decode_order
from orders import invoice, messages
from orders.desk import Conflict, Desk
from orders.receive import chain_and_policy
from orders.tables import orders, retailers, transitions


def accept(desk: Desk, key: int, *, by: str, at: datetime, why: str = "") -> str | None:
    """Accept a held order; its invoice, if the policy in force now owes one, is issued at once.

    Returns the invoice's number, None when none is issued now. Raises Conflict when somebody
    settled the order first, or when one of its products is unavailable.
    """
    return desk.ledger.write(lambda connection: _accept(connection, desk, key, by, at, why))


def refuse(desk: Desk, key: int, *, by: str, at: datetime, why: str) -> None:
    """Refuse a held order. Raises Conflict when somebody settled it first."""
    desk.ledger.write(lambda connection: _refuse(connection, desk, key, by, at, why))


def preview(connection: Connection, desk: Desk, key: int, at: datetime) -> tuple[Invoicing, dict[str, Any]]:
    """What would follow if a person accepted the order at `at`: invoicing, and the invoice's draft."""
    order = decode_order(connection.execute(select(orders.c.body).where(orders.c.key == key)).scalar_one())
    buyer = connection.execute(select(retailers).where(retailers.c.id == order.buyer.id)).one_or_none()
    policy, _ = chain_and_policy(connection, desk, order, at)
    follows = _invoicing(desk, order, policy, at)
    return follows, invoice.draft(desk, order, policy, follows, at, buyer)


def _accept(connection: Connection, desk: Desk, key: int, by: str, at: datetime, why: str) -> str | None:
    row, order, buyer = _held(connection, key)
    if any(line.available is False for line in order.lines):
        raise Conflict(
            "unavailable",
            "Un produit de la commande n’est pas disponible : elle ne peut pas être acceptée ainsi.",
            "A product of the order is not available: it can't be accepted as it is.",
        )
    _move(connection, row, "accepted", by, at, why)
    policy, _ = chain_and_policy(connection, desk, order, at)
    follows = _invoicing(desk, order, policy, at)
    issued = None
    if follows.issue:
        invoice_key = invoice.issue(connection, desk, key, order, policy, follows, at, buyer)
        issued = (invoice_key, invoice.document_of(connection, invoice_key))
    duties = obligations(policy, Outcome.ACCEPTED, follows)
    messages.queue(connection, desk, key, order, policy, duties, at, buyer, issued)
    return issued[1]["number"] if issued else None


def _refuse(connection: Connection, desk: Desk, key: int, by: str, at: datetime, why: str) -> None:
    row, order, buyer = _held(connection, key)
    _move(connection, row, "refused", by, at, why)
    policy, _ = chain_and_policy(connection, desk, order, at)
    duties = obligations(policy, Outcome.REFUSED, None)
    messages.queue(connection, desk, key, order, policy, duties, at, buyer, None)


def _invoicing(desk: Desk, order: Order, policy: Any, at: datetime) -> Invoicing:
    cycle = desk.policies.content(policy.version).cycles.get(order.distributor or "")
    return invoicing(order, policy, accepted_at=at, cycle=cycle, installation=desk.installation)


def _held(connection: Connection, key: int) -> tuple[Row[Any], Order, Row[Any]]:
    row = connection.execute(select(orders).where(orders.c.key == key)).one_or_none()
    if row is None:
        raise LookupError(f"there is no order {key}")
    if row.state != "held":
        raise _settled(connection, row)
    buyer = connection.execute(select(retailers).where(retailers.c.id == row.retailer_id)).one()
    return row, decode_order(row.body), buyer


def _move(connection: Connection, row: Row[Any], after: str, by: str, at: datetime, why: str) -> None:
    """The one transition out of `held`: whoever comes second finds nothing to move."""
    moved = connection.execute(
        update(orders).where(orders.c.key == row.key, orders.c.state == "held").values(state=after)
    )
    if moved.rowcount != 1:
        raise _settled(connection, row)
    connection.execute(
        insert(transitions).values(order_key=row.key, at=at, who=by, before="held", after=after, why=why)
    )


def _settled(connection: Connection, row: Row[Any]) -> Conflict:
    last = connection.execute(
        select(transitions).where(transitions.c.order_key == row.key).order_by(transitions.c.key.desc()).limit(1)
    ).one()
    when = last.at.isoformat(timespec="minutes")
    fr = {"accepted": "acceptée", "refused": "refusée"}.get(last.after, last.after)
    return Conflict(
        "already_settled",
        f"La commande {row.order_id} est déjà {fr}, par {last.who}, le {when}.",
        f"Order {row.order_id} is already {last.after}, by {last.who}, at {when}.",
    )
