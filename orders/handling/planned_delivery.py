"""A delivery rescheduled before it is made: who, when, why; and the due date that follows where the house says so.

An issued invoice stays as it was issued. What its due date became is a row beside it, with the old
date, the new one and how it came about.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.order import Order
from houblon.engine.core.problem import Faults
from houblon.engine.policy.derivation import derivation_document
from houblon.engine.policy.terms import due_date, parse_terms
from houblon.engine.schedule.cadence import day_text
from houblon.engine.schedule.calendar import local_day
from houblon.orders.db.tables import decisions, invoices, orders, planned_deliveries
from houblon.orders.events.record import record_event
from houblon.orders.invoicing.of_orders import IN_FORCE
from houblon.orders.mail import planned_delivery
from houblon.orders.queries.lists import UNPAID, is_owed
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import record_transition
from houblon.orders.retailers.cards import card_of
from houblon.orders.retailers.names import ids_of, stored_order
from houblon.orders.services import Conflict, OrderContext, Services

MAX_AHEAD, MAX_WHY = timedelta(days=731), 500


class Plan(msgspec.Struct, frozen=True):
    """What planning a delivery anew does; `seen` names the last change, 0 before the first.

    `derivation` is set where the due date follows; `invoice` is then the unpaid one that it amends, if any.
    """

    before: date | None
    after: date
    seen: int
    due_before: date | None = None
    due_after: date | None = None
    derivation: Mapping[str, Any] | None = None
    invoice: str | None = None

    @property
    def moves_due_date(self) -> bool:
        return self.derivation is not None and self.due_before != self.due_after


class _Ground(msgspec.Struct, frozen=True):
    """An order with all that a change of its delivery rests on."""

    row: Any
    order: Order
    accepted: Any
    invoice: Any
    last: Any


def changes_of(connection: Connection, order_key: int) -> Sequence[Row[Any]]:
    """How the order's planned delivery was changed, the first change first."""
    query = select(planned_deliveries).where(planned_deliveries.c.order_key == order_key)
    return connection.execute(query.order_by(planned_deliveries.c.key)).all()


def amendments_of(connection: Connection, invoice_key: int) -> Sequence[Row[Any]]:
    """How an invoice's due date was changed since it was issued, the first change first."""
    query = select(planned_deliveries).where(planned_deliveries.c.invoice_key == invoice_key)
    return connection.execute(query.order_by(planned_deliveries.c.key)).all()


def followed(connection: Connection, services: Services, order_key: int, order: Order) -> Order:
    """The order with the delivery that its due date counts from: the one planned last, where the house follows."""
    changes = changes_of(connection, order_key) if services.follow_delivery else ()
    if not changes:
        return order
    return msgspec.structs.replace(order, planned_delivery=date.fromisoformat(changes[-1].after))


def is_changeable(row: Row[Any]) -> bool:
    """Whether the order is accepted and not delivered yet."""
    return bool(row.state == "accepted")


def plan(connection: Connection, services: Services, key: int, day: date, at: datetime) -> Plan:
    """What planning the delivery for `day` would do. Raises Invalid, Conflict, LookupError."""
    return _plan(services, _ground(connection, key), day, at)


def change(
    services: Services,
    key: int,
    day: date,
    *,
    by: str,
    at: datetime,
    why: str,
    seen: int | None = None,
    entry_of: EntryOf[Plan] | None = None,
) -> Plan:
    """Plan the delivery of an accepted, undelivered order anew, once, and do what follows.

    `seen` is the last change that the person saw. Raises Invalid for a day or a reason that can't be,
    Conflict when the order is not to be delivered any more or was changed since, LookupError.
    """
    return services.ledger.write(
        audited(lambda connection: _change(connection, services, key, day, by, at, why, seen), entry_of)
    )


def _change(
    connection: Connection, services: Services, key: int, day: date, by: str, at: datetime, why: str, seen: int | None
) -> Plan:
    # Nobody delivers, cancels or changes it meanwhile: the row is ours until the transaction ends.
    held = update(orders).where(orders.c.key == key, orders.c.state == "accepted").values(state="accepted")
    connection.execute(held)
    ground = _ground(connection, key)
    planned = _plan(services, ground, day, at, why)
    if seen is not None and seen != planned.seen:
        raise Conflict(
            "delivery_changed",
            f"La livraison de la commande {ground.row.order_id} vient d’être changée\u00a0: relisez-la d’abord.",
            f"The delivery of order {ground.row.order_id} was just changed: read it again first.",
        )
    amended = ground.invoice if planned.invoice else None
    if amended is not None:
        _amend(connection, amended, planned)
    connection.execute(
        insert(planned_deliveries).values(
            order_key=key,
            at=at,
            who=by,
            why=why,
            before=planned.before and planned.before.isoformat(),
            after=planned.after.isoformat(),
            invoice_key=amended and amended.key,
            due_before=planned.due_before and planned.due_before.isoformat(),
            due_after=planned.due_after and planned.due_after.isoformat(),
            derivation=planned.derivation,
        )
    )
    _note(connection, services, ground, planned, by, at, why)
    return planned


def _amend(connection: Connection, invoice: Any, planned: Plan) -> None:
    due = planned.due_after and planned.due_after.isoformat()
    query = update(invoices).where(invoices.c.key == invoice.key, invoices.c.state.in_(UNPAID)).values(due_date=due)
    if connection.execute(query).rowcount != 1:
        raise Conflict(
            "invoice_settled",
            f"La facture {invoice.number} vient d’être réglée\u00a0: son échéance ne bouge plus.",
            f"Invoice {invoice.number} was just settled: its due date does not move any more.",
        )


def _note(
    connection: Connection, services: Services, ground: _Ground, planned: Plan, by: str, at: datetime, why: str
) -> None:
    """The move in the order's history, and the buyer's message where an invoice's date moved."""
    buyer = card_of(connection, ids_of(ground.row))
    policy = services.policies.policy(tuple(ground.accepted.chain), ground.accepted.version)
    context = OrderContext(ground.row.key, ground.order, buyer, policy, at)
    before = day_text(planned.before).fr if planned.before else "—"
    description = f"livraison prévue\u00a0: {before} → {day_text(planned.after).fr} · {why}"
    move = record_transition(connection, context, ground.row.state, ground.row.state, by, description)
    _record(connection, ground, planned, move, at)
    is_notified = "invoice.issued" in policy.settings["notifications.buyer"].value
    if planned.invoice and planned.moves_due_date and is_notified:
        planned_delivery.queue(connection, services, context, move, ground.invoice, planned.after, planned.due_after)


def _record(connection: Connection, ground: _Ground, planned: Plan, move: int, at: datetime) -> None:
    """The events: of the delivery, and of an issued invoice's due date where it moved with it."""
    key, invoice_key = ground.row.key, ground.invoice and ground.invoice.key
    days = {"delivery_before": planned.before, "delivery_date": planned.after}
    record_event(connection, "order.rescheduled", at, order_key=key, invoice_key=invoice_key, fact=move, data=days)
    if planned.invoice and planned.moves_due_date:
        dues = {"due_before": planned.due_before, "due_after": planned.due_after}
        record_event(
            connection, "invoice.due_date_moved", at, order_key=key, invoice_key=invoice_key, fact=move, data=dues
        )


def _ground(connection: Connection, key: int) -> _Ground:
    row = connection.execute(select(orders).where(orders.c.key == key)).one_or_none()
    if row is None:
        raise LookupError(f"there is no order {key}")
    if not is_changeable(row):
        raise Conflict(
            "not_to_deliver",
            f"La commande {row.order_id} n’attend pas sa livraison\u00a0: elle ne se change pas.",
            f"Order {row.order_id} is not waiting for its delivery: that can't be changed.",
        )
    accepted = connection.execute(
        select(decisions)
        .where(decisions.c.order_key == key, decisions.c.outcome == "accepted")
        .order_by(decisions.c.key.desc())
        .limit(1)
    ).one()
    invoice = connection.execute(select(invoices).where(invoices.c.order_key == key, IN_FORCE)).one_or_none()
    changes = changes_of(connection, key)
    return _Ground(row, stored_order(row), accepted, invoice, changes[-1] if changes else None)


def _plan(services: Services, ground: _Ground, day: date, at: datetime, why: str | None = None) -> Plan:
    last, order = ground.last, ground.order
    before = date.fromisoformat(last.after) if last else order.planned_delivery
    _check(day, before, local_day(at, str(services.installation.zone)), why)
    seen = last.key if last else 0
    is_unpaid = ground.invoice is None or is_owed(ground.invoice)
    if not services.follow_delivery or not is_unpaid:
        return Plan(before, day, seen)
    invoice = ground.invoice
    terms = parse_terms((invoice.document if invoice else ground.accepted.document["invoice"])["terms"])
    due = due_date(terms, ground.accepted.made_at, str(services.installation.zone), planned_delivery=day)
    was = invoice.due_date if invoice else _due_before(ground)
    return Plan(
        before,
        day,
        seen,
        date.fromisoformat(was) if was else None,
        due.due_date,
        derivation_document(due),
        invoice and invoice.number,
    )


def _due_before(ground: _Ground) -> str | None:
    """The due date while there is no invoice: what followed last, else what the acceptance gave."""
    due: str | None
    if ground.last is not None and ground.last.derivation is not None:
        due = ground.last.due_after
    else:
        due = ground.accepted.derivation and ground.accepted.derivation["due_date"]
    return due


def _check(day: date, before: date | None, today: date, why: str | None) -> None:
    faults = Faults()
    if day == before:
        faults.add(
            "unchanged",
            "/date",
            "La livraison est déjà prévue ce jour-là.",
            "The delivery is planned for that day already.",
        )
    elif not today <= day <= today + MAX_AHEAD:
        faults.add(
            "date",
            "/date",
            "Un jour à venir, d’ici deux ans au plus.",
            "A day to come, within two years.",
        )
    if why is not None and not 1 <= len(why) <= MAX_WHY:
        faults.add(
            "why",
            "/why",
            f"Dites pourquoi, en au plus {MAX_WHY} caractères\u00a0: la raison reste à l’historique.",
            f"Say why, in at most {MAX_WHY} characters: the reason stays in the history.",
        )
    faults.raise_if_any()
