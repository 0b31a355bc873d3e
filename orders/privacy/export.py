"""Everything that the ledger keeps of one retailer, as one document that they could be given.

People of the house are named in it by their part, not by their address: it is about the retailer.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, Table, or_, select

from houblon.orders.db.tables import (
    decisions,
    deliveries,
    disputes,
    earlier_contents,
    invoices,
    memberships,
    order_changes,
    orders,
    outbox,
    payments,
    planned_deliveries,
    reminder_stops,
    reminders,
    retailer_names,
    retailers,
    transitions,
    webhook_calls,
)
from houblon.orders.events.documents import order_events, read_events
from houblon.orders.privacy.refused import refused_document, refused_of
from houblon.orders.privacy.traces import audit_of, known_values, replaced
from houblon.orders.records.decision_log import BUYER, SYSTEM
from houblon.orders.retailers.joins import tree_of
from houblon.orders.retailers.names import HOUSE

FORMAT = 1
TEAM = "team"
_CARD = ("id", "name", "email", "language", "province", "address", "created_at", "updated_at")
_ORDER = ("id", "source", "order_id", "state", "placed_at", "received_at", "order_value", "item_count", "content")
_INVOICE = ("number", "kind", "state", "issued_at", "due_date", "paid_on", "total", "paid", "credited", "document")
_PAYMENT = ("amount", "paid_on", "means", "reference", "at", "who", "why")
_DELIVERY = ("at", "who", "delivered_on", "lines", "undone_at")
_DECISION = ("made_at", "who", "outcome", "version", "policy_hash", "document", "derivation")
_MOVE = ("at", "who", "before", "after", "why")
_PLANNED = (*_MOVE, "due_before", "due_after")
_REMINDER = ("step", "days", "written_on", "balance", "sent_at", "withdrawn_at")
_STOP = ("at", "who", "why", "ended_at")
_DISPUTE = ("at", "who", "why", "ended_at", "outcome")
_CHANGE = ("at", "state", "settled_at", "who", "why")
_MESSAGE = ("id", "kind", "event", "recipient", "state", "created_at", "sent_at", "message")


def export_retailer(connection: Connection, id: str, now: datetime) -> dict[str, Any] | None:
    """The document, in plain JSON values; None where nothing at all is kept under this id."""
    card = connection.execute(select(retailers).where(retailers.c.id == id)).one_or_none()
    groups = connection.execute(select(memberships).where(memberships.c.retailer_id == id)).all()
    values = known_values(connection, id)
    audited, refused = audit_of(connection, id, values), refused_of(connection, id, values)
    if card is None and not groups and not audited and not refused:
        return None
    found = {
        "houblon_retailer": FORMAT,
        "made_at": now,
        "retailer": {"id": id} if card is None else _members(card, _CARD),
        "names": _names(connection, id),
        "joined": [_members(row, _CARD) for row in _joined(connection, id)],
        "groups": [{"id": row.group_id, "added_at": row.added_at} for row in groups],
        "reminder_stops": _stops(connection, reminder_stops.c.retailer_id == id),
        "orders": [_order(connection, row) for row in _all(connection, orders, orders.c.retailer_id == id)],
        "messages": [_message(row) for row in connection.execute(messages_of(id))],
        "events": [
            event.listed
            for event in read_events(connection, connection.execute(order_events(_own(id))).scalars().all())
        ],
        "calls": [
            {"source": row.source, "webhook_id": row.webhook_id, "at": row.at, "order_id": row.order_id}
            for row in connection.execute(_calls_of(id))
        ],
        "refused_calls": [refused_document(row) for row in refused],
        "audit": [_members(row, ("at", "who", "act", "subject", "before", "after")) for row in audited],
    }
    plain: dict[str, Any] = replaced(msgspec.to_builtins(found), _people(connection, id), TEAM)
    return plain


def _own(id: str) -> Select[Any]:
    return select(orders.c.key).where(orders.c.retailer_id == id)


def _names(connection: Connection, id: str) -> list[dict[str, Any]]:
    """What sources call the retailer."""
    query = select(retailer_names).where(retailer_names.c.retailer_id == id, retailer_names.c.source != HOUSE)
    rows = connection.execute(query.order_by(retailer_names.c.source, retailer_names.c.name))
    return [_members(row, ("source", "name", "added_at")) for row in rows]


def _joined(connection: Connection, id: str) -> Sequence[Row[Any]]:
    """The cards of who were found to be the same retailer."""
    others = [each for each in tree_of(connection, id) if each != id]
    return connection.execute(select(retailers).where(retailers.c.id.in_(others)).order_by(retailers.c.id)).all()


def _people(connection: Connection, id: str) -> list[str]:
    """Who of the house acted on a retailer's orders; a sentence may name them."""
    own = _own(id)
    found: set[str] = set()
    for table in (decisions, transitions, planned_deliveries, deliveries, order_changes):
        found |= set(connection.execute(select(table.c.who).where(table.c.order_key.in_(own)).distinct()).scalars())
    theirs = payments.c.invoice_key.in_(select(invoices.c.key).where(invoices.c.order_key.in_(own)))
    found |= set(connection.execute(select(payments.c.who).where(theirs).distinct()).scalars())
    disputed = select(disputes.c.who, disputes.c.ended_by).where(disputes.c.order_key.in_(own))
    for query in (select(reminder_stops.c.who, reminder_stops.c.ended_by).where(stops_of(id)), disputed):
        for row in connection.execute(query):
            found |= {row.who, row.ended_by or row.who}
    return sorted(filter(None, found - {SYSTEM, BUYER}), key=len, reverse=True)


def messages_of(id: str) -> Select[Any]:
    """The messages about a retailer's orders, the oldest first."""
    about = select(outbox).join(orders, orders.c.key == outbox.c.order_key).where(orders.c.retailer_id == id)
    return about.order_by(outbox.c.created_at, outbox.c.id)


def stops_of(id: str) -> ColumnElement[bool]:
    """The stops of a retailer's reminders, and of its invoices'."""
    theirs = select(invoices.c.key).where(invoices.c.order_key.in_(_own(id)))
    return or_(reminder_stops.c.retailer_id == id, reminder_stops.c.invoice_key.in_(theirs))


def _calls_of(id: str) -> Select[Any]:
    return (
        select(webhook_calls, orders.c.order_id)
        .join(decisions, decisions.c.key == webhook_calls.c.decision_key)
        .join(orders, orders.c.key == decisions.c.order_key)
        .where(orders.c.retailer_id == id)
        .order_by(webhook_calls.c.at)
    )


def _order(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    key = row.key

    def about(table: Table, members: Iterable[str]) -> list[dict[str, Any]]:
        return [_members(each, members) for each in _all(connection, table, table.c.order_key == key)]

    return {
        **{name: getattr(row, name) for name in _ORDER if name not in ("id", "content")},
        "content": msgspec.json.decode(row.body),
        "earlier_contents": [
            {"replaced_at": each.replaced_at, "content": msgspec.json.decode(each.body)}
            for each in _all(connection, earlier_contents, earlier_contents.c.order_key == key)
        ],
        "changes": [
            {**_members(each, _CHANGE), "content": msgspec.json.decode(each.body)}
            for each in _all(connection, order_changes, order_changes.c.order_key == key)
        ],
        "decisions": about(decisions, _DECISION),
        "moves": about(transitions, _MOVE),
        "planned_deliveries": about(planned_deliveries, _PLANNED),
        "deliveries": about(deliveries, _DELIVERY),
        "invoices": [
            {
                **_members(each, _INVOICE),
                "payments": [
                    _members(entry, _PAYMENT)
                    for entry in _all(connection, payments, payments.c.invoice_key == each.key)
                ],
                "reminders": [
                    _members(entry, _REMINDER)
                    for entry in _all(connection, reminders, reminders.c.invoice_key == each.key)
                ],
                "reminder_stops": _stops(connection, reminder_stops.c.invoice_key == each.key),
                "disputes": [
                    _members(entry, _DISPUTE)
                    for entry in _all(connection, disputes, disputes.c.invoice_key == each.key)
                ],
            }
            for each in _all(connection, invoices, invoices.c.order_key == key)
        ],
    }


def _stops(connection: Connection, which: Any) -> list[dict[str, Any]]:
    """When somebody stopped reminders, and started them again."""
    return [_members(each, _STOP) for each in _all(connection, reminder_stops, which)]


def _message(row: Row[Any]) -> dict[str, Any]:
    found = _members(row, _MESSAGE)
    if row.kind != "mail":
        del found["recipient"]  # an address of somebody's program, which may hold a key
    return found


def _members(row: Row[Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: _part(getattr(row, name)) if name == "who" else getattr(row, name) for name in names}


def _part(who: str | None) -> str | None:
    return who if who in (SYSTEM, BUYER, None) else TEAM


def _all(connection: Connection, table: Table, which: Any) -> Iterable[Row[Any]]:
    return connection.execute(select(table).where(which).order_by(table.c.key))
