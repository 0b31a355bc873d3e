"""An accepted order is delivered: all of it, or so many of each line, and what follows for its invoice."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from houblon.engine.core.order import Order
from houblon.engine.core.problem import Faults
from houblon.orders.db.tables import deliveries
from houblon.orders.events.record import record_event
from houblon.orders.handling.credit_notes import issue_and_tell
from houblon.orders.handling.lifecycle import move_on
from houblon.orders.handling.receive import effective_policy
from houblon.orders.handling.review import buyer_of, invoice_as_decided, order_at
from houblon.orders.invoicing.credits import Words, credited_quantities, left_to_credit
from houblon.orders.invoicing.delivered import delivered_part
from houblon.orders.invoicing.of_orders import invoice_of
from houblon.orders.invoicing.owing import note_uninvoiced, to_be_invoiced
from houblon.orders.records.audit import EntryOf, audited
from houblon.orders.records.decision_log import record_transition
from houblon.orders.records.redecisions import DELIVERY, decide_retailers_again
from houblon.orders.services import Conflict, OrderContext, Services

# The list of a delivery may be closed the evening before, or at the end of the week.
MAX_AHEAD = timedelta(days=7)


class LineDelivered(msgspec.Struct, frozen=True):
    """What came of a line, by its number. `delivered` is what is left of the line where it isn't said."""

    line: int
    delivered: int | None = None
    lost: int = 0
    returned: int = 0


class Delivered(msgspec.Struct, frozen=True):
    """What followed a delivery: each line's quantities, the invoice or the credit note that was issued."""

    on: date
    lines: tuple[LineDelivered, ...]
    invoice: str | None = None
    credit_note: str | None = None


def deliver(
    services: Services,
    key: int,
    *,
    by: str,
    at: datetime,
    on: date | None = None,
    lines: Sequence[LineDelivered] = (),
    words: Words | None = None,
    entry_of: EntryOf[Delivered] | None = None,
) -> Delivered:
    """Note that an accepted order was delivered `on` a day (that of `at` unless it is said); lines that aren't named
    were delivered whole, but for what was credited before.

    Where the acceptance left the invoice to the delivery (trigger `on_delivery`), what was delivered is invoiced now,
    on the acceptance's terms; what an invoice of before has and was not delivered is credited. Raises Invalid for
    lines, quantities or a day that can't be; Conflict when the order is not accepted or somebody moved it first;
    LookupError when there is none.
    """
    said = words or Words()
    return services.ledger.write(
        audited(lambda connection: _deliver(connection, services, key, by, at, on, lines, said), entry_of)
    )


def deliveries_of(connection: Connection, order_key: int) -> list[Row[Any]]:
    """Every delivery of an order, those that were undone too, the first one first."""
    query = select(deliveries).where(deliveries.c.order_key == order_key)
    return list(connection.execute(query.order_by(deliveries.c.key)))


def _deliver(
    connection: Connection,
    services: Services,
    key: int,
    by: str,
    at: datetime,
    on: date | None,
    said: Sequence[LineDelivered],
    words: Words,
) -> Delivered:
    row, order = order_at(connection, key, is_locked=True)
    if row.state == "held":
        raise Conflict(
            "not_accepted",
            f"La commande {row.order_id} est encore en attente : acceptez-la avant de la livrer.",
            f"Order {row.order_id} is still held: accept it before it is delivered.",
        )
    move_on(connection, services, row, "accepted", "delivered")
    invoice = invoice_of(connection, key)
    before = credited_quantities(connection, invoice.key) if invoice else {}
    today = at.astimezone(services.installation.zone).date()
    day = on or today
    placed = order.placed_at.astimezone(services.installation.zone).date()
    lines = _checked(order, said, before, day, (placed, today))
    policy = effective_policy(connection, services, order, at).policy
    context = OrderContext(key, order, buyer_of(connection, row), policy, at)
    move = record_transition(connection, context, "accepted", "delivered", by, words.reason)
    invoiced = invoice and invoice.key
    record_event(connection, "order.delivered", at, order_key=key, invoice_key=invoiced, fact=move)
    delivery = _record(connection, context, by, day, lines)
    done = Delivered(day, lines)
    followed: int | None
    if invoice is None:
        issued = invoice_as_decided(connection, services, row, order, by, at, on_delivery=True)
        part = delivered_part(connection, key, order) if issued is None else None
        if part is not None:
            note_uninvoiced(connection, key, to_be_invoiced(part.order))
        if any(_not_delivered(order, lines, before).values()):
            # What did not come is owed no more.
            decide_retailers_again(connection, (row.retailer_id,), DELIVERY, by=by, at=at, subject=row.order_id)
        done, followed = (done, None) if issued is None else (_with(done, invoice=issued.number), issued.key)
    else:
        left, missed = left_to_credit(connection, invoice), _not_delivered(order, lines, before)
        wanted = {number: min(quantity, left.get(number, 0)) for number, quantity in missed.items()}
        if not any(wanted.values()):
            return done
        note = issue_and_tell(connection, services, context, invoice.key, by, words, wanted).note
        done, followed = _with(done, credit_note=note.number), note.key
    connection.execute(update(deliveries).where(deliveries.c.key == delivery).values(invoice_key=followed))
    return done


def _with(done: Delivered, **members: str) -> Delivered:
    return msgspec.structs.replace(done, **members)


def _record(connection: Connection, context: OrderContext, by: str, on: date, lines: tuple[LineDelivered, ...]) -> int:
    is_whole = all(each.delivered == line.quantity for each, line in zip(lines, context.order.lines, strict=True))
    values = {
        "order_key": context.key,
        "at": context.at,
        "who": by,
        "delivered_on": on.isoformat(),
        "lines": None if is_whole else [msgspec.to_builtins(each) for each in lines],
    }
    key: int = connection.execute(insert(deliveries).values(**values).returning(deliveries.c.key)).scalar_one()
    return key


def _not_delivered(order: Order, lines: tuple[LineDelivered, ...], credited: Mapping[int, int]) -> dict[int, int]:
    """What was not delivered of each line, beyond what was credited before: no case is credited twice."""
    return {
        each.line: max(0, line.quantity - (each.delivered or 0) - credited.get(each.line, 0))
        for each, line in zip(lines, order.lines, strict=True)
    }


def _checked(
    order: Order,
    said: Sequence[LineDelivered],
    credited: Mapping[int, int],
    on: date,
    days: tuple[date, date],
) -> tuple[LineDelivered, ...]:
    """What came of each line of the order. Raises Invalid with every fault."""
    faults, by_number = Faults(), dict[int, tuple[int, LineDelivered]]()
    placed, today = days
    if not placed <= on <= today + MAX_AHEAD:
        faults.add(
            "date",
            "/on",
            f"Le jour de la livraison va de celui de la commande à {MAX_AHEAD.days} jours d’ici.",
            f"The day of delivery is between that of the order and {MAX_AHEAD.days} days from now.",
        )
    for place, each in enumerate(said):
        if not 1 <= each.line <= len(order.lines):
            faults.add(
                "unknown_line",
                f"/lines/{place}/line",
                "La commande n’a pas de ligne de ce numéro.",
                "The order has no line of this number.",
            )
        elif each.line in by_number:
            faults.add(
                "duplicate", f"/lines/{place}/line", "Cette ligne est déjà nommée.", "This line is named already."
            )
        else:
            by_number[each.line] = (place, each)
    found = []
    for number, line in enumerate(order.lines, 1):
        rest = line.quantity - credited.get(number, 0)
        place, each = by_number.get(number, (0, LineDelivered(number)))
        delivered = each.delivered if each.delivered is not None else max(0, rest - each.lost - each.returned)
        if delivered + each.lost + each.returned > line.quantity:
            faults.add(
                "too_many",
                f"/lines/{place}",
                f"Il y en a {line.quantity} en tout, livrés, perdus et repris.",
                f"There are {line.quantity} in all: delivered, lost and returned.",
            )
        found.append(LineDelivered(number, delivered, each.lost, each.returned))
    faults.raise_if_any()
    return tuple(found)
