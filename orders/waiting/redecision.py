"""A held order is decided again as it stands: only the acceptance that the policy in force now gives is taken.

What is still held stays as it is; where the reasons are others than those of its last decision, the new decision is
kept too, so that the queue shows the reasons of now. A refusal by policy is never taken: a person decides.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from houblon.engine.policy.decision import Decision, Outcome, decision_document
from houblon.orders.db.tables import decisions, orders
from houblon.orders.events.record import record_event
from houblon.orders.handling.receive import conclude, decide_incoming, uninvoiced_of
from houblon.orders.handling.review import held_order, order_at
from houblon.orders.handling.sender_news import asked_about
from houblon.orders.intake.incoming import incoming_of
from houblon.orders.products.availability import taken
from houblon.orders.records.audit import EntryOf, audited, record
from houblon.orders.records.decision_log import SYSTEM, last_move, record_decision
from houblon.orders.retailers.accounts import account_of
from houblon.orders.retailers.brought import brought_through
from houblon.orders.retailers.cards import card_of
from houblon.orders.retailers.memberships import memberships_of
from houblon.orders.retailers.names import ids_of, stored_order
from houblon.orders.services import Conflict, OrderContext, Services
from houblon.rules.model.entry import Entry

# What the history says of the move: this, and what caused it.
AGAIN = "decided_again"
BY_HAND = "by_hand"
ACT = "order.decided_again"


class Cause(msgspec.Struct, frozen=True):
    """Why an order is decided again: a code, what it is about, and whose act it was."""

    code: str
    subject: str
    by: str

    @property
    def why(self) -> str:
        """As the history keeps it."""
        return f"{AGAIN} {self.code} {self.subject}".strip()


class Again(msgspec.Struct, frozen=True):
    """What the policy in force gives of a held order now, and what came of it: accepted, or else it still waits."""

    order_id: str
    decision: Decision
    is_accepted: bool
    invoice: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        return decision_document(self.decision)

    @property
    def said(self) -> dict[str, Any]:
        """What the audit log says of it beside its cause."""
        return {"outcome": self.decision.outcome.value, "version": self.decision.version, "invoice": self.invoice}


class _Found(msgspec.Struct, frozen=True):
    row: Row[Any]
    context: OrderContext
    decision: Decision


def decide_again(
    services: Services,
    key: int,
    *,
    by: str,
    at: datetime,
    seen: str | None = None,
    entry_of: EntryOf[Again] | None = None,
) -> Again:
    """Decide a held order again because a person asks; `seen` is the content hash of what they looked at.

    Raises Conflict when it is not held, was changed since, or was called off by its sender; LookupError when there is
    no such order.
    """

    def work(connection: Connection) -> Again:
        row, _ = held_order(connection, services, key, seen)
        if asked_about(connection, row.source, row.order_id) is not None:
            raise Conflict(
                "called_off",
                f"L’expéditeur a annulé la commande {row.order_id} : dites d’abord ce qu’on en fait.",
                f"The sender called order {row.order_id} off: say first what is done about that.",
            )
        return _settle(connection, services, _consider(connection, services, row, at), Cause(BY_HAND, by, by))

    return services.ledger.write(audited(work, entry_of))


def redecide(connection: Connection, services: Services, key: int, cause: Cause, at: datetime) -> Again | None:
    """Decide an order again because something changed, in the running transaction, with its audit entry.

    None where it is not held any more, or waits for a person whatever its policy says.
    """
    row, _ = order_at(connection, key, is_locked=True)
    if row.state != "held" or is_for_a_person(connection, row):
        return None
    again = _settle(connection, services, _consider(connection, services, row, at), cause)
    if again.is_accepted:
        record(connection, _entry(again, cause, at))
    return again


def would_change(connection: Connection, services: Services, row: Row[Any], at: datetime) -> bool:
    """Whether `redecide` would write anything: so that what stays as it is costs no write."""
    if is_for_a_person(connection, row):
        return False
    found = _consider(connection, services, row, at, is_locked=False)
    return found.decision.outcome is Outcome.ACCEPTED or _is_news(connection, found)


def is_for_a_person(connection: Connection, row: Row[Any]) -> bool:
    """Whether an order waits for a person although its policy might accept it: one that a person put back here, and
    one that its sender called off."""
    return last_move(connection, row.key).who != SYSTEM or asked_about(connection, row.source, row.order_id) is not None


def _consider(
    connection: Connection, services: Services, row: Row[Any], at: datetime, is_locked: bool = True
) -> _Found:
    """What the policy in force gives of the order as it stands."""
    ids, order = ids_of(row), stored_order(row)
    # A clock that was set back must not let an order be decided before it was received.
    incoming = incoming_of(row.body, order, source=row.source, at=max(at, row.received_at))
    incoming = taken(connection, incoming, ids.retailer)
    # Locked: of two orders that one credit limit holds, one passes when there is room for one.
    account = account_of(connection, services, ids.retailer, incoming.at, row.key, is_locked=is_locked)
    buyer = card_of(connection, ids)
    kept, through = memberships_of(connection, ids.retailer), brought_through(connection)
    decision, policy = decide_incoming(services, incoming, kept, through, buyer, account)
    return _Found(row, OrderContext(row.key, incoming.order, buyer, policy, incoming.at, account), decision)


def _settle(connection: Connection, services: Services, found: _Found, cause: Cause) -> Again:
    row, decision = found.row, found.decision
    if decision.outcome is Outcome.ACCEPTED:
        return _accept(connection, services, found, cause)
    if _is_news(connection, found):
        fact, _ = record_decision(connection, found.context, row.content_hash, decision, SYSTEM)
        record_event(connection, "order.held", found.context.at, order_key=row.key, fact=fact)
    return Again(row.order_id, decision, False)


def _accept(connection: Connection, services: Services, found: _Found, cause: Cause) -> Again:
    """The one transition out of `held`, and all that follows an acceptance."""
    row, decision = found.row, found.decision
    moved = connection.execute(
        update(orders)
        .where(orders.c.key == row.key, orders.c.state == "held", orders.c.content_hash == row.content_hash)
        .values(state=decision.outcome.value, uninvoiced=uninvoiced_of(decision, found.context.order))
    )
    if moved.rowcount != 1:
        raise Conflict(
            "order_changed",
            f"La commande {row.order_id} vient de changer : relisez-la d’abord.",
            f"Order {row.order_id} was just changed: read it again first.",
        )
    done = conclude(connection, services, found.context, "held", row.content_hash, decision, cause.why)
    return Again(row.order_id, decision, True, done.invoice and done.invoice.number)


def _is_news(connection: Connection, found: _Found) -> bool:
    """Whether the order is held still, for other reasons than its last decision says."""
    if found.decision.outcome is not Outcome.HELD:
        return False
    last = (
        select(decisions.c.document)
        .where(decisions.c.order_key == found.row.key)
        .order_by(decisions.c.key.desc())
        .limit(1)
    )
    before = connection.execute(last).scalar_one()["reasons"]
    now = decision_document(found.decision)["reasons"]
    return [_rendered(each) for each in before] != [_rendered(each) for each in now]


def _rendered(reason: dict[str, Any]) -> tuple[Any, ...]:
    """What people read of a reason; what else it was told by may change with every version."""
    return tuple(reason[member] for member in ("code", "effect", "rule", "message"))


def _entry(again: Again, cause: Cause, at: datetime) -> Entry:
    after = {
        "state": Outcome.ACCEPTED.value,
        "cause": cause.code,
        "about": cause.subject,
        "caused_by": cause.by,
        **again.said,
    }
    return Entry(at, SYSTEM, "", ACT, again.order_id, {"state": "held"}, after)
