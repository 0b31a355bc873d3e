"""Whether events are what they say: each fact since the first one has its event, and each event its fact, once."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, select, true

from houblon.orders.db.tables import (
    decisions,
    disputes,
    events,
    invoices,
    order_changes,
    payments,
    reminders,
    transitions,
)
from houblon.orders.events.reading import began, removed_before

# The states of an order that can be taken back.
_ENDS = ("delivered", "refused", "cancelled")
# Those that began after the others, and by what name their beginning is noted.
_LATER = {"order.undone": "put_back", "invoice.reopened": "put_back"}


class Unsound(msgspec.Struct, frozen=True):
    """A fact without its event, or an event without its fact: which, and the key of what is there."""

    kind: str
    key: int
    is_missing: bool


def count_events(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(events)).scalar_one()


def unsound_events(connection: Connection, most: int = 20) -> list[Unsound]:
    """The first of them of each kind. What was there before events were, or is old enough to be removed, is not asked."""
    before = removed_before(connection)
    found: list[Unsound] = []
    for kind, (table, is_fact) in _FACTS.items():
        same = (events.c.order_key == _order_of(table), events.c.kind == kind, events.c.fact == table.c.key)
        at = table.c.made_at if table is decisions else table.c.at
        since = (table.c.key > began(connection, _LATER.get(kind, table.name)), at >= before)
        missing = select(table.c.key).where(is_fact, *since, ~exists().where(*same))
        lost = select(events.c.key).where(events.c.kind == kind, ~exists().where(*same, is_fact))
        for query, is_missing in ((missing, True), (lost, False)):
            keys = connection.execute(query.limit(most)).scalars()
            found += [Unsound(kind, key, is_missing) for key in keys]
    return found


def _order_of(table: Table) -> ColumnElement[Any]:
    """The order that a fact is about; a payment's is its invoice's."""
    if table is not payments:
        return table.c.order_key
    of_invoice = select(invoices.c.order_key).where(invoices.c.key == payments.c.invoice_key)
    return of_invoice.correlate(payments).scalar_subquery()


def _decided(outcome: str, *, is_of_a_change: bool = False) -> tuple[Table, ColumnElement[bool]]:
    of_a_change = exists().where(order_changes.c.decision_key == decisions.c.key)
    return decisions, and_(decisions.c.outcome == outcome, of_a_change if is_of_a_change else ~of_a_change)


def _settled(state: str) -> tuple[Table, ColumnElement[bool]]:
    return order_changes, order_changes.c.state == state


def _moved(state: str) -> tuple[Table, ColumnElement[bool]]:
    return transitions, and_(
        transitions.c.invoice_key.is_(None), transitions.c.after == state, transitions.c.before != state
    )


def _became(state: str, kind: str = "invoice") -> tuple[Table, ColumnElement[bool]]:
    is_kind = exists().where(invoices.c.key == transitions.c.invoice_key, invoices.c.kind == kind)
    # A payment that is reversed puts its invoice back to what it was: it is not issued, or viewed, again.
    is_move = and_(transitions.c.invoice_key.is_not(None), transitions.c.after == state)
    return transitions, and_(is_move, func.coalesce(~_put_back(), True), is_kind)


def _put_back() -> ColumnElement[bool]:
    """An invoice that was paid is to be paid again."""
    return and_(transitions.c.before == "paid", transitions.c.after.in_(("issued", "sent", "viewed")))


def _undone() -> tuple[Table, ColumnElement[bool]]:
    is_back = and_(transitions.c.before.in_(_ENDS), transitions.c.after.in_(("held", "accepted")))
    return transitions, and_(transitions.c.invoice_key.is_(None), is_back)


# What the fact of each kind is, by the key of its row.
_FACTS = {
    "order.accepted": _decided("accepted"),
    "order.held": _decided("held"),
    "order.refused": _decided("refused"),
    "order.change_held": _decided("held", is_of_a_change=True),
    "order.change_refused": _decided("refused", is_of_a_change=True),
    "order.change_dismissed": _settled("dismissed"),
    "order.change_withdrawn": _settled("withdrawn"),
    "order.delivered": _moved("delivered"),
    "order.cancelled": _moved("cancelled"),
    "invoice.issued": _became("issued"),
    "invoice.viewed": _became("viewed"),
    "order.undone": _undone(),
    "payment.recorded": (payments, payments.c.reverses.is_(None)),
    "payment.reversed": (payments, payments.c.reverses.is_not(None)),
    "invoice.paid": _became("paid"),
    "invoice.reopened": (transitions, _put_back()),
    "invoice.credited": _became("credited"),
    "invoice.reminded": (reminders, and_(reminders.c.step.is_not(None), reminders.c.sent_at.is_not(None))),
    "invoice.disputed": (disputes, true()),
    "invoice.dispute_closed": (disputes, disputes.c.ended_at.is_not(None)),
    "credit_note.issued": _became("issued", "credit_note"),
    "credit_note.viewed": _became("viewed", "credit_note"),
}
