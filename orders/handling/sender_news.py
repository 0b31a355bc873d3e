"""What a sender tells of an order that is here: that it was called off, that it was paid for.

What the house lets a machine do is done; the rest waits for a person, who sees it on the order.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.money import dollars
from houblon.engine.core.order import decode_order
from houblon.engine.decide.bars import LEEWAY, may_pass
from houblon.orders.db.tables import earlier_contents, orders
from houblon.orders.db.tables.refused import called_off
from houblon.orders.handling.changes.contents import OF_PAYMENT, but_payment
from houblon.orders.handling.lifecycle import cancel_in
from houblon.orders.handling.receive import keep_age
from houblon.orders.intake.decode import content_hash
from houblon.orders.intake.incoming import IncomingOrder
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.invoicing.owing import note_uninvoiced
from houblon.orders.invoicing.payments import paid_at_sender
from houblon.orders.records.decision_log import SYSTEM, record_order_move
from houblon.orders.records.redecisions import CHANGE, decide_retailers_again
from houblon.orders.services import Services

CALLED_OFF, PAID = "sender_cancelled", "sender_paid"


class Heard(msgspec.Struct, frozen=True):
    """What became of an order that its sender spoke of: its state, None where it was never here, and its invoice,
    where it has one; with `asks`, a person has to say what is done."""

    source: str
    order_id: str
    order_key: int | None
    state: str | None
    asks: bool = False
    invoice_key: int | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    total: str | UnsetType = UNSET


def call_off(services: Services, source: str, order_id: str, at: datetime, changed_at: datetime | None = None) -> Heard:
    """The source called its order off: cancelled at once where nothing was delivered or paid for; else a person is
    asked. One that was never here is noted, so that it is not accepted should it come late; and where the source has
    said something else of the order since `changed_at`, nothing is done."""

    def work(connection: Connection) -> Heard:
        row = _order(connection, source, order_id)
        if row is None:
            _note(connection, source, order_id, at)
            return Heard(source, order_id, None, None)
        is_old = changed_at is not None and row.changed_at is not None and changed_at < row.changed_at
        if row.state in ("cancelled", "refused") or is_old:
            return _heard(connection, row, row.state)
        if row.state == "held" or (row.state == "accepted" and not _is_paid(connection, row)):
            cancel_in(connection, services, row.key, row.state, SYSTEM, at, CALLED_OFF)
            return _heard(connection, row, "cancelled")
        _note(connection, source, order_id, at)
        return _heard(connection, row, row.state, asks=True)

    return services.ledger.write(work)


def follow(services: Services, incoming: IncomingOrder, *, is_payment: bool = False) -> Heard | None:
    """What the sender of an order that is accepted here says of its state and its payment since: one that was paid for
    has its invoice marked so, or issued as paid. With `is_payment` that is all that is asked of it.

    None where the order says anything else that is new, or that a person should see: then it was changed.
    """
    return services.ledger.write(lambda connection: _follow(connection, services, incoming, is_payment))


def asked_about(connection: Connection, source: str, order_id: str) -> datetime | None:
    """When the source called the order off, where a person has not settled that."""
    query = select(called_off.c.at).where(
        called_off.c.source == source, called_off.c.order_id == order_id, called_off.c.settled_at.is_(None)
    )
    return connection.execute(query).scalar_one_or_none()


def waiting(connection: Connection) -> list[Row[Any]]:
    """The orders that wait for a person because their source called them off, the oldest first."""
    query = (
        select(orders.c.key, orders.c.source, orders.c.order_id, orders.c.state, called_off.c.at)
        .join(orders, (orders.c.source == called_off.c.source) & (orders.c.order_id == called_off.c.order_id))
        .where(called_off.c.settled_at.is_(None), orders.c.state.in_(("held", "accepted", "delivered")))
        .order_by(called_off.c.at)
        .limit(100)
    )
    return list(connection.execute(query))


def settle(connection: Connection, source: str, order_id: str, at: datetime) -> bool:
    """A person saw to what the source called off; False where somebody did already."""
    query = update(called_off).where(
        called_off.c.source == source, called_off.c.order_id == order_id, called_off.c.settled_at.is_(None)
    )
    return connection.execute(query.values(settled_at=at)).rowcount == 1


def _follow(connection: Connection, services: Services, incoming: IncomingOrder, is_payment: bool) -> Heard | None:
    row, said = _order(connection, incoming.source, incoming.order.id), msgspec.json.decode(incoming.body)
    if row is None or row.state not in ("accepted", "delivered") or not may_pass(incoming.order):
        return None
    known = msgspec.json.decode(row.body)
    if not is_payment and but_payment(said) != but_payment(known):
        return None
    payment = incoming.order.payment
    if payment is not None and payment.state == "paid":
        if not _paid(connection, services, row, incoming, said, known):
            return None
    elif said.get("payment") != known.get("payment"):
        return None
    else:
        keep_age(connection, incoming, row)
    return _heard(connection, row, row.state)


def _heard(connection: Connection, row: Row[Any], state: str, *, asks: bool = False) -> Heard:
    found = Heard(row.source, row.order_id, row.key, state, asks)
    invoice = invoice_of(connection, row.key)
    if invoice is None:
        return found
    total = dollars(invoice.total)
    return replace(found, invoice_key=invoice.key, invoice_number=invoice.number, total=total)


def _paid(
    connection: Connection,
    services: Services,
    row: Row[Any],
    incoming: IncomingOrder,
    said: dict[str, Any],
    known: dict[str, Any],
) -> bool:
    """Keep that the sender was paid; False where that does not cover what was invoiced, or its invoice is taken back."""
    invoice, payment = invoice_of(connection, row.key), incoming.order.payment
    if invoice is not None:
        if invoice.state == "credited" or payment is None or not _covers(payment.amount, invoice.total):
            return False
        # Said again, it is no other payment: a person may have taken the first one back meanwhile.
        if said.get("payment") != known.get("payment"):
            on = incoming.at.astimezone(services.installation.zone).date()
            paid_at_sender(connection, invoice, at=incoming.at, on=on, reference=payment.reference)
    is_noted = _note_payment(connection, row, incoming, said, known)
    if is_noted and invoice is None:
        record_order_move(connection, row.key, row.state, row.state, who=SYSTEM, at=incoming.at, why=PAID)
        # Nothing of it is owed any more, though it is still to be invoiced.
        note_uninvoiced(connection, row.key, 0)
        who, about = (row.retailer_id,), row.order_id
        decide_retailers_again(connection, who, CHANGE, by=SYSTEM, at=incoming.at, subject=about)
    return True


def _covers(amount: Any, total: int) -> bool:
    return amount is None or int(amount) >= total - LEEWAY


def _note_payment(
    connection: Connection, row: Row[Any], incoming: IncomingOrder, said: dict[str, Any], known: dict[str, Any]
) -> bool:
    """Keep with the order that it was paid for, so that an invoice to come is issued as paid; what was decided names
    what it said then. Whether that is news."""
    body = msgspec.json.encode({**known, **{name: said[name] for name in OF_PAYMENT if name in said}})
    is_all = but_payment(said) == but_payment(known)
    hash, sent = content_hash(body), incoming.content_hash if is_all else row.sent_hash or row.content_hash
    values = {"sent_hash": sent, "changed_at": incoming.changed_at or row.changed_at}
    if hash != row.content_hash:
        values |= {"body": body, "content_hash": hash}
        connection.execute(
            insert(earlier_contents).values(
                order_key=row.key, content_hash=row.content_hash, body=row.body, replaced_at=incoming.at
            )
        )
    # The row is locked, on PostgreSQL; embedded, nobody else writes.
    connection.execute(update(orders).where(orders.c.key == row.key).values(**values))
    return bool(hash != row.content_hash)


def _is_paid(connection: Connection, row: Row[Any]) -> bool:
    """Whether money came for the order: by its invoice, or at its sender."""
    invoice = invoice_of(connection, row.key)
    payment = decode_order(row.body).payment
    return (invoice is not None and invoice.paid > 0) or (payment is not None and payment.state != "unpaid")


def _order(connection: Connection, source: str, order_id: str) -> Row[Any] | None:
    query = select(orders).where(orders.c.source == source, orders.c.order_id == order_id)
    return connection.execute(query.with_for_update()).one_or_none()


def _note(connection: Connection, source: str, order_id: str, at: datetime) -> None:
    query = select(called_off.c.at).where(called_off.c.source == source, called_off.c.order_id == order_id)
    if connection.execute(query).first() is None:
        connection.execute(insert(called_off).values(source=source, order_id=order_id, at=at))
