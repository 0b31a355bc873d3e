"""Changes of accepted orders that are not what the order says: what waits for a person, and what became of it."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, exists, func, insert, select, update

from houblon.engine.core.order import Order, decode_order
from houblon.orders.db.tables import decisions, order_changes, orders, retailers
from houblon.orders.events.record import record_event
from houblon.orders.intake.incoming import IncomingOrder
from houblon.orders.invoicing.credits import credit_notes_of
from houblon.orders.records.decision_log import SYSTEM, record_order_move

WAITING, ACCEPTED, DISMISSED, REPLACED, WITHDRAWN, REFUSED = (
    "waiting",
    "accepted",
    "dismissed",
    "replaced",
    "withdrawn",
    "refused",
)
# Of an order that was cancelled since, no change waits; of one that was delivered, it can only be dismissed, or be
# withdrawn by its source.
MAY_WAIT = ("accepted", "delivered")
_IS_WAITING = and_(order_changes.c.state == WAITING, orders.c.state.in_(MAY_WAIT))
# A decision that is about a change which did not become what the order says.
OF_A_CHANGE = exists().where(order_changes.c.decision_key == decisions.c.key, order_changes.c.state != ACCEPTED)


def locked(connection: Connection, order_key: int) -> Row[Any] | None:
    """The order, which nobody else moves or changes until the transaction ends."""
    return connection.execute(select(orders).where(orders.c.key == order_key).with_for_update()).one_or_none()


def last_change(connection: Connection, order_key: int) -> Row[Any] | None:
    """What the source said last that is not, or was not at once, what the order says."""
    query = select(order_changes).where(order_changes.c.order_key == order_key)
    return connection.execute(query.order_by(order_changes.c.key.desc()).limit(1)).one_or_none()


def changes_of(connection: Connection, order_key: int) -> list[Row[Any]]:
    """Every such change, the first one first."""
    query = select(order_changes).where(order_changes.c.order_key == order_key)
    return list(connection.execute(query.order_by(order_changes.c.key)))


def decided_of_changes(connection: Connection, order_key: int) -> set[int]:
    """The keys of decisions that are about a change which did not become what the order says."""
    return {each.decision_key for each in changes_of(connection, order_key) if each.state != ACCEPTED}


def waiting_change(connection: Connection, order_key: int) -> Row[Any] | None:
    """The change that waits for a person; none of an order that was cancelled meanwhile."""
    query = (
        select(order_changes)
        .join(orders, orders.c.key == order_changes.c.order_key)
        .where(order_changes.c.order_key == order_key, _IS_WAITING)
    )
    return connection.execute(query).one_or_none()


class WaitingChange(msgspec.Struct, frozen=True):
    """A change in the queue: whose order it is of, why it waits, what it comes to more than what stands, in cents."""

    key: int
    order_id: str
    retailer_id: str
    retailer_name: str | None
    at: datetime
    difference: int
    reasons: list[dict[str, Any]]


def waiting_changes(connection: Connection, limit: int = 100) -> list[WaitingChange]:
    """Every change that waits for a person, the oldest first."""
    query = (
        select(
            orders.c.key,
            orders.c.order_id,
            orders.c.retailer_id,
            retailers.c.name,
            order_changes.c.at,
            orders.c.body,
            order_changes.c.body.label("changed"),
            decisions.c.document,
        )
        .join(orders, orders.c.key == order_changes.c.order_key)
        .join(retailers, retailers.c.id == orders.c.retailer_id)
        .join(decisions, decisions.c.key == order_changes.c.decision_key)
        .where(_IS_WAITING)
        .order_by(order_changes.c.key)
        .limit(limit)
    )
    return [
        WaitingChange(
            row.key,
            row.order_id,
            row.retailer_id,
            row.name,
            row.at,
            value_of(decode_order(row.changed)) - value_of(decode_order(row.body)),
            row.document["reasons"],
        )
        for row in connection.execute(query)
    ]


def count_waiting(connection: Connection) -> int:
    query = select(func.count()).select_from(order_changes)
    return connection.execute(
        query.join(orders, orders.c.key == order_changes.c.order_key).where(_IS_WAITING)
    ).scalar_one()


def value_of(order: Order) -> int:
    """What an order comes to with its charges, in cents, before taxes and deposits."""
    return sum(line.value for line in order.lines) + sum(charge.amount for charge in order.charges or ())


def barred(connection: Connection, before: Row[Any], invoice: Row[Any] | None) -> str | None:
    """Why an accepted order with this invoice can't be changed any more: `paid`, `credited` or its state."""
    if before.state != "accepted":
        return str(before.state)
    payment = decode_order(before.body).payment
    if (payment is not None and payment.state != "unpaid") or (invoice is not None and invoice.paid > 0):
        return "paid"
    return "credited" if invoice is not None and credit_notes_of(connection, invoice.key) else None


def is_mended(before: Row[Any]) -> bool:
    """Whether a person changed what the source had sent: their word is not taken back by a machine."""
    return before.sent_hash not in (None, before.content_hash)


def is_said_again(change: Row[Any] | None, incoming: IncomingOrder, before: Row[Any]) -> bool:
    """Whether the last change said just this of what stands: it waits still, or was settled."""
    return (
        change is not None
        and (change.content_hash, change.against) == (incoming.content_hash, before.content_hash)
        and change.state in (WAITING, DISMISSED, REFUSED)
    )


def is_older(connection: Connection, incoming: IncomingOrder, change: Row[Any] | None) -> bool:
    """Whether the source has said that change since: by its own time, else because it said this before it."""
    if change is None or not incoming.may_be_old:
        return False
    said, known = incoming.changed_at, change.changed_at
    if said is not None and known is not None and said != known:
        return bool(said < known)
    query = select(order_changes.c.key).where(
        order_changes.c.order_key == change.order_key,
        order_changes.c.key < change.key,
        order_changes.c.content_hash == incoming.content_hash,
    )
    return connection.execute(query.limit(1)).first() is not None or incoming.content_hash == change.against


def keep_age(connection: Connection, incoming: IncomingOrder, change: Row[Any]) -> None:
    """Where the source says that the change still stood later, what is older than that is old."""
    said, known = incoming.changed_at, change.changed_at
    if said is not None and (known is None or known < said):
        connection.execute(update(order_changes).where(order_changes.c.key == change.key).values(changed_at=said))


def keep(
    connection: Connection, before: Row[Any], incoming: IncomingOrder, decision_key: int, *, is_refused: bool
) -> int:
    """Keep a change that was decided otherwise than to be accepted; its place in the history is returned."""
    values = {
        "order_key": before.key,
        "decision_key": decision_key,
        "at": incoming.at,
        "changed_at": incoming.changed_at,
        "body": incoming.body,
        "content_hash": incoming.content_hash,
        "against": before.content_hash,
        "state": REFUSED if is_refused else WAITING,
        "settled_at": incoming.at if is_refused else None,
        "who": SYSTEM if is_refused else None,
        "why": "",
    }
    connection.execute(insert(order_changes).values(**values))
    what = "change_refused" if is_refused else "change_held"
    kind = f"order.{what}"
    record_event(connection, kind, incoming.at, order_key=before.key, fact=decision_key)
    return record_order_move(connection, before.key, before.state, before.state, who=SYSTEM, at=incoming.at, why=what)


def settle(connection: Connection, change: Row[Any], state: str, *, who: str, at: datetime, why: str = "") -> bool:
    """What became of a change that waited; False where somebody settled it already."""
    query = update(order_changes).where(order_changes.c.key == change.key, order_changes.c.state == WAITING)
    moved = connection.execute(query.values(state=state, settled_at=at, who=who, why=why))
    return moved.rowcount == 1


def withdraw(connection: Connection, before: Row[Any], change: Row[Any], at: datetime) -> None:
    """The source says again what stands: nothing waits any more."""
    if settle(connection, change, WITHDRAWN, who=SYSTEM, at=at):
        record_event(connection, "order.change_withdrawn", at, order_key=before.key, fact=change.key)
        record_order_move(connection, before.key, before.state, before.state, who=SYSTEM, at=at, why="change_withdrawn")
