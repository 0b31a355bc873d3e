"""A person accepts or dismisses a change of an accepted order that waits; or only looks at what it would do."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from houblon.engine.core.account import origins
from houblon.engine.core.order import Line, Order, decode_order
from houblon.engine.core.problem import Text
from houblon.engine.decide.evaluate import invoicing
from houblon.engine.decide.obligations import obligations
from houblon.engine.policy.decision import Decision, Outcome, Reason
from houblon.engine.policy.lowering import credit_limit_of
from houblon.orders.events.record import record_event
from houblon.orders.handling.changes import history
from houblon.orders.handling.changes.account import account_besides
from houblon.orders.handling.changes.amendment import amend
from houblon.orders.handling.receive import effective_policy
from houblon.orders.handling.review import buyer_of, order_at
from houblon.orders.intake.incoming import IncomingOrder, incoming_of
from houblon.orders.invoicing.invoice import draft
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.mail import amended
from houblon.orders.mail.amended import Followed
from houblon.orders.products.availability import in_stock, unavailable_of
from houblon.orders.queries.lists import invoice_of_order
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import already_moved, record_transition
from houblon.orders.retailers.cards import card_of
from houblon.orders.retailers.memberships import keep_retailer
from houblon.orders.retailers.names import ids_of, with_buyer
from houblon.orders.services import Conflict, OrderContext, Services


class Accepted(msgspec.Struct, frozen=True):
    """What followed when a person accepted a change: the note that credits the former invoice, the new invoice, the
    one that stays; each by its number."""

    credit_note: str | None = None
    invoice: str | None = None
    kept_invoice: str | None = None


class LineChange(msgspec.Struct, frozen=True):
    """A product before and after: None where it is not in the order."""

    before: Line | None
    after: Line | None

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


class Shown(msgspec.Struct, frozen=True):
    """A change beside what stands: its lines in pairs, what it comes to more, in cents, and with taxes where an invoice
    would take the place of another; `barred` where it can't be accepted any more."""

    row: Any
    order: Order
    lines: tuple[LineChange, ...]
    difference: int
    invoice_before: int | None = None
    invoice_after: int | None = None
    barred: Conflict | None = None


def accept(
    services: Services,
    key: int,
    *,
    by: str,
    at: datetime,
    why: str = "",
    seen: str | None = None,
    entry_of: EntryOf[Accepted] | None = None,
) -> Accepted:
    """Accept the change that waits: the order says it from now on, and its invoice follows.

    `seen` is the content hash of the change that the person saw. Raises Conflict when none waits any more, when a newer
    one does, when the order was delivered, paid for or credited meanwhile, or a product of it is unavailable;
    LookupError when there is no such order.
    """
    return services.ledger.write(
        audited(lambda connection: _accept(connection, services, key, by, at, why, seen), entry_of)
    )


def dismiss(
    services: Services,
    key: int,
    *,
    by: str,
    at: datetime,
    why: str = "",
    seen: str | None = None,
    entry_of: EntryOf[None] | None = None,
) -> None:
    """Dismiss the change that waits: the order stays as it was accepted. Raises Conflict and LookupError as `accept`."""
    services.ledger.write(audited(lambda connection: _dismiss(connection, services, key, by, at, why, seen), entry_of))


def shown(connection: Connection, services: Services, key: int, at: datetime) -> Shown | None:
    """The change of an order that waits, beside what stands; None where none does. Raises LookupError."""
    row, current = order_at(connection, key)
    change = history.waiting_change(connection, key)
    if change is None:
        return None
    order = with_buyer(decode_order(change.body), ids_of(row).retailer)
    found = Shown(change, order, tuple(_pairs(current, order)), history.value_of(order) - history.value_of(current))
    try:
        _check(connection, services, row, order, invoice_of_order(connection, key))
        found = _with_invoices(connection, services, found, row, at)
    except Conflict as conflict:
        return msgspec.structs.replace(found, barred=conflict)
    return found


def _accept(
    connection: Connection, services: Services, key: int, by: str, at: datetime, why: str, seen: str | None
) -> Accepted:
    row, change = _waiting(connection, services, key, seen)
    ids, incoming = ids_of(row), _incoming(row, change, at)
    order = with_buyer(incoming.order, ids.retailer)
    own = invoice_of(connection, key)
    _check(connection, services, row, order, own)
    # A clock that was set back must not let a change be settled before it came.
    at = max(at, change.at)
    buyer = keep_retailer(connection, ids, order.buyer, at)
    policy = effective_policy(connection, services, order, at).policy
    account = account_besides(connection, services, row, own, at)
    context = OrderContext(key, order, buyer, policy, at, account)
    cycle = services.policies.content(policy.version).cycle_of(order.distributor)
    follows = invoicing(order, policy, accepted_at=at, cycle=cycle, installation=services.installation, account=account)
    duties = obligations(policy, Outcome.ACCEPTED, follows.issue)
    sentence = Text(f"Modification acceptée par {by}.", f"Change accepted by {by}.")
    reasons = (Reason("person", "accept", "review", sentence, (), {}),)
    decision = Decision(
        row.order_id,
        Outcome.ACCEPTED,
        policy.version,
        policy.hash,
        policy.chain,
        reasons,
        duties,
        follows,
        facts_from=origins(account, credit_limit_of(policy), order.buyer.credit_limit),
    )
    history.settle(connection, change, history.ACCEPTED, who=by, at=at, why=why)
    incoming = msgspec.structs.replace(incoming, order=order, at=at)
    done = amend(connection, services, context, row, incoming, ids, decision, by, why)
    return _accepted(done.followed)


def _accepted(followed: Followed) -> Accepted:
    old, note, issued = followed.old, followed.note, followed.issued
    kept = old.number if old is not None and note is None else None
    return Accepted(note.number if note else None, issued.number if issued else None, kept)


def _dismiss(
    connection: Connection, services: Services, key: int, by: str, at: datetime, why: str, seen: str | None
) -> None:
    row, change = _waiting(connection, services, key, seen)
    at = max(at, change.at)
    history.settle(connection, change, history.DISMISSED, who=by, at=at, why=why)
    record_event(connection, "order.change_dismissed", at, order_key=key, fact=change.key)
    _row, order = order_at(connection, key)
    policy = effective_policy(connection, services, order, at).policy
    context = OrderContext(key, order, buyer_of(connection, row), policy, at)
    noted = f"change_dismissed {why}" if why else "change_dismissed"
    move = record_transition(connection, context, row.state, row.state, by, noted)
    if "order.refused" in policy.settings["notifications.buyer"].value:
        amended.queue_unchanged(connection, services, context, move, amended.DISMISSED)


def _waiting(connection: Connection, services: Services, key: int, seen: str | None) -> tuple[Row[Any], Row[Any]]:
    """The order and the change of it that waits, which nobody else settles until the transaction ends."""
    row = history.locked(connection, key)
    if row is None:
        raise LookupError(f"there is no order {key}")
    change = history.waiting_change(connection, key)
    if change is None:
        raise Conflict(
            "no_change",
            f"Aucune modification de la commande {row.order_id} n’attend de décision.",
            f"No change of order {row.order_id} waits for a decision.",
        )
    if seen is not None and seen != change.content_hash:
        raise Conflict(
            "order_changed",
            f"La modification de la commande {row.order_id} a changé depuis que vous l’avez vue : relisez-la d’abord.",
            f"The change of order {row.order_id} was changed since you saw it: read it again first.",
        )
    return row, change


def _check(connection: Connection, services: Services, row: Row[Any], order: Order, invoice: Row[Any] | None) -> None:
    """Raise Conflict where the order can't become what the change says."""
    why = history.barred(connection, row, invoice)
    if why is not None and why not in _BARRED:
        raise already_moved(connection, services, row)
    if why is not None:
        fr, en = _BARRED[why]
        raise Conflict(
            f"order_{why}",
            f"La commande {row.order_id} est {fr} : sa modification ne peut plus être acceptée.",
            f"Order {row.order_id} is {en}: its change can't be accepted any more.",
        )
    if unavailable_of(in_stock(connection, order)):
        raise Conflict(
            "unavailable",
            f"Un produit de la modification de la commande {row.order_id} n’est pas disponible : elle ne peut pas être "
            "acceptée ainsi.",
            f"A product in the change of order {row.order_id} is not available: it can't be accepted as it is.",
        )


def _incoming(row: Row[Any], change: Row[Any], at: datetime) -> IncomingOrder:
    incoming = incoming_of(change.body, decode_order(change.body), source=row.source, at=at)
    return msgspec.structs.replace(incoming, content_hash=change.content_hash, changed_at=change.changed_at)


def _with_invoices(connection: Connection, services: Services, found: Shown, row: Row[Any], at: datetime) -> Shown:
    """With what the invoice comes to that the order has, and what the new one would."""
    old = invoice_of_order(connection, row.key)
    if old is None:
        return found
    policy = effective_policy(connection, services, found.order, at).policy
    context = OrderContext(row.key, found.order, card_of(connection, ids_of(row)), policy, at)
    cycle = services.policies.content(policy.version).cycle_of(found.order.distributor)
    account = account_besides(connection, services, row, old, at, is_locked=False)
    follows = invoicing(
        found.order, policy, accepted_at=at, cycle=cycle, installation=services.installation, account=account
    )
    after = draft(services, context, follows)["cents"]["total"]
    return msgspec.structs.replace(found, invoice_before=old.total, invoice_after=after)


def _pairs(current: Order, order: Order) -> Iterator[LineChange]:
    """The lines of both, paired by their product: one that is there twice in turn; new ones last."""
    left = list(order.lines)
    for line in current.lines:
        other = next((each for each in left if each.sku == line.sku), None)
        if other is not None:
            left.remove(other)
        yield LineChange(line, other)
    yield from (LineChange(None, each) for each in left)


_BARRED = {
    "paid": ("payée, en tout ou en partie", "paid, whole or in part"),
    "credited": ("déjà créditée en partie", "credited in part already"),
}
