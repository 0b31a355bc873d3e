"""One order in, one transaction: order, decision, invoice if owed, messages."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.order import Order
from houblon.engine.decide.evaluate import decide
from houblon.engine.policy.decision import Decision
from houblon.engine.policy.policy import Policy
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import decisions, earlier_contents, orders, webhook_calls
from houblon.orders.events.enqueue import announce_order
from houblon.orders.handling.existing import Known, known
from houblon.orders.intake.decode import content_hash
from houblon.orders.invoicing import invoice
from houblon.orders.mail import enqueue as messages
from houblon.orders.records.decision_log import SYSTEM, keep_decision, keep_move, settled
from houblon.orders.retailers.memberships import bring_up_to_date, keep_retailer, memberships_of
from houblon.orders.services import Conflict, Desk, Matter
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of

_KEEP_CALL, _KEEP_ORDER = Prepared(insert(webhook_calls)), Prepared(insert(orders))


class Received(msgspec.Struct, frozen=True):
    """The decision's key in the ledger and its document, and whether it was stored before this call."""

    decision: int
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
    """`receive` in the running transaction: the stored answer where this call came before; else the order is
    taken in, and the call's answer kept."""
    order, webhook_id = arrival.order, arrival.webhook_id
    found = known(connection, arrival.source, webhook_id, order.id, order.buyer.id)
    if webhook_id is None:
        return _take_order(connection, desk, arrival, found)
    body_hash = hashlib.sha256(arrival.sent).hexdigest()
    if found.call is not None and found.call.body_hash != body_hash:
        raise Conflict(
            "webhook_id_reused",
            "Ce webhook-id est déjà venu avec un autre corps.",
            "This webhook-id came before with another body.",
        )
    if found.call is not None:
        return Received(found.call.decision_key, found.call.document, True)
    received = _take_order(connection, desk, arrival, found)
    _KEEP_CALL.insert(
        connection,
        {
            "source": arrival.source,
            "webhook_id": webhook_id,
            "body_hash": body_hash,
            "decision_key": received.decision,
            "at": arrival.at,
        },
    )
    return received


class Ruling(NamedTuple):
    """What rules over an order: the content in force, the policy of its buyer's groups, and the groups it
    claims that nobody made."""

    content: Content
    policy: Policy
    unknown: tuple[str, ...]


def ruling(connection: Connection, desk: Desk, order: Order, at: datetime) -> Ruling:
    """What rules over the order now, at `at`."""
    return _ruling(desk, order, at, memberships_of(connection, order.buyer.id))


def _ruling(desk: Desk, order: Order, at: datetime, kept: tuple[str, ...]) -> Ruling:
    content = desk.policies.live(at)
    chain, unknown = chain_of(content, kept, order.buyer.groups or ())
    return Ruling(content, desk.policies.policy_in(content, chain), unknown)


def _take_order(connection: Connection, desk: Desk, arrival: Arrival, found: Known) -> Received:
    before = found.order
    if before is None:
        return _record(connection, desk, arrival, found)
    # Where a person changed the lines since, what the source sent is still known for what it is.
    if arrival.content_hash in (before.content_hash, before.sent_hash):
        return _stored_decision(connection, before.key)
    if before.state != "held":
        raise settled(connection, desk, before)
    return decide_again(connection, desk, arrival, before)


def _record(connection: Connection, desk: Desk, arrival: Arrival, found: Known) -> Received:
    buyer = bring_up_to_date(connection, arrival.order.buyer, arrival.at, found.retailer)
    decision, policy = _decided(desk, arrival, found.groups)
    values = {"source": arrival.source, "received_at": arrival.at, **_columns(arrival, decision)}
    key = _KEEP_ORDER.insert(connection, values)
    matter = Matter(key, arrival.order, buyer, policy, arrival.at, found.is_heard)
    return _conclude(connection, desk, matter, None, arrival.content_hash, decision)


def decide_again(
    connection: Connection, desk: Desk, arrival: Arrival, before: Row[Any], sent_hash: str | None = None
) -> Received:
    """A held order has other content: a new decision, the old ones and their content kept.

    `sent_hash` is that of what the source last sent, where a person made the new content of it.
    """
    buyer = keep_retailer(connection, arrival.order.buyer, arrival.at)
    decision, policy = _decided(desk, arrival, memberships_of(connection, arrival.order.buyer.id))
    moved = connection.execute(
        update(orders)
        .where(orders.c.key == before.key, orders.c.state == "held", orders.c.content_hash == before.content_hash)
        .values(**_columns(arrival, decision), sent_hash=sent_hash)
    )
    if moved.rowcount != 1:
        raise settled(connection, desk, before)
    connection.execute(
        insert(earlier_contents).values(
            order_key=before.key, content_hash=before.content_hash, body=before.body, replaced_at=arrival.at
        )
    )
    matter = Matter(before.key, arrival.order, buyer, policy, arrival.at)
    return _conclude(connection, desk, matter, "held", arrival.content_hash, decision)


def _decided(desk: Desk, arrival: Arrival, kept: tuple[str, ...]) -> tuple[Decision, Policy]:
    order, at = arrival.order, arrival.at
    content, policy, unknown = _ruling(desk, order, at, kept)
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
) -> Received:
    """Record the decision and the move, and do what follows: the invoice if owed now, the messages."""
    key, document = keep_decision(connection, matter, content, decision, SYSTEM)
    why = ", ".join(dict.fromkeys(reason.code for reason in decision.reasons))
    move = keep_move(connection, matter, before, decision.outcome.value, SYSTEM, why)
    announce_order(connection, matter, move, document)
    issued = None
    if decision.invoice is not None and decision.invoice.issue:
        issued = invoice.issue(connection, desk, matter, decision.invoice)
    messages.queue(connection, desk, matter, move, decision.obligations, issued, decision.reasons)
    return Received(key, document, False)


def _stored_decision(connection: Connection, key: int) -> Received:
    """The last decision by policy; what a person did since is in the order's history."""
    stored = connection.execute(
        select(decisions.c.key, decisions.c.document)
        .where(decisions.c.order_key == key, decisions.c.who == SYSTEM)
        .order_by(decisions.c.key.desc())
        .limit(1)
    ).one()
    return Received(stored.key, stored.document, True)
