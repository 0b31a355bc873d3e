"""What outgoing webhooks tell: facts of the house, put in the outbox with the fact itself.

A payload is `{"type", "timestamp", "data"}` (Standard Webhooks). `data` holds ids, outcomes and
amounts, never a name, an address or a text that somebody wrote: whoever may know more asks the API.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from houblon.engine.core.money import dollars
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import endpoints, invoices, orders, outbox
from houblon.orders.events.endpoints import destination_of
from houblon.orders.events.message_ids import message_id
from houblon.orders.services import OrderContext
from houblon.rules.model.content import Version

TEST_EVENT = "endpoint.test"
_ACTIVE = Prepared(
    select(endpoints.c.id, endpoints.c.url, endpoints.c.events, endpoints.c.since).where(endpoints.c.active)
)
_KEEP = insert(outbox)


def enqueue_event(
    connection: Connection,
    event: str,
    subject: str,
    data: Mapping[str, Any],
    at: datetime,
    order_key: int | None = None,
) -> int:
    """Put the event in the outbox for every active endpoint that asks for it; how many were told.

    The id of each message comes from event, subject and endpoint: the same fact is never told twice.
    """
    listeners = [row for row in _ACTIVE.all(connection) if event in row.events]
    return _put(connection, listeners, event, subject, data, at, order_key)


def enqueue_order_event(
    connection: Connection, context: OrderContext, move: int, document: Mapping[str, Any], by: str | None = None
) -> None:
    """Tell an order's decision (its document); `by` is set where a person took it."""
    if not context.is_heard:
        return
    event, order = f"order.{document['outcome']}", context.order
    data = {
        "order_id": order.id,
        "order_key": context.key,
        "buyer_id": order.buyer.id,
        "outcome": document["outcome"],
        "decided_by": "policy" if by is None else "person",
        "reasons": [{name: reason[name] for name in ("code", "effect", "rule")} for reason in document["reasons"]],
        "version": document["version"],
        "policy_hash": document["policy_hash"],
        "chain": list(document["chain"]),
        "order_value": dollars(sum(line.value for line in order.lines)),
        "item_count": sum(line.quantity for line in order.lines),
        "invoice": document["invoice"] and _invoicing_data(document["invoice"]),
    }
    enqueue_event(connection, event, f"{context.key}/{move}", data, context.at, context.key)


def enqueue_invoice_event(
    connection: Connection, context: OrderContext, number: str, document: Mapping[str, Any]
) -> None:
    """Tell that an invoice was issued, by its number and what it prints."""
    if not context.is_heard:
        return
    data = {
        "order_id": context.order.id,
        "order_key": context.key,
        "buyer_id": context.order.buyer.id,
        **_invoice_data(number, document),
    }
    enqueue_event(connection, "invoice.issued", number, data, context.at, context.key)


def enqueue_viewed_event(connection: Connection, invoice_key: int, at: datetime) -> None:
    """Tell that a buyer opened an invoice; only the first time is told. Call it where the invoice becomes viewed."""
    query = (
        select(invoices.c.number, invoices.c.document, orders.c.key, orders.c.order_id, orders.c.retailer_id)
        .join(orders, orders.c.key == invoices.c.order_key)
        .where(invoices.c.key == invoice_key)
    )
    row = connection.execute(query).one()
    data = {
        "order_id": row.order_id,
        "order_key": row.key,
        "buyer_id": row.retailer_id,
        **_invoice_data(row.number, row.document),
    }
    enqueue_event(connection, "invoice.viewed", row.number, data, at, row.key)


def enqueue_version_events(connection: Connection, versions: Iterable[Version]) -> int:
    """Tell every version that was published since an endpoint asked for that, each endpoint each once."""
    listening = [row for row in _ACTIVE.all(connection) if "policy.published" in row.events]
    if not listening:
        return 0
    count, first = 0, min(row.since for row in listening)
    for version in sorted(versions, key=lambda each: -each.number):
        if version.published_at <= first:
            break
        listeners = [row for row in listening if row.since < version.published_at]
        subject = f"v{version.number}/{version.hash}"
        count += _put(connection, listeners, "policy.published", subject, _version_data(version), version.published_at)
    return count


def enqueue_test_event(connection: Connection, endpoint: str, at: datetime) -> None:
    """Put a test event in the outbox for one endpoint. Raises LookupError when it isn't an active one."""
    row = next((row for row in _ACTIVE.all(connection) if row.id == endpoint), None)
    if row is None:
        raise LookupError(f"there is no active endpoint {endpoint}")
    _put(connection, [row], TEST_EVENT, at.isoformat(), {"endpoint": endpoint}, at)


def _put(
    connection: Connection,
    listeners: list[Row[Any]],
    event: str,
    subject: str,
    data: Mapping[str, Any],
    at: datetime,
    order_key: int | None = None,
) -> int:
    if not listeners:
        return 0
    by_id = {message_id(f"webhook/{event}/{subject}/{row.id}"): row for row in listeners}
    known = set(connection.execute(select(outbox.c.id).where(outbox.c.id.in_(by_id))).scalars())
    payload = {"type": event, "timestamp": _instant(at), "data": dict(data)}
    rows = [
        {
            "id": id,
            "order_key": order_key,
            "kind": "webhook",
            "destination": destination_of(row.id),
            "event": event,
            "recipient": row.url,
            "message": payload,
            "state": "pending",
            "attempts": 0,
            "created_at": at,
            "due_at": at,
        }
        for id, row in by_id.items()
        if id not in known
    ]
    if rows:
        connection.execute(_KEEP, rows)
    return len(rows)


def _invoicing_data(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {name: invoice[name] for name in ("trigger", "issue", "basis", "delivery_date", "due_date")}


def _invoice_data(number: str, document: Mapping[str, Any]) -> dict[str, Any]:
    cents = document["cents"]
    return {
        "invoice": number,
        "currency": document["currency"],
        "total": dollars(cents["total"]),
        "before_taxes": dollars(cents["taxable"] + cents["untaxed"]),
        "taxes": [{"tax": tax["tax"], "amount": dollars(tax["amount"])} for tax in document["taxes"]],
        "deposits": dollars(cents["deposits"]),
        "issued_on": document["issued_on"],
        "due_date": document["due_date"],
    }


def _version_data(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "policy_hash": version.hash,
        "published_at": _instant(version.published_at),
        "effective_from": _instant(version.effective_from),
        "emergency": version.emergency,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
