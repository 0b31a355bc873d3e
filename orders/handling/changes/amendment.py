"""An accepted order says something else from now on: what follows for its invoice, and what its buyer is told."""

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, update

from houblon.engine.core.order import Order
from houblon.engine.core.problem import Text
from houblon.engine.decide.evaluate import invoicing
from houblon.engine.policy.decision import Decision, Invoicing, Reason
from houblon.orders.db.tables import invoices, planned_deliveries
from houblon.orders.events.record import record_event
from houblon.orders.handling.changes import contents
from houblon.orders.handling.planned_delivery import changes_of, followed
from houblon.orders.intake.incoming import IncomingOrder
from houblon.orders.invoicing import invoice
from houblon.orders.invoicing.credits import Words, credit
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.invoicing.owing import note_uninvoiced, to_be_invoiced
from houblon.orders.invoicing.payments import paid_at_sender
from houblon.orders.mail import amended
from houblon.orders.mail.amended import Followed
from houblon.orders.records.decision_log import SYSTEM, record_decision, record_transition
from houblon.orders.records.redecisions import CHANGE, decide_retailers_again
from houblon.orders.retailers.names import BuyerIds, stored_order
from houblon.orders.services import OrderContext, Services

WHY = Text("La commande a été modifiée.", "The order was changed.")
_RESCHEDULED = "modification de la commande"
# What an invoice says that an order which says something else does not change by itself: when it was issued, by which
# version, what the house wants to say, and what was paid, which is an entry.
_OF_ITS_DAY = ("number", "issued_at", "issued_on", "due_date", "derivation", "version", "policy_hash")
_OF_THE_HOUSE = ("note", "order_note", "replaces", "payment")


class Amended(msgspec.Struct, frozen=True):
    """The decision by which an order says something else: its key and document, and what followed."""

    decision: int
    document: dict[str, Any]
    followed: Followed


def amend(
    connection: Connection,
    services: Services,
    context: OrderContext,
    before: Row[Any],
    incoming: IncomingOrder,
    ids: BuyerIds,
    decision: Decision,
    by: str,
    why: str = "",
    reasons: tuple[Reason, ...] = (),
) -> Amended:
    """The accepted order, whose row the caller has locked, says what came from now on, and all that follows.

    An invoice that this changes is credited whole and a new one issued; one that it does not change stands. `reasons`
    are what the team is told of it. Raises Conflict where the new invoice's taxes depend on what nobody knows.
    """
    current = stored_order(before)
    if not contents.replace(connection, before, incoming, decision.outcome, ids):
        raise AssertionError("the row is locked")
    contents.keep_earlier(connection, before, incoming, "source")
    key, document = record_decision(connection, context, incoming.content_hash, decision, by)
    noted = f"change_accepted {why}" if why else "change_accepted"
    move = record_transition(connection, context, before.state, decision.outcome.value, by, noted)
    record_event(connection, "order.accepted", context.at, order_key=context.key, fact=key)
    _plan_as_said(connection, context, current, move)
    assert decision.invoice is not None  # an acceptance says how it is invoiced
    follows = _follows(connection, services, context, decision.invoice)
    done = _invoiced(connection, services, context, current, follows, by)
    is_invoiced = done.issued is not None or (done.old is not None and done.note is None)
    uninvoiced = 0 if is_invoiced else to_be_invoiced(context.order)
    note_uninvoiced(connection, context.key, uninvoiced)
    if uninvoiced < before.uninvoiced:
        # Without an invoice there is no credit note that makes room.
        who, about = (before.retailer_id,), before.order_id
        decide_retailers_again(connection, who, CHANGE, by=by, at=context.at, subject=about)
    amended.queue_accepted(connection, services, context, move, decision.obligations, done, reasons)
    return Amended(key, document, done)


def _plan_as_said(connection: Connection, context: OrderContext, current: Order, move: int) -> None:
    """Where a person rescheduled the delivery and the source says another day than it did, the source's word is newer."""
    changes, day = changes_of(connection, context.key), context.order.planned_delivery
    if not changes or day is None or day == current.planned_delivery or day.isoformat() == changes[-1].after:
        return
    was = changes[-1].after
    values = {"order_key": context.key, "at": context.at, "who": SYSTEM, "why": _RESCHEDULED}
    connection.execute(insert(planned_deliveries).values(**values, before=was, after=day.isoformat()))
    days = {"delivery_before": date.fromisoformat(was), "delivery_date": day}
    record_event(connection, "order.rescheduled", context.at, order_key=context.key, fact=move, data=days)


def _follows(connection: Connection, services: Services, context: OrderContext, decided: Invoicing) -> Invoicing:
    """How the order is invoiced: as it was decided, but by the delivery that a person planned, where the house follows
    that."""
    planned = followed(connection, services, context.key, context.order)
    if planned == context.order:
        return decided
    cycle = services.policies.content(context.policy.version).cycle_of(planned.distributor)
    return invoicing(
        planned,
        context.policy,
        accepted_at=context.at,
        cycle=cycle,
        installation=services.installation,
        account=context.account,
    )


def _invoiced(
    connection: Connection,
    services: Services,
    context: OrderContext,
    current: Order,
    follows: Invoicing,
    by: str,
) -> Followed:
    """What becomes of the invoice, in the running transaction: numbers have no gap, for all of it commits or nothing."""
    old = invoice_of(connection, context.key)
    if old is None:
        return Followed(
            None, None, invoice.issue(connection, services, context, follows, by) if follows.issue else None
        )
    if _is_unchanged(services, context, current, follows, old):
        _pay(connection, services, context, old)
        return Followed(old, None, None)
    words = Words(why=WHY.in_(old.document["language"]))
    note = credit(connection, services, context, old, by, words)
    replaced = update(invoices).where(invoices.c.key == old.key).values(replaced_at=context.at)
    connection.execute(replaced)
    issued = None
    # Who asked for the first one by hand asked for it to be right; what a rule withholds waits for a person.
    if follows.issue or follows.owed or follows.trigger == "manual":
        document = {
            **invoice.draft(services, context, follows),
            "replaces": {"invoice": old.number, "credit_note": note.number},
        }
        issued = invoice.issue_document(connection, services, context, document, by)
    return Followed(old, note, issued)


def _is_unchanged(services: Services, context: OrderContext, current: Order, follows: Invoicing, old: Row[Any]) -> bool:
    """Whether the order's invoice would say what it says: only what is not invoiced was changed, or it is paid now."""
    order = context.order
    if (order.planned_delivery, order.distributor) != (current.planned_delivery, current.distributor):
        return False
    new = invoice.draft(services, context, follows)
    is_as_paid = new.get("payment") == old.document.get("payment") or new["payment"]["is_whole"]
    return is_as_paid and _printed(new) == _printed(old.document)


def _pay(connection: Connection, services: Services, context: OrderContext, old: Row[Any]) -> None:
    """What its sender was paid since settles an invoice that says all the rest already."""
    payment = context.order.payment
    if payment is not None and payment.state == "paid":
        on = context.at.astimezone(services.installation.zone).date()
        paid_at_sender(connection, old, at=context.at, on=on, reference=payment.reference)


def _printed(document: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in document.items() if name not in (*_OF_ITS_DAY, *_OF_THE_HOUSE)}
    return {**kept, "buyer": {name: value for name, value in document["buyer"].items() if name != "address"}}
