"""Reminders that wait to leave: whether what they say still holds, and that one has left."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, exists, or_, select, update

from houblon.engine.core.money import dollars
from houblon.orders.db.tables import invoices, orders, reminder_stops, reminders
from houblon.orders.events.record import record_event

EVENT = "invoice.reminded"


def sent(connection: Connection, message_id: str, at: datetime) -> None:
    """Note that a reminder has left, and that the invoices whose day it was were reminded of."""
    mine = reminders.c.message_id == message_id
    left = update(reminders).where(mine, reminders.c.sent_at.is_(None), reminders.c.withdrawn_at.is_(None))
    rows = connection.execute(left.values(sent_at=at).returning(*reminders.c)).all()
    for row in sorted((row for row in rows if row.step is not None), key=lambda row: row.key):
        due_on = date.fromisoformat(row.step) - timedelta(days=row.days)
        data = {"days_after_due": row.days, "due_date": due_on.isoformat(), "balance": dollars(row.balance)}
        keys = {"order_key": row.order_key, "invoice_key": row.invoice_key}
        record_event(connection, EVENT, at, **keys, fact=row.key, data=data)


def outdated(connection: Connection, message_ids: Collection[str]) -> set[str]:
    """Which of these reminders say what is not so any more: something was paid, credited, disputed or stopped."""
    if not message_ids:
        return set()
    balance = invoices.c.total - invoices.c.paid - invoices.c.credited
    stopped = exists().where(
        reminder_stops.c.ended_at.is_(None),
        or_(reminder_stops.c.invoice_key == invoices.c.key, reminder_stops.c.retailer_id == orders.c.retailer_id),
    )
    query = (
        select(reminders.c.message_id)
        .join(invoices, invoices.c.key == reminders.c.invoice_key)
        .join(orders, orders.c.key == reminders.c.order_key)
        .where(
            reminders.c.message_id.in_(list(message_ids)),
            reminders.c.withdrawn_at.is_(None),
            or_(balance != reminders.c.balance, stopped, invoices.c.disputed_at.is_not(None)),
        )
    )
    return set(connection.execute(query.distinct()).scalars())
