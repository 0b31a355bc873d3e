"""What was decided and moved, by whom and when: written with the fact, never changed."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from houblon.engine.core.account import Account
from houblon.engine.core.order import READING
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Decision, decision_document
from houblon.engine.policy.derivation import derivation_parts
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import decisions, transitions
from houblon.orders.services import Conflict, OrderContext, Services

SYSTEM, BUYER = "houblon", "buyer"
API = "api:"  # what the names of API keys start with in histories
_WHO = {SYSTEM: Text("Houblon", "Houblon"), BUYER: Text("l’acheteur", "the buyer")}
_RECORD_DECISION, _RECORD_TRANSITION, _RECORD_INVOICE_TRANSITION = (
    Prepared(insert(decisions)),
    Prepared(insert(transitions)),
    Prepared(insert(transitions)),
)
_STATES_FR = {
    "accepted": "acceptée",
    "held": "en attente",
    "refused": "refusée",
    "delivered": "livrée",
    "cancelled": "annulée",
}


def record_decision(
    connection: Connection, context: OrderContext, content_hash: str, decision: Decision, who: str
) -> tuple[int, dict[str, Any]]:
    """Record a decision and return its key and its document."""
    document = decision_document(decision)
    key: int = _RECORD_DECISION.insert(
        connection,
        {
            "order_key": context.key,
            "made_at": context.at,
            "who": who,
            "outcome": decision.outcome.value,
            "version": decision.version,
            "policy_hash": decision.policy_hash,
            "chain": decision.chain,
            "content_hash": content_hash,
            "document": document,
            "derivation": decision.invoice and derivation_parts(decision.invoice.due),
            "reading": _reading(context),
        },
    )
    return key, document


def _reading(context: OrderContext) -> dict[str, Any]:
    """By which form the order was read, and what the ledger knew then."""
    found: dict[str, Any] = {"form": READING, "province": context.buyer.province, "buyer": context.order.buyer.id}
    gone = sorted({line.sku for line in context.order.lines if line.available is False})
    if gone:
        found["unavailable"] = gone
    return found if context.account is None else {**found, "account": context.account}


def account_then(reading: dict[str, Any] | None) -> Account | None:
    """What the ledger knew of what the buyer owed when a decision was made; None where the order's word counted."""
    kept = (reading or {}).get("account")
    return None if kept is None else msgspec.convert(kept, Account)


def record_transition(
    connection: Connection, context: OrderContext, before: str | None, after: str, who: str, why: str
) -> int:
    """Record that the order moved, and return the move's key."""
    return record_order_move(connection, context.key, before, after, who=who, at=context.at, why=why)


def record_order_move(
    connection: Connection, order_key: int, before: str | None, after: str, *, who: str, at: datetime, why: str
) -> int:
    """`record_transition`, where nothing more is known of the order than its key."""
    values = {"order_key": order_key, "at": at, "who": who, "before": before, "after": after, "why": why}
    key: int = _RECORD_TRANSITION.insert(connection, values)
    return key


def record_invoice_transition(
    connection: Connection, keys: tuple[int, int], before: str | None, after: str, *, who: str, at: datetime, why: str
) -> int:
    """Record that an invoice moved, and return the move's key; `keys` are the order's and the invoice's."""
    order_key, invoice_key = keys
    values = {
        "order_key": order_key,
        "invoice_key": invoice_key,
        "at": at,
        "who": who,
        "before": before,
        "after": after,
        "why": why,
    }
    key: int = _RECORD_INVOICE_TRANSITION.insert(connection, values)
    return key


def who_text(who: str) -> Text:
    """Who moved something, as a sentence names them."""
    return _WHO.get(who) or Text(who, who)


def last_move(connection: Connection, order_key: int) -> Row[Any]:
    """The last move of an order; not what was noted of it while it stayed where it was."""
    return connection.execute(
        select(transitions)
        .where(transitions.c.order_key == order_key, transitions.c.invoice_key.is_(None))
        .where(transitions.c.before.is_distinct_from(transitions.c.after))
        .order_by(transitions.c.key.desc())
        .limit(1)
    ).one()


def already_moved(connection: Connection, services: Services, row: Row[Any]) -> Conflict:
    """The conflict of whom an order's row finds no longer held: who moved it, and when."""
    last = last_move(connection, row.key)
    when, who = services.moment_text(last.at), who_text(last.who)
    return Conflict(
        "already_settled",
        f"La commande {row.order_id} est déjà {_STATES_FR[last.after]}, par {who.fr}, le {when.fr}.",
        f"Order {row.order_id} is already {last.after}, by {who.en}, on {when.en}.",
    )
