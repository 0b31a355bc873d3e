"""What an event tells: `{"type", "timestamp", "data"}` (Standard Webhooks), made of its row and of what that names.

Every event of an order has the order's members; with an invoice, the invoice's. None of it changes once it is there but
`buyer_id`, which is whose the order is when the event is read: where a person joined two retailers, the one that both
are. An event that is in the outbox stays as it was read then.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from houblon.engine.core.money import dollars
from houblon.engine.core.order import decode_order
from houblon.orders.db.tables import decisions, earlier_contents, events, invoices, order_changes, orders, payments
from houblon.orders.events.catalogue import DECIDED, ENTERED
from houblon.orders.events.record import amounts, instant_text
from houblon.orders.records.decision_log import API, SYSTEM

_AT_ONCE = 500


class Event(msgspec.Struct, frozen=True):
    """An event: its key, what it is about, and what it tells."""

    key: int
    at: datetime
    type: str
    order_key: int | None
    data: dict[str, Any]

    @property
    def payload(self) -> dict[str, Any]:
        """What an endpoint is sent."""
        return {"type": self.type, "timestamp": instant_text(self.at), "data": self.data}

    @property
    def listed(self) -> dict[str, Any]:
        """As it is read from a place on: its place, and what an endpoint is sent."""
        return {"id": self.key, **self.payload}


def read_events(connection: Connection, keys: Sequence[int]) -> list[Event]:
    """The events of these keys, by key."""
    ordered = sorted(keys)
    parts = (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))
    return [event for part in parts for event in _read(connection, part)]


def _read(connection: Connection, keys: Sequence[int]) -> list[Event]:
    rows = connection.execute(_EVENTS.where(events.c.key.in_(keys)).order_by(events.c.key)).all()
    known = _Known(connection, rows)
    return [Event(row.key, row.at, row.kind, row.order_key, dict(_data(row, known))) for row in rows]


def order_events(order_keys: Select[Any]) -> Select[Any]:
    """The keys of the events about some orders, the oldest first."""
    return select(events.c.key).where(events.c.order_key.in_(order_keys)).order_by(events.c.key)


_EVENTS = (
    select(
        events,
        orders.c.source,
        orders.c.order_id,
        orders.c.retailer_id,
        invoices.c.number,
        invoices.c.credits,
        invoices.c.document.label("printed"),
    )
    .outerjoin(orders, orders.c.key == events.c.order_key)
    .outerjoin(invoices, invoices.c.key == events.c.invoice_key)
)


class _Known:
    """What several events of a page name, each looked up once for all."""

    def __init__(self, connection: Connection, rows: Sequence[Row[Any]]):
        decided = [row for row in rows if row.kind in DECIDED]
        facts = _by_key(connection, select(decisions), decisions.c.key, (row.fact for row in decided))
        self.decisions = facts
        order_keys = {row.order_key for row in decided}
        self.first = _first_decisions(connection, order_keys)
        contents = select(orders.c.key, orders.c.content_hash, orders.c.body)
        now = _by_key(connection, contents, orders.c.key, order_keys)
        earlier = {fact.order_key for fact in facts.values() if fact.content_hash != now[fact.order_key].content_hash}
        self._bodies = {(key, row.content_hash): row.body for key, row in now.items()}
        self._bodies |= {
            (row.order_key, row.content_hash): row.body
            for row in connection.execute(select(earlier_contents).where(earlier_contents.c.order_key.in_(earlier)))
        }
        changes = select(order_changes).where(order_changes.c.decision_key.in_(facts))
        self._bodies |= {(row.order_key, row.content_hash): row.body for row in connection.execute(changes)}
        accepted = {row.order_key for row in decided if row.kind == "order.accepted"}
        issued = select(invoices).where(invoices.c.order_key.in_(accepted), invoices.c.kind == "invoice")
        self.issued = {(row.order_key, row.issued_at): row for row in connection.execute(issued)}
        credited = (row.credits for row in rows if row.credits is not None)
        self.credited = _by_key(connection, select(invoices.c.key, invoices.c.number), invoices.c.key, credited)
        entered = (row.fact for row in rows if row.kind in ENTERED)
        self.payments = _by_key(connection, select(payments), payments.c.key, entered)

    def body(self, decision: Row[Any]) -> bytes:
        """What the order said when it was decided."""
        body: bytes = self._bodies[decision.order_key, decision.content_hash]
        return body


def _by_key(connection: Connection, query: Select[Any], column: Any, keys: Iterable[int]) -> dict[int, Row[Any]]:
    return {row.key: row for row in connection.execute(query.where(column.in_(set(keys))))}


def _first_decisions(connection: Connection, order_keys: set[int]) -> set[int]:
    """The key of the first decision of each order."""
    query = select(func.min(decisions.c.key)).where(decisions.c.order_key.in_(order_keys))
    return set(connection.execute(query.group_by(decisions.c.order_key)).scalars())


def _data(row: Row[Any], known: _Known) -> Iterator[tuple[str, Any]]:
    if row.order_key is not None:
        yield from {
            "source": row.source,
            "order_id": row.order_id,
            "order_key": row.order_key,
            "buyer_id": row.retailer_id,
        }.items()
    if row.kind in DECIDED:
        yield from _decision(row, known).items()
    elif row.invoice_key is not None:
        yield from _OF_INVOICE.get(row.kind, _named)(row, known).items()
    yield from (row.data or {}).items()


def _decision(row: Row[Any], known: _Known) -> dict[str, Any]:
    decision = known.decisions[row.fact]
    document, lines = decision.document, decode_order(known.body(decision)).lines
    issued = known.issued.get((row.order_key, row.at)) if row.kind == "order.accepted" else None
    return {
        "outcome": document["outcome"],
        "again": row.fact not in known.first,
        "decided_by": _decided_by(decision.who),
        "reasons": [{name: reason[name] for name in ("code", "effect", "rule")} for reason in document["reasons"]],
        "version": document["version"],
        "policy_hash": document["policy_hash"],
        "chain": list(document["chain"]),
        **amounts(sum(line.value for line in lines), sum(line.quantity for line in lines)),
        "invoice": document["invoice"] and _invoicing(document["invoice"]),
        **({} if issued is None else _names(issued.key, issued.number, issued.document)),
    }


def _decided_by(who: str) -> str:
    if who == SYSTEM:
        return "policy"
    return "key" if who.startswith(API) else "person"


def _invoicing(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {name: invoice[name] for name in ("trigger", "issue", "basis", "delivery_date", "due_date")}


def _named(row: Row[Any], known: _Known) -> dict[str, Any]:
    return _names(row.invoice_key, row.number, row.printed)


def _names(key: int, number: str, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "invoice_key": key,
        "invoice_number": number,
        "currency": document["currency"],
        "total": dollars(document["cents"]["total"]),
    }


def _issued(row: Row[Any], known: _Known) -> dict[str, Any]:
    # `invoice` is what the number was called before every event named it alike.
    return {**_named(row, known), "invoice": row.number, **_amounts(row.printed), "due_date": row.printed["due_date"]}


def _credited(row: Row[Any], known: _Known) -> dict[str, Any]:
    """A credit note: the invoice is the one that it credits; amounts are below zero, as it prints them."""
    credited = known.credited[row.credits]
    return {
        **_names(credited.key, credited.number, row.printed),
        "credit_note_key": row.invoice_key,
        "credit_note_number": row.number,
        **_amounts(row.printed),
    }


def _entered(row: Row[Any], known: _Known) -> dict[str, Any]:
    """An entry of a payment; one that reverses another is below zero, as the ledger keeps it."""
    entry = known.payments[row.fact]
    return {
        **_named(row, known),
        "payment_id": entry.key,
        "amount": dollars(entry.amount),
        "on": entry.paid_on,
        "means": entry.means,
        "reference": entry.reference,
        **({} if entry.reverses is None else {"reverses": entry.reverses}),
    }


def _amounts(document: Mapping[str, Any]) -> dict[str, Any]:
    cents = document["cents"]
    return {
        "before_taxes": dollars(cents["taxable"] + cents["untaxed"]),
        "taxes": [{"tax": tax["tax"], "amount": dollars(tax["amount"])} for tax in document["taxes"]],
        "deposits": dollars(cents["deposits"]),
        # Those that bear taxes are in the amount before taxes; who has none is told nothing of them.
        **({"taxed_deposits": dollars(cents["taxed_deposits"])} if cents.get("taxed_deposits") else {}),
        "issued_on": document["issued_on"],
    }


_OF_INVOICE: dict[str, Callable[[Row[Any], _Known], dict[str, Any]]] = {
    "invoice.issued": _issued,
    "invoice.viewed": _issued,
    "credit_note.issued": _credited,
    "credit_note.viewed": _credited,
    "payment.recorded": _entered,
    "payment.reversed": _entered,
}
