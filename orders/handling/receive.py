"""One order in, one transaction: order, decision, invoice if owed, messages."""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.account import Account
from houblon.engine.core.order import Order
from houblon.engine.decide.evaluate import decide
from houblon.engine.policy.decision import Decision, Outcome
from houblon.engine.policy.policy import Policy
from houblon.orders.db.ledger import Collision
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import earlier_contents, orders, webhook_calls
from houblon.orders.events.record import record_event
from houblon.orders.handling.changes import contents, history
from houblon.orders.handling.changes.account import account_besides
from houblon.orders.handling.changes.amendment import amend
from houblon.orders.handling.changes.contents import but_payment
from houblon.orders.handling.existing import ExistingOrder, existing
from houblon.orders.handling.received import InvoiceRef, Received, invoice_ref, stored, stored_change, stored_decision
from houblon.orders.intake.decode import content_hash
from houblon.orders.intake.incoming import IncomingOrder, incoming_of
from houblon.orders.invoicing import invoice
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.invoicing.owing import owe, to_be_invoiced
from houblon.orders.mail import amended
from houblon.orders.mail import enqueue as messages
from houblon.orders.products.availability import taken
from houblon.orders.records.decision_log import SYSTEM, already_moved, record_decision, record_transition
from houblon.orders.retailers.accounts import account_of, day_of
from houblon.orders.retailers.brought import brought_through
from houblon.orders.retailers.memberships import bring_up_to_date, keep_retailer, memberships_of
from houblon.orders.retailers.names import HOUSE, BuyerIds, find_ids, ids_of, name_buyer, stored_order
from houblon.orders.services import Conflict, OrderContext, Services
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import buyer_chain

# The state of an order that its source called off before it came, as the engine reads it.
CALLED_OFF = "cancelled"
_KEEP_CALL, _KEEP_ORDER = Prepared(insert(webhook_calls)), Prepared(insert(orders))


def receive(
    services: Services,
    body: bytes,
    order: Order,
    *,
    source: str,
    at: datetime,
    webhook_id: str | None = None,
    sent: bytes | None = None,
    buyer_source: str = HOUSE,
) -> Received:
    """Decide `order` (decoded from `body`), record it and all that follows, durably, once.

    The same webhook id with the same body, or the same order with the same content, gives the
    stored decision. `sent` is the body that was sent, where `body` was made of it; `buyer_source` is
    whose id the buyer's is. Raises Conflict where the id came with another body, or where the order changed after it was settled.
    """
    incoming = incoming_of(
        body, order, source=source, at=at, webhook_id=webhook_id, sent=sent, buyer_source=buyer_source
    )
    return services.ledger.record(lambda connection: ingest(connection, services, incoming))


def ingest(connection: Connection, services: Services, incoming: IncomingOrder) -> Received:
    """`receive` in the running transaction: the stored answer where this call came before; else the order is
    taken in, and the call's answer kept."""
    order, webhook_id = incoming.order, incoming.webhook_id
    today = day_of(services, incoming.at)
    found = existing(connection, incoming.source, webhook_id, order.id, incoming.buyer_source, order.buyer.id, today)
    if webhook_id is None:
        return _take_order(connection, services, incoming, found)
    if found.call is not None and found.call.body_hash != incoming.call_hash:
        raise Conflict(
            "webhook_id_reused",
            "Ce webhook-id est déjà venu avec un autre corps.",
            "This webhook-id came before with another body.",
        )
    if found.call is not None:
        return stored(connection, found.call)
    received = _take_order(connection, services, incoming, found)
    _KEEP_CALL.insert(
        connection,
        {
            "source": incoming.source,
            "webhook_id": webhook_id,
            "body_hash": incoming.call_hash,
            "decision_key": received.decision,
            "at": incoming.at,
        },
    )
    return received


class EffectivePolicy(NamedTuple):
    """What rules over an order: the content in force, the policy of its buyer's groups, and the groups it
    claims that nobody made."""

    content: Content
    policy: Policy
    unknown: tuple[str, ...]


def effective_policy(connection: Connection, services: Services, order: Order, at: datetime) -> EffectivePolicy:
    """What rules over the order now, at `at`."""
    kept, through = memberships_of(connection, order.buyer.id), brought_through(connection)
    return _effective_policy(services, order, at, kept, through)


def _effective_policy(
    services: Services, order: Order, at: datetime, kept: tuple[str, ...], through: int
) -> EffectivePolicy:
    content, groups = services.policies.live_for(at, order.buyer.id, kept, through)
    chain, unknown = buyer_chain(content, order.buyer, groups)
    return EffectivePolicy(content, services.policies.policy_in(content, chain), unknown)


def _take_order(connection: Connection, services: Services, incoming: IncomingOrder, found: ExistingOrder) -> Received:
    before = found.order
    if before is None:
        return _record(connection, services, incoming, found)
    if before.state in history.MAY_WAIT:
        # What it says and how it stands by now is what counts: nobody moves or changes it from here on.
        before = history.locked(connection, before.key)
        found = found._replace(order=before)
    if before.state in history.MAY_WAIT:
        return _take_accepted(connection, services, incoming, found)
    # Where a person changed the lines since, what the source sent is still known for what it is.
    if incoming.content_hash in (before.content_hash, before.sent_hash):
        keep_age(connection, incoming, before)
        return stored_decision(connection, before.key)
    if incoming.may_be_old and _is_older(connection, incoming, before):
        return stored_decision(connection, before.key)
    if before.state != "held":
        raise already_moved(connection, services, before)
    ids = found.ids or _name_buyer(connection, incoming)
    received = decide_again(connection, services, incoming, before, ids)
    _check_ids(connection, incoming, ids)
    return received


def _take_accepted(
    connection: Connection, services: Services, incoming: IncomingOrder, found: ExistingOrder
) -> Received:
    """What is accepted, or delivered since, comes again: as it stands, as a change that is known, too late, or as a new
    change."""
    before, is_as_it_is = found.order, incoming.content_hash in (found.order.content_hash, found.order.sent_hash)
    last = history.last_change(connection, before.key)
    if last is not None and history.is_said_again(last, incoming, before):
        history.keep_age(connection, incoming, last)
        return stored_change(connection, last)
    is_late = history.is_older(connection, incoming, last)
    waiting = last if last is not None and last.state == history.WAITING else None
    if is_as_it_is:
        keep_age(connection, incoming, before)
        if waiting is not None and not is_late:
            history.withdraw(connection, before, waiting, incoming.at)
        return stored_decision(connection, before.key)
    if is_late or (incoming.may_be_old and _is_older(connection, incoming, before)):
        return stored_decision(connection, before.key)
    if found.ids is not None:
        _check_ids(connection, incoming, found.ids)
    own = invoice_of(connection, before.key)
    if not _may_change(connection, services, incoming, found, own):
        raise already_moved(connection, services, before)
    account = account_besides(connection, services, before, own, incoming.at)
    return _change(connection, services, incoming, found, waiting, account)


def _may_change(
    connection: Connection, services: Services, incoming: IncomingOrder, found: ExistingOrder, own: Row[Any] | None
) -> bool:
    """Whether the policy of the order's buyer lets its source change it now, and nobody did anything that forbids it.

    What was paid since is no change, and another buyer's order is another order.
    """
    before, ids = found.order, found.ids
    said, known = msgspec.json.decode(incoming.body), msgspec.json.decode(before.body)
    if ids is None or ids.retailer != before.retailer_id or but_payment(said) == but_payment(known):
        return False
    policy = effective_policy(connection, services, stored_order(before), incoming.at).policy
    if not policy.settings["acceptance.amendable"].value or history.is_mended(before):
        return False
    return history.barred(connection, before, own) is None


def _change(
    connection: Connection,
    services: Services,
    incoming: IncomingOrder,
    found: ExistingOrder,
    waiting: Row[Any] | None,
    account: Account | None,
) -> Received:
    """An accepted order says something else: it is decided anew, and is that where the policy accepts it."""
    before, ids = found.order, ids_of(found.order) if found.ids is None else found.ids
    said, incoming = incoming, taken(connection, incoming, ids.retailer)
    buyer = keep_retailer(connection, ids, incoming.order.buyer, incoming.at)
    kept, through = memberships_of(connection, incoming.order.buyer.id), brought_through(connection)
    decision, policy = decide_incoming(services, incoming, kept, through, buyer, account)
    _check_ids(connection, said, ids)
    context = OrderContext(before.key, incoming.order, buyer, policy, incoming.at, account)
    if waiting is not None:
        history.settle(connection, waiting, history.REPLACED, who=SYSTEM, at=incoming.at)
    if decision.outcome is Outcome.ACCEPTED:
        done = amend(connection, services, context, before, incoming, ids, decision, SYSTEM, reasons=decision.reasons)
        return Received(before.key, done.decision, done.document, False, invoice_ref(connection, before.key))
    key, document = record_decision(connection, context, incoming.content_hash, decision, SYSTEM)
    is_refused = decision.outcome is Outcome.REFUSED
    move = history.keep(connection, before, incoming, key, is_refused=is_refused)
    event = amended.REFUSED if is_refused else amended.HELD
    amended.queue_decided(connection, services, context, move, decision.obligations, event, decision.reasons)
    state = history.REFUSED if is_refused else history.WAITING
    return Received(before.key, key, document, False, invoice_ref(connection, before.key), state)


def keep_age(connection: Connection, incoming: IncomingOrder, before: Row[Any]) -> None:
    """Where the source says that what is known still stood later, what is older than that is old."""
    said, known = incoming.changed_at, before.changed_at
    if said is not None and (known is None or known < said):
        connection.execute(update(orders).where(orders.c.key == before.key).values(changed_at=said))


def _is_older(connection: Connection, incoming: IncomingOrder, before: Row[Any]) -> bool:
    """Whether the order has said something else since: by its source's own time, else because it said this before."""
    said, known = incoming.changed_at, before.changed_at
    if said is not None and known is not None and said != known:
        return bool(said < known)
    query = select(earlier_contents.c.key).where(
        earlier_contents.c.order_key == before.key, earlier_contents.c.content_hash == incoming.content_hash
    )
    return connection.execute(query.limit(1)).first() is not None


def _as_called_off(incoming: IncomingOrder) -> IncomingOrder:
    """An order that its source called off before it came: it says so itself, and may not pass."""
    body = msgspec.json.encode({**msgspec.json.decode(incoming.body), "status": CALLED_OFF})
    order = msgspec.structs.replace(incoming.order, status=CALLED_OFF)
    return msgspec.structs.replace(incoming, body=body, order=order, content_hash=content_hash(body))


def _record(connection: Connection, services: Services, incoming: IncomingOrder, found: ExistingOrder) -> Received:
    sent: dict[str, Any] = {}
    if found.is_called_off:
        sent, incoming = {"sent_hash": incoming.content_hash}, _as_called_off(incoming)
    ids, groups, said, at = found.ids, found.groups, incoming.order.buyer, incoming.at
    account = found.account if services.knows_accounts else None
    if ids is None:
        ids = _name_buyer(connection, incoming)
        buyer = keep_retailer(connection, ids, said, at)
        # Who sorted the buyer of a shop into groups before their first order did so by the id that they would get.
        groups = memberships_of(connection, ids.retailer)
    else:
        if account is not None and connection.dialect.name != "sqlite":
            # Nobody else decides an order of theirs meanwhile: two at once can't both pass one credit limit.
            account = account_of(connection, services, ids.retailer, at, is_locked=True)
        buyer = bring_up_to_date(connection, ids, said, at, found.retailer)
    known = taken(connection, incoming, ids.retailer)
    decision, policy = decide_incoming(services, known, groups, found.through, buyer, account)
    values = {
        "source": known.source,
        "received_at": at,
        "changed_at": known.changed_at,
        **contents.columns(known, decision.outcome, ids),
        "uninvoiced": uninvoiced_of(decision, known.order),
        **sent,
    }
    key = _KEEP_ORDER.insert(connection, values)
    _check_ids(connection, incoming, ids)
    context = OrderContext(key, known.order, buyer, policy, at, account)
    return conclude(connection, services, context, None, known.content_hash, decision)


def _name_buyer(connection: Connection, incoming: IncomingOrder) -> BuyerIds:
    """A retailer for a buyer whom a source names for the first time."""
    return name_buyer(connection, incoming.buyer_source, incoming.order.buyer.id, incoming.at)


def _check_ids(connection: Connection, incoming: IncomingOrder, ids: BuyerIds) -> None:
    """On PostgreSQL, retailers may have been joined or parted since the order's were looked up; whoever does that
    locks them, so that by now it is done. Raises Collision."""
    is_alone = connection.dialect.name == "sqlite"
    if not is_alone and find_ids(connection, incoming.buyer_source, incoming.order.buyer.id) != ids:
        raise Collision("retailers were joined or parted meanwhile")


def decide_again(
    connection: Connection,
    services: Services,
    incoming: IncomingOrder,
    before: Row[Any],
    ids: BuyerIds,
    sent_hash: str | None = None,
) -> Received:
    """A held order has other content: a new decision, the old ones and their content kept.

    `ids` are those of its buyer. `sent_hash` is that of what the source last sent, where a person made the new
    content of it.
    """
    incoming = taken(connection, incoming, ids.retailer)
    account = account_of(connection, services, ids.retailer, incoming.at, before.key, is_locked=True)
    buyer = keep_retailer(connection, ids, incoming.order.buyer, incoming.at)
    kept, through = memberships_of(connection, incoming.order.buyer.id), brought_through(connection)
    decision, policy = decide_incoming(services, incoming, kept, through, buyer, account)
    uninvoiced = uninvoiced_of(decision, incoming.order)
    if not contents.replace(connection, before, incoming, decision.outcome, ids, sent_hash, uninvoiced=uninvoiced):
        raise already_moved(connection, services, before)
    contents.keep_earlier(connection, before, incoming, "source" if sent_hash is None else "person")
    context = OrderContext(before.key, incoming.order, buyer, policy, incoming.at, account)
    return conclude(connection, services, context, "held", incoming.content_hash, decision)


def decide_incoming(
    services: Services,
    incoming: IncomingOrder,
    kept: tuple[str, ...],
    through: int,
    buyer: Row[Any],
    account: Account | None,
) -> tuple[Decision, Policy]:
    """What the policy in force gives of an order whose buyer is kept in the groups `kept`; nothing is recorded."""
    order, at = incoming.order, incoming.at
    content, policy, unknown = _effective_policy(services, order, at, kept, through)
    cycle = content.cycle_of(order.distributor)
    decision = decide(
        order,
        policy,
        accepted_at=at,
        cycle=cycle,
        installation=services.installation,
        unknown_groups=unknown,
        known_province=buyer.province,
        account=account,
    )
    return decision, policy


def uninvoiced_of(decision: Decision, order: Order) -> int:
    """What of an order is accepted and still to be invoiced once the decision is concluded."""
    return 0 if decision.invoice is None or decision.invoice.issue else to_be_invoiced(order)


def conclude(
    connection: Connection,
    services: Services,
    context: OrderContext,
    before: str | None,
    content: str,
    decision: Decision,
    why: str | None = None,
) -> Received:
    """Record the decision and the move, and do what follows: the invoice if owed now, the messages. The move says
    `why`, or else the codes of the reasons."""
    key, document = record_decision(connection, context, content, decision, SYSTEM)
    why = why or ", ".join(dict.fromkeys(reason.code for reason in decision.reasons))
    move = record_transition(connection, context, before, decision.outcome.value, SYSTEM, why)
    record_event(connection, f"order.{decision.outcome.value}", context.at, order_key=context.key, fact=key)
    issued = None
    if decision.invoice is not None and decision.invoice.issue:
        issued = invoice.issue(connection, services, context, decision.invoice)
    else:
        owe(connection, context.order.buyer.id, uninvoiced_of(decision, context.order))
    messages.queue(connection, services, context, move, decision.obligations, issued, decision.reasons)
    ref = InvoiceRef(issued.key, issued.number, issued.document["cents"]["total"]) if issued else None
    return Received(context.key, key, document, False, ref)
