"""What a person did by mistake is undone, by a move of its own, as long as nobody outside was told of it who is not
told of that too: an endpoint that asks for `order.undone` is."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, ScalarSelect, delete, func, insert, or_, select, update

from houblon.orders.db.tables import decisions, deliveries, endpoints, events, invoices, outbox, transitions
from houblon.orders.events.endpoints import destination_of
from houblon.orders.events.record import record_event
from houblon.orders.handling.lifecycle import move_on
from houblon.orders.handling.review import order_at
from houblon.orders.invoicing.delivered import delivery_of
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.invoicing.owing import note_uninvoiced, to_be_invoiced
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import SYSTEM, already_moved, last_move, record_order_move
from houblon.orders.services import Conflict, Services

UNDOABLE = ("delivered", "refused", "cancelled")
# What the history says of the move, and the event that tells it.
UNDONE, UNDONE_EVENT = "undone", "order.undone"


def undo(services: Services, key: int, *, was: str, by: str, at: datetime, entry_of: EntryOf[str] | None = None) -> str:
    """Take back the delivery, refusal or cancellation of an order that the person saw `was` so; the state it has again.

    Raises Conflict when it is no longer what they saw, when a document or a message followed, and for what no person
    did; LookupError when there is no such order.
    """
    return services.ledger.write(audited(lambda connection: _undo(connection, services, key, was, by, at), entry_of))


def is_undoable(connection: Connection, key: int) -> bool:
    """Whether the order's last move can be taken back."""
    try:
        row, _ = order_at(connection, key)
        return row.state in UNDOABLE and _barred(connection, row, last_move(connection, row.key)) is None
    except LookupError:
        return False


def _undo(connection: Connection, services: Services, key: int, was: str, by: str, at: datetime) -> str:
    if was not in UNDOABLE:
        raise ValueError(f"an order that is {was} can't be put back")
    row, order = order_at(connection, key, is_locked=True)
    if row.state != was:
        raise already_moved(connection, services, row)
    last = last_move(connection, key)
    before: str = last.before
    move_on(connection, services, row, was, before)
    barred = _barred(connection, row, last)
    if barred is not None:
        raise barred
    if was == "delivered":
        mine = update(deliveries).where(deliveries.c.order_key == key, deliveries.c.undone_at.is_(None))
        connection.execute(mine.values(undone_at=at))
    connection.execute(delete(outbox).where(*_about(connection, row, last)))
    move = record_order_move(connection, key, was, before, who=by, at=at, why=UNDONE)
    invoice = invoice_of(connection, key)
    record_event(
        connection,
        UNDONE_EVENT,
        at,
        order_key=key,
        invoice_key=invoice and invoice.key,
        fact=move,
        data={"undone": was, "state": before},
    )
    if was == "refused":
        _decide_as_before(connection, key, by, at)
    if before == "accepted" and invoice is None:
        note_uninvoiced(connection, key, to_be_invoiced(order))
    return before


def _barred(connection: Connection, row: Row[Any], last: Row[Any]) -> Conflict | None:
    """Why the order's last move can't be taken back."""
    if last.who == SYSTEM:
        return Conflict(
            "by_policy",
            f"Personne n’a décidé de la commande {row.order_id} : c’est sa politique.",
            f"Nobody decided order {row.order_id}: its policy did.",
        )
    followed = _followed(connection, row, last)
    if followed is not None:
        return Conflict(
            "followed",
            f"{followed} est déjà émise pour la commande {row.order_id} : elle ne se reprend pas.",
            f"{followed} was issued for order {row.order_id} already: that can't be taken back.",
        )
    # Asked first: what an endpoint passes meanwhile is in the outbox when that is asked.
    if _is_awaited(connection, row):
        return Conflict(
            "already_sent",
            f"Un système va être avisé de ce qu’est devenue la commande {row.order_id} : cela ne se reprend plus.",
            f"A system is about to be told what became of order {row.order_id}: that can't be taken back any more.",
        )
    tried = select(outbox.c.id).where(
        *_about(connection, row, last), (outbox.c.state == "sent") | (outbox.c.attempts > 0)
    )
    if connection.execute(tried).first() is not None:
        return Conflict(
            "already_sent",
            f"L’acheteur, ou un système, a déjà été avisé de ce qu’est devenue la commande {row.order_id}.",
            f"The buyer, or a system, was already told what became of order {row.order_id}.",
        )
    return None


def _followed(connection: Connection, row: Row[Any], last: Row[Any]) -> str | None:
    """The number of the invoice or credit note that came of the move, or of what it said."""
    issued = (
        select(invoices.c.number)
        .join(transitions, transitions.c.invoice_key == invoices.c.key)
        .where(transitions.c.order_key == row.key, transitions.c.before.is_(None), transitions.c.key > last.key)
        .order_by(invoices.c.key)
        .limit(1)
    )
    if row.state == "cancelled":
        return connection.execute(issued).scalar()
    delivery = delivery_of(connection, row.key) if row.state == "delivered" else None
    if delivery is None:
        return None
    if delivery.invoice_key is not None:
        return connection.execute(select(invoices.c.number).where(invoices.c.key == delivery.invoice_key)).scalar()
    # An invoice issued since has the quantities of a delivery in part; of a whole one, those of the order.
    if delivery.lines is None:
        return None
    return connection.execute(issued.where(invoices.c.kind == "invoice")).scalar()


def _is_awaited(connection: Connection, row: Row[Any]) -> bool:
    """Whether an endpoint, a paused one too, has yet to come to the event of the move and will be told of that alone."""
    behind = select(endpoints.c.events).where(endpoints.c.place < _event_of(row))
    return any(
        f"order.{row.state}" in wanted and UNDONE_EVENT not in wanted for wanted in connection.execute(behind).scalars()
    )


def _about(connection: Connection, row: Row[Any], last: Row[Any]) -> tuple[Any, ...]:
    """The messages of the move in the outbox, but those to endpoints that are told when it is undone."""
    asking = [each.id for each in connection.execute(select(endpoints)) if UNDONE_EVENT in each.events]
    is_told_of_undoing = outbox.c.destination.in_([destination_of(id) for id in asking])
    # A webhook names its event; a mail is made with the move, by the same clock.
    is_of_it = or_(
        outbox.c.event_key == _event_of(row), outbox.c.event_key.is_(None) & (outbox.c.created_at >= last.at)
    )
    return outbox.c.order_key == row.key, outbox.c.event == f"order.{row.state}", is_of_it, ~is_told_of_undoing


def _event_of(row: Row[Any]) -> ScalarSelect[Any]:
    """The key of the last move's event."""
    kind = f"order.{row.state}"
    return select(func.max(events.c.key)).where(events.c.order_key == row.key, events.c.kind == kind).scalar_subquery()


def _decide_as_before(connection: Connection, key: int, by: str, at: datetime) -> None:
    """The decision that held the order stands again."""
    held = connection.execute(
        select(decisions)
        .where(decisions.c.order_key == key, decisions.c.outcome == "held")
        .order_by(decisions.c.key.desc())
        .limit(1)
    ).one()
    values = {**held._mapping, "made_at": at, "who": by}
    del values["key"]
    fact: int = connection.execute(insert(decisions).values(**values).returning(decisions.c.key)).scalar_one()
    record_event(connection, "order.held", at, order_key=key, fact=fact)
