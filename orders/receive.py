"""One order in, one transaction: order, decision, invoice if owed, messages."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from engine.decision import Decision, decision_document
from engine.evaluate import decide
from engine.order import Order, read_facts
from engine.policy import Policy
from orders import invoice, messages
from orders.desk import Conflict, Desk
from orders.intake import content_hash
from orders.retailers import keep_retailer, memberships_of
from orders.tables import decisions, orders, transitions, webhook_calls
from rules.inherit import chain_of

SYSTEM = "houblon"


class Received(msgspec.Struct, frozen=True):
    """The decision's document, and whether it was stored before this call."""

    document: dict[str, Any]
    replayed: bool


def receive(
    desk: Desk, body: bytes, order: Order, *, source: str, at: datetime, webhook_id: str | None = None
) -> Received:
    """Decide `order` (decoded from `body`), record it and all that follows, durably, once.

    The same webhook id with the same body, or the same order with the same content, gives the
    stored decision. Raises Conflict where the id came with another body, or where the order
    changed after it was settled.
    """
    return desk.ledger.write(lambda connection: _receive(connection, desk, body, order, source, at, webhook_id))


def _receive(
    connection: Connection, desk: Desk, body: bytes, order: Order, source: str, at: datetime, webhook_id: str | None
) -> Received:
    body_hash = hashlib.sha256(body).hexdigest()
    if webhook_id is not None and (answer := _claimed(connection, source, webhook_id, body_hash)):
        return Received(answer, True)
    content = content_hash(body)
    known = connection.execute(
        select(orders).where(orders.c.source == source, orders.c.order_id == order.id)
    ).one_or_none()
    if known is None:
        received = Received(_record(connection, desk, body, content, order, source, at), False)
    elif known.content_hash == content:
        received = Received(_last_decision(connection, known.key), True)
    elif known.state == "held":
        received = Received(_decide_again(connection, desk, known, body, content, order, at), False)
    else:
        raise _already_settled(order.id, known.state)
    if webhook_id is not None:
        connection.execute(
            insert(webhook_calls).values(
                source=source, webhook_id=webhook_id, body_hash=body_hash, answer=received.document, at=at
            )
        )
    return received


def chain_and_policy(connection: Connection, desk: Desk, order: Order, at: datetime) -> tuple[Policy, tuple[str, ...]]:
    """The policy in force at `at` for the order's buyer, and the claimed groups that nobody made."""
    version = desk.policies.in_force(at).number
    content = desk.policies.content(version)
    kept = memberships_of(connection, order.buyer.id)
    chain, unknown = chain_of(content, kept, order.buyer.groups or ())
    return desk.policies.policy(chain, version), unknown


def settle(
    connection: Connection,
    desk: Desk,
    key: int,
    order: Order,
    policy: Policy,
    decision: Decision,
    at: datetime,
    buyer: Row[Any],
) -> None:
    """What follows a decision: the invoice if it is owed now, and the messages."""
    issued = None
    if decision.invoice is not None and decision.invoice.issue:
        invoice_key = invoice.issue(connection, desk, key, order, policy, decision.invoice, at, buyer)
        issued = (invoice_key, invoice.document_of(connection, invoice_key))
    messages.queue(connection, desk, key, order, policy, decision.obligations, at, buyer, issued)


def _claimed(connection: Connection, source: str, webhook_id: str, body_hash: str) -> dict[str, Any] | None:
    call = connection.execute(
        select(webhook_calls).where(webhook_calls.c.source == source, webhook_calls.c.webhook_id == webhook_id)
    ).one_or_none()
    if call is None:
        return None
    if call.body_hash != body_hash:
        raise Conflict(
            "webhook_id_reused",
            "Ce webhook-id est déjà venu avec un autre corps.",
            "This webhook-id came before with another body.",
        )
    return call.answer


def _record(
    connection: Connection, desk: Desk, body: bytes, content: str, order: Order, source: str, at: datetime
) -> dict[str, Any]:
    buyer = keep_retailer(connection, order.buyer, at)
    decision, policy = _decided(connection, desk, order, at)
    key = connection.execute(
        insert(orders).values(
            source=source,
            order_id=order.id,
            retailer_id=order.buyer.id,
            received_at=at,
            **_columns(body, content, order, decision, desk),
        )
    ).inserted_primary_key[0]
    return _conclude(connection, desk, key, None, content, order, decision, policy, at, buyer)


def _decide_again(
    connection: Connection, desk: Desk, known: Row[Any], body: bytes, content: str, order: Order, at: datetime
) -> dict[str, Any]:
    """A held order came again with other content: a new decision, the old ones kept."""
    buyer = keep_retailer(connection, order.buyer, at)
    decision, policy = _decided(connection, desk, order, at)
    moved = connection.execute(
        update(orders)
        .where(orders.c.key == known.key, orders.c.state == "held")
        .values(retailer_id=order.buyer.id, **_columns(body, content, order, decision, desk))
    )
    if moved.rowcount != 1:
        raise _already_settled(order.id, known.state)
    return _conclude(connection, desk, known.key, "held", content, order, decision, policy, at, buyer)


def _decided(connection: Connection, desk: Desk, order: Order, at: datetime) -> tuple[Decision, Policy]:
    policy, unknown = chain_and_policy(connection, desk, order, at)
    cycle = desk.policies.content(policy.version).cycles.get(order.distributor or "")
    decision = decide(
        order, policy, accepted_at=at, cycle=cycle, installation=desk.installation, unknown_groups=unknown
    )
    return decision, policy


def _columns(body: bytes, content: str, order: Order, decision: Decision, desk: Desk) -> dict[str, Any]:
    facts = read_facts(order, (), desk.installation.zone)
    return {
        "state": decision.outcome.value,
        "body": body,
        "content_hash": content,
        "order_value": facts.order_value,
        "item_count": facts.item_count,
        "placed_at": order.placed_at,
    }


def _conclude(
    connection: Connection,
    desk: Desk,
    key: int,
    before: str | None,
    content: str,
    order: Order,
    decision: Decision,
    policy: Policy,
    at: datetime,
    buyer: Row[Any],
) -> dict[str, Any]:
    document = decision_document(decision)
    connection.execute(
        insert(decisions).values(
            order_key=key,
            made_at=at,
            outcome=decision.outcome.value,
            version=decision.version,
            policy_hash=decision.policy_hash,
            chain=list(decision.chain),
            content_hash=content,
            document=document,
        )
    )
    why = ", ".join(reason.code for reason in decision.reasons)
    connection.execute(
        insert(transitions).values(
            order_key=key, at=at, who=SYSTEM, before=before, after=decision.outcome.value, why=why
        )
    )
    settle(connection, desk, key, order, policy, decision, at, buyer)
    return document


def _last_decision(connection: Connection, key: int) -> dict[str, Any]:
    return connection.execute(
        select(decisions.c.document).where(decisions.c.order_key == key).order_by(decisions.c.key.desc()).limit(1)
    ).scalar_one()


def _already_settled(order_id: str, state: str) -> Conflict:
    return Conflict(
        "already_settled",
        f"La commande {order_id} est déjà réglée ({state}) ; elle ne change plus.",
        f"Order {order_id} is settled already ({state}); it no longer changes.",
    )
