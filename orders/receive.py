"""One order in, one transaction: order, decision, invoice if owed, messages."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from engine.decision import Decision
from engine.evaluate import decide
from engine.order import Order
from engine.policy import Policy
from orders import invoice, messages
from orders.announcements import announce_order
from orders.desk import Conflict, Desk, Matter
from orders.history import SYSTEM, keep_decision, keep_move, settled
from orders.intake import content_hash
from orders.prepared import Prepared
from orders.retailers import keep_retailer, memberships_of
from orders.tables import decisions, earlier_contents, orders, webhook_calls
from rules.content import Content
from rules.inherit import chain_of

_CALL = Prepared(
    select(webhook_calls.c.body_hash, webhook_calls.c.answer).where(
        webhook_calls.c.source == bindparam("source"), webhook_calls.c.webhook_id == bindparam("webhook_id")
    )
)
_KNOWN = Prepared(
    select(orders).where(orders.c.source == bindparam("source"), orders.c.order_id == bindparam("order_id"))
)
_KEEP_CALL, _KEEP_ORDER = Prepared(insert(webhook_calls)), Prepared(insert(orders))


class Received(msgspec.Struct, frozen=True):
    """The decision's document, and whether it was stored before this call."""

    document: dict[str, Any]
    replayed: bool


class Arrival(msgspec.Struct, frozen=True):
    """An order as it came: its bytes, what they decode to, the hash of what they say; `sent` is what was signed,
    and `webhook_id` names the call, where one does."""

    body: bytes
    order: Order
    content_hash: str
    source: str
    at: datetime
    sent: bytes
    webhook_id: str | None = None


def receive(
    desk: Desk,
    body: bytes,
    order: Order,
    *,
    source: str,
    at: datetime,
    webhook_id: str | None = None,
    sent: bytes | None = None,
) -> Received:
    """Decide `order` (decoded from `body`), record it and all that follows, durably, once.

    The same webhook id with the same body, or the same order with the same content, gives the
    stored decision. `sent` is the body that was sent, where `body` was made of it. Raises Conflict
    where the id came with another body, or where the order changed after it was settled.
    """
    arrival = Arrival(body, order, content_hash(body), source, at, body if sent is None else sent, webhook_id)
    return desk.ledger.record(lambda connection: take_in(connection, desk, arrival))


def take_in(connection: Connection, desk: Desk, arrival: Arrival) -> Received:
    """`receive` in the running transaction."""
    if arrival.webhook_id is None:
        return _take_in(connection, desk, arrival)
    return _take_call(connection, desk, arrival, arrival.webhook_id)


class Ruling(NamedTuple):
    """What rules over an order: the content in force, the policy of its buyer's groups, and the groups it
    claims that nobody made."""

    content: Content
    policy: Policy
    unknown: tuple[str, ...]


def ruling(connection: Connection, desk: Desk, order: Order, at: datetime) -> Ruling:
    """What rules over the order now, at `at`."""
    content = desk.policies.live(at)
    kept = memberships_of(connection, order.buyer.id)
    chain, unknown = chain_of(content, kept, order.buyer.groups or ())
    return Ruling(content, desk.policies.policy_in(content, chain), unknown)


def _take_call(connection: Connection, desk: Desk, arrival: Arrival, webhook_id: str) -> Received:
    """The stored answer where this call came before; else the order is taken in and its answer kept."""
    body_hash = hashlib.sha256(arrival.sent).hexdigest()
    call = _CALL.first(connection, {"source": arrival.source, "webhook_id": webhook_id})
    if call is not None and call.body_hash != body_hash:
        raise Conflict(
            "webhook_id_reused",
            "Ce webhook-id est déjà venu avec un autre corps.",
            "This webhook-id came before with another body.",
        )
    if call is not None:
        return Received(call.answer, True)
    received = _take_in(connection, desk, arrival)
    _KEEP_CALL.insert(
        connection,
        {
            "source": arrival.source,
            "webhook_id": webhook_id,
            "body_hash": body_hash,
            "answer": received.document,
            "at": arrival.at,
        },
    )
    return received


def _take_in(connection: Connection, desk: Desk, arrival: Arrival) -> Received:
    known = _KNOWN.first(connection, {"source": arrival.source, "order_id": arrival.order.id})
    if known is None:
        return Received(_record(connection, desk, arrival), False)
    # Where a person changed the lines since, what the source sent is still known for what it is.
    if arrival.content_hash in (known.content_hash, known.sent_hash):
        return Received(_stored_decision(connection, known.key), True)
    if known.state != "held":
        raise settled(connection, desk, known)
    return Received(decide_again(connection, desk, arrival, known), False)


def _record(connection: Connection, desk: Desk, arrival: Arrival) -> dict[str, Any]:
    buyer = keep_retailer(connection, arrival.order.buyer, arrival.at)
    decision, policy = _decided(connection, desk, arrival)
    values = {"source": arrival.source, "received_at": arrival.at, **_columns(arrival, decision)}
    key = _KEEP_ORDER.insert(connection, values)
    matter = Matter(key, arrival.order, buyer, policy, arrival.at)
    return _conclude(connection, desk, matter, None, arrival.content_hash, decision)


def decide_again(
    connection: Connection, desk: Desk, arrival: Arrival, known: Row[Any], sent_hash: str | None = None
) -> dict[str, Any]:
    """A held order has other content: a new decision, the old ones and their content kept.

    `sent_hash` is that of what the source last sent, where a person made the new content of it.
    """
    buyer = keep_retailer(connection, arrival.order.buyer, arrival.at)
    decision, policy = _decided(connection, desk, arrival)
    moved = connection.execute(
        update(orders)
        .where(orders.c.key == known.key, orders.c.state == "held", orders.c.content_hash == known.content_hash)
        .values(**_columns(arrival, decision), sent_hash=sent_hash)
    )
    if moved.rowcount != 1:
        raise settled(connection, desk, known)
    connection.execute(
        insert(earlier_contents).values(
            order_key=known.key, content_hash=known.content_hash, body=known.body, replaced_at=arrival.at
        )
    )
    matter = Matter(known.key, arrival.order, buyer, policy, arrival.at)
    return _conclude(connection, desk, matter, "held", arrival.content_hash, decision)


def _decided(connection: Connection, desk: Desk, arrival: Arrival) -> tuple[Decision, Policy]:
    order, at = arrival.order, arrival.at
    content, policy, unknown = ruling(connection, desk, order, at)
    cycle = content.cycles.get(order.distributor or "")
    decision = decide(
        order, policy, accepted_at=at, cycle=cycle, installation=desk.installation, unknown_groups=unknown
    )
    return decision, policy


def _columns(arrival: Arrival, decision: Decision) -> dict[str, Any]:
    order = arrival.order
    return {
        "order_id": order.id,
        "retailer_id": order.buyer.id,
        "state": decision.outcome.value,
        "body": arrival.body,
        "content_hash": arrival.content_hash,
        "order_value": sum([line.value for line in order.lines]),
        "item_count": sum([line.quantity for line in order.lines]),
        "placed_at": order.placed_at,
    }


def _conclude(
    connection: Connection, desk: Desk, matter: Matter, before: str | None, content: str, decision: Decision
) -> dict[str, Any]:
    """Record the decision and the move, and do what follows: the invoice if owed now, the messages."""
    document = keep_decision(connection, matter, content, decision, SYSTEM)
    why = ", ".join(dict.fromkeys(reason.code for reason in decision.reasons))
    move = keep_move(connection, matter, before, decision.outcome.value, SYSTEM, why)
    announce_order(connection, matter, move, document)
    issued = None
    if decision.invoice is not None and decision.invoice.issue:
        issued = invoice.issue(connection, desk, matter, decision.invoice)
    messages.queue(connection, desk, matter, move, decision.obligations, issued, decision.reasons)
    return document


def _stored_decision(connection: Connection, key: int) -> dict[str, Any]:
    """The last decision by policy; what a person did since is in the order's history."""
    return connection.execute(
        select(decisions.c.document)
        .where(decisions.c.order_key == key, decisions.c.who == SYSTEM)
        .order_by(decisions.c.key.desc())
        .limit(1)
    ).scalar_one()
