"""A person accepts or refuses a held order: one transition, whoever else tries."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from houblon.engine.core.account import origins
from houblon.engine.core.order import Order
from houblon.engine.core.problem import Text
from houblon.engine.decide.evaluate import invoicing
from houblon.engine.decide.obligations import obligations
from houblon.engine.policy.decision import Decision, Invoicing, Obligation, Outcome, Reason
from houblon.engine.policy.lowering import credit_limit_of
from houblon.orders.db.tables import decisions, invoices, orders
from houblon.orders.events.record import record_event
from houblon.orders.handling.planned_delivery import followed
from houblon.orders.handling.receive import effective_policy
from houblon.orders.invoicing import invoice
from houblon.orders.invoicing.delivered import delivered_part
from houblon.orders.invoicing.of_orders import IN_FORCE
from houblon.orders.invoicing.owing import note_uninvoiced, to_be_invoiced
from houblon.orders.mail import enqueue as messages
from houblon.orders.products.availability import in_stock, unavailable_of
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import account_then, already_moved, record_decision, record_transition
from houblon.orders.retailers.accounts import account_of
from houblon.orders.retailers.cards import card_of
from houblon.orders.retailers.names import ids_of, stored_order
from houblon.orders.services import Conflict, OrderContext, Services


def accept(
    services: Services, key: int, *, by: str, at: datetime, why: str = "", seen: str | None = None
) -> str | None:
    """Accept a held order; its invoice, if the policy in force now owes one, is issued at once.

    `seen` is the content hash of what the person looked at. Returns the invoice's number, None when
    none is issued now. Raises Conflict when somebody settled the order first, when it was changed
    since it was seen, or when one of its products is unavailable; LookupError when there is none.
    """
    return services.ledger.write(lambda connection: _accept(connection, services, key, by, at, why, seen))


def refuse(services: Services, key: int, *, by: str, at: datetime, why: str, seen: str | None = None) -> None:
    """Refuse a held order. Raises Conflict and LookupError as `accept` does."""
    services.ledger.write(lambda connection: _refuse(connection, services, key, by, at, why, seen))


def issue_invoice(services: Services, key: int, *, by: str, at: datetime, entry_of: EntryOf[str] | None = None) -> str:
    """Issue the invoice of an accepted order whose policy left that to a person; returns its number.

    Terms and due date are those of the acceptance. Raises Conflict when the order is not accepted
    or has an invoice already; LookupError when there is no such order.
    """
    return services.ledger.write(
        audited(lambda connection: _issue_invoice(connection, services, key, by, at), entry_of)
    )


class Preview(msgspec.Struct, frozen=True):
    """What would follow: the draft of the invoice that is issued at once, None where none is, or where it is `barred`."""

    follows: Invoicing
    draft: dict[str, Any] | None = None
    barred: Conflict | None = None


def preview(connection: Connection, services: Services, key: int, at: datetime) -> Preview:
    """What would follow if a person accepted the order at `at`."""
    row, order = order_at(connection, key)
    context = _context(connection, services, row, order, at)
    follows = _invoicing(services, context)
    return _drafted(services, context, follows) if follows.issue else Preview(follows)


def check_acceptable(
    connection: Connection, services: Services, key: int, seen: str | None = None
) -> tuple[Row[Any], Order]:
    """The order that a person may accept. Raises Conflict and LookupError as `accept` does."""
    row, order = held_order(connection, services, key, seen)
    if unavailable_of(in_stock(connection, order)):
        raise Conflict(
            "unavailable",
            f"Un produit de la commande {row.order_id} n’est pas disponible : elle ne peut pas être acceptée ainsi.",
            f"A product of order {row.order_id} is not available: it can't be accepted as it is.",
        )
    return row, order


def _accept(
    connection: Connection, services: Services, key: int, by: str, at: datetime, why: str, seen: str | None
) -> str | None:
    row, order = check_acceptable(connection, services, key, seen)
    context = _context(connection, services, row, order, at)
    follows = _invoicing(services, context)
    duties = obligations(context.policy, Outcome.ACCEPTED, follows is not None and follows.issue)
    move = _move(connection, services, row, context, Outcome.ACCEPTED, by, why, follows, duties)
    issued = invoice.issue(connection, services, context, follows, by) if follows.issue else None
    if issued is None:
        note_uninvoiced(connection, key, to_be_invoiced(order))
    messages.queue(connection, services, context, move, duties, issued)
    return issued.number if issued else None


def _refuse(
    connection: Connection, services: Services, key: int, by: str, at: datetime, why: str, seen: str | None
) -> None:
    row, order = held_order(connection, services, key, seen)
    context = _context(connection, services, row, order, at)
    duties = obligations(context.policy, Outcome.REFUSED, False)
    move = _move(connection, services, row, context, Outcome.REFUSED, by, why, None, duties)
    messages.queue(connection, services, context, move, duties, None)


def _issue_invoice(connection: Connection, services: Services, key: int, by: str, at: datetime) -> str:
    # Locked: who cancels it meanwhile finds the invoice to credit, or nothing is invoiced.
    row, order = order_at(connection, key, is_locked=True)
    known = connection.execute(select(invoices.c.number).where(invoices.c.order_key == key, IN_FORCE)).scalar()
    if known is not None:
        raise Conflict(
            "already_invoiced",
            f"La commande {row.order_id} a déjà la facture {known}.",
            f"Order {row.order_id} has the invoice {known} already.",
        )
    if row.state not in ("accepted", "delivered"):
        raise Conflict(
            "not_accepted",
            f"La commande {row.order_id} n’est pas acceptée : elle ne se facture pas.",
            f"Order {row.order_id} is not accepted: it can't be invoiced.",
        )
    issued = invoice_as_decided(connection, services, row, order, by, at)
    if issued is None:
        raise AssertionError("what a person asks for is issued whatever its trigger")
    return issued.number


def invoice_as_decided(
    connection: Connection,
    services: Services,
    row: Row[Any],
    order: Order,
    by: str,
    at: datetime,
    *,
    on_delivery: bool = False,
) -> invoice.Issued | None:
    """Issue the invoice of an accepted order on its acceptance's terms, and tell the buyer.

    Of an order that was delivered in part, that part. With `on_delivery`, only where the acceptance left it to the
    delivery; None where it did not, and where nothing was delivered.
    """
    context, follows = _as_decided(connection, services, row, order, at)
    if on_delivery and not _is_owed_at_delivery(follows):
        return None
    part = delivered_part(connection, row.key, order)
    if part is not None and not part.numbers:
        if on_delivery:
            return None
        raise Conflict(
            "nothing_delivered",
            f"De la commande {row.order_id}, rien n’a été livré : il n’y a rien à facturer.",
            f"Nothing of order {row.order_id} was delivered: there is nothing to invoice.",
        )
    if part is not None:
        context = msgspec.structs.replace(context, order=part.order)
    issued = invoice.issue(connection, services, context, follows, by, part.numbers if part else ())
    note_uninvoiced(connection, row.key, 0)
    is_notified = "invoice.issued" in context.policy.settings["notifications.buyer"].value
    duties = [Obligation("notify_buyer", event="invoice.issued")] if is_notified else []
    messages.queue(connection, services, context, issued.move, duties, issued)
    return issued


def preview_of_delivery(connection: Connection, services: Services, key: int, at: datetime) -> Preview | None:
    """The invoice that would be issued if the accepted order were delivered `at`; None for none."""
    row, order = order_at(connection, key)
    context, follows = _as_decided(connection, services, row, order, at)
    return _drafted(services, context, follows) if _is_owed_at_delivery(follows) else None


def _drafted(services: Services, context: OrderContext, follows: Invoicing) -> Preview:
    try:
        return Preview(follows, invoice.draft(services, context, follows))
    except Conflict as conflict:
        return Preview(follows, barred=conflict)


def _as_decided(
    connection: Connection, services: Services, row: Row[Any], order: Order, at: datetime
) -> tuple[OrderContext, Invoicing]:
    """An accepted order at `at`, by the chain and version of its acceptance, and what was decided to follow then."""
    accepted = connection.execute(
        select(decisions)
        .where(decisions.c.order_key == row.key, decisions.c.outcome == Outcome.ACCEPTED.value)
        .order_by(decisions.c.key.desc())
        .limit(1)
    ).one()
    policy = services.policies.policy(tuple(accepted.chain), accepted.version)
    buyer = buyer_of(connection, row)
    planned, account = followed(connection, services, row.key, order), account_then(accepted.reading)
    follows = _invoicing(services, OrderContext(row.key, planned, buyer, policy, accepted.made_at, account))
    return OrderContext(row.key, order, buyer, policy, at), follows


def _is_owed_at_delivery(follows: Invoicing) -> bool:
    return follows.trigger == "on_delivery" and follows.owed


def _invoicing(services: Services, context: OrderContext) -> Invoicing:
    cycle = services.policies.content(context.policy.version).cycle_of(context.order.distributor)
    return invoicing(
        context.order,
        context.policy,
        accepted_at=context.at,
        cycle=cycle,
        installation=services.installation,
        account=context.account,
    )


def order_at(connection: Connection, key: int, *, is_locked: bool = False) -> tuple[Row[Any], Order]:
    """The order as it stands. Who acts on it asks for it `is_locked`: what it says and whose it is stays so until the
    transaction ends."""
    query = select(orders).where(orders.c.key == key)
    row = connection.execute(query.with_for_update() if is_locked else query).one_or_none()
    if row is None:
        raise LookupError(f"there is no order {key}")
    return row, stored_order(row)


def held_order(connection: Connection, services: Services, key: int, seen: str | None) -> tuple[Row[Any], Order]:
    row, order = order_at(connection, key, is_locked=True)
    if row.state != "held":
        raise already_moved(connection, services, row)
    if seen is not None and seen != row.content_hash:
        raise _changed(row)
    return row, order


def buyer_of(connection: Connection, row: Row[Any]) -> Row[Any]:
    """The card of whom the order is from."""
    return card_of(connection, ids_of(row))


def _context(connection: Connection, services: Services, row: Row[Any], order: Order, at: datetime) -> OrderContext:
    # A clock that was set back must not let an order be settled before it was received.
    at = max(at, row.received_at)
    policy = effective_policy(connection, services, order, at).policy
    account = account_of(connection, services, order.buyer.id, at, row.key)
    return OrderContext(row.key, order, buyer_of(connection, row), policy, at, account)


def _move(
    connection: Connection,
    services: Services,
    row: Row[Any],
    context: OrderContext,
    outcome: Outcome,
    by: str,
    why: str,
    follows: Invoicing | None,
    duties: tuple[Obligation, ...],
) -> int:
    """The one transition out of `held`, with the person's decision: whoever comes second finds nothing to move."""
    moved = connection.execute(
        update(orders)
        .where(orders.c.key == row.key, orders.c.state == "held", orders.c.content_hash == row.content_hash)
        .values(state=outcome.value)
    )
    if moved.rowcount != 1:
        now, _ = order_at(connection, row.key)
        raise _changed(now) if now.state == "held" else already_moved(connection, services, now)
    policy, limit = context.policy, context.order.buyer.credit_limit
    decision = Decision(
        row.order_id,
        outcome,
        policy.version,
        policy.hash,
        policy.chain,
        (_by_person(outcome, by),),
        duties,
        follows,
        facts_from=origins(context.account, credit_limit_of(policy), limit),
    )
    fact, _ = record_decision(connection, context, row.content_hash, decision, by)
    move = record_transition(connection, context, "held", outcome.value, by, why)
    record_event(connection, f"order.{outcome.value}", context.at, order_key=context.key, fact=fact)
    return move


def _by_person(outcome: Outcome, by: str) -> Reason:
    if outcome is Outcome.ACCEPTED:
        return Reason("person", "accept", "review", Text(f"Acceptée par {by}.", f"Accepted by {by}."), (), {})
    return Reason("person", "refuse", "review", Text(f"Refusée par {by}.", f"Refused by {by}."), (), {})


def _changed(row: Row[Any]) -> Conflict:
    return Conflict(
        "order_changed",
        f"La commande {row.order_id} a changé depuis que vous l’avez vue : relisez-la d’abord.",
        f"Order {row.order_id} was changed since you saw it: read it again first.",
    )
