"""An accounting export from events alone says what the ledger says, whatever lives orders have had."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, deliveries, lifecycle, planned_delivery, review, undo
from houblon.orders.handling.changes import review as changes
from houblon.orders.invoicing import applied_credits, disputes, payments, transitions
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import APPLIED, Payment
from houblon.orders.services import Conflict
from tests.clock import MONTREAL, NOW
from tests.orders.events.reading import events_of
from tests.orders.events.test_facts import unsound
from tests.orders.services import group, join, make_services, order_body, rows, send

TODAY = NOW.astimezone(MONTREAL).date()
ORDERS, ACTS = 16, 300
END = ("delivered", "refused", "cancelled")


def accounts(events):
    """Of each invoice and credit note its total, of each invoice what was paid of it, when it is due, whether it is
    paid, by number; what became of the orders, by key; every entry of a payment by its id; and what is disputed."""
    totals, paid, due, is_paid, ended, entries = {}, defaultdict(int), {}, {}, {}, {}
    disputed: dict[str, int] = {}
    notes = []
    for event in events:
        data = event.data
        match event.type:
            case "invoice.issued":
                totals[data["invoice_number"]] = cents_written(data["total"])
                due[data["invoice_number"]] = data["due_date"]
            case "credit_note.issued":
                totals[data["credit_note_number"]] = cents_written(data["total"])
                notes.append((data["invoice_number"], cents_written(data["total"])))
                assert data["invoice_number"] in totals
            case "payment.recorded" | "payment.reversed":
                number = data["invoice_number"]
                paid[number] += cents_written(data["amount"])
                entries[data["payment_id"]] = (data["on"], data["means"], data["reference"], data.get("reverses"))
                credited = sum(noted for of, noted in notes if of == number)
                assert cents_written(data["balance"]) == totals[number] - paid[number] + credited
            case "invoice.paid":
                is_paid[data["invoice_number"]] = data["paid_on"]
            case "invoice.reopened":
                assert is_paid.pop(data["invoice_number"]) and cents_written(data["balance"]) > 0
            case "invoice.disputed":
                assert data["invoice_number"] not in disputed
                disputed[data["invoice_number"]] = data["dispute_id"]
            case "invoice.dispute_closed":
                assert disputed.pop(data["invoice_number"]) == data["dispute_id"]
            case "invoice.due_date_moved":
                assert due[data["invoice_number"]] == data["due_before"]
                due[data["invoice_number"]] = data["due_after"]
            case "order.cancelled" | "order.refused" | "order.delivered":
                assert data["order_key"] not in ended or event.type == "order.cancelled"
                ended[data["order_key"]] = event.type.removeprefix("order.")
            case "order.undone":
                assert ended.pop(data["order_key"]) == data["undone"]
    return totals, dict(paid), due, is_paid, ended, entries, set(disputed)


def test_the_sums_of_the_events_are_those_of_the_ledger(tmp_path):
    lived: set[str] = set()
    for seed in (0, 1, 3):
        services = live(tmp_path / str(seed), seed)
        lived |= check_sums(services)
        services.ledger.close()
    kinds = {
        "order.changed",
        "order.undone",
        "payment.reversed",
        "invoice.reopened",
        "invoice.due_date_moved",
        "invoice.disputed",
    }
    assert lived >= {*kinds, "credit applied", "amended and invoiced anew"}


def check_sums(services):
    """Compare one ledger with its events; what happened in it."""
    events = events_of(services, limit=10_000)
    totals, paid, due, is_paid, ended, entries, disputed = accounts(events)
    kept = {row.number: row for row in rows(services, tables.invoices)}
    assert totals == {number: row.total for number, row in kept.items()}
    entered = rows(services, tables.payments)
    assert {number: sum_ for number, sum_ in paid.items() if sum_} == {
        number: row.paid for number, row in kept.items() if row.paid
    }
    assert entries == {row.key: (row.paid_on, row.means, row.reference, row.reverses) for row in entered}
    assert is_paid == {number: row.paid_on for number, row in kept.items() if row.paid_on}
    assert due == {number: row.due_date for number, row in kept.items() if row.kind == "invoice"}
    assert disputed == {number for number, row in kept.items() if row.disputed_at}
    assert ended == {row.key: row.state for row in rows(services, tables.orders) if row.state in END}
    with services.ledger.reading() as connection:
        assert sum(totals.values()) == connection.execute(select(func.sum(tables.invoices.c.total))).scalar_one()
    assert {row.kind for row in kept.values()} == {"invoice", "credit_note"} and paid
    assert len(entered) > len(is_paid)
    assert unsound(services) == []
    invoiced = Counter(row.order_key for row in kept.values() if row.kind == "invoice")
    return (
        {event.type for event in events}
        | ({"credit applied"} if any(row.means == APPLIED for row in entered) else set())
        | ({"amended and invoiced anew"} if max(invoiced.values()) > 1 else set())
    )


def live(folder, seed):
    """Random lives of orders; what comes too late is refused, and leaves no event."""
    delivered = group("livraison", 20, invoicing_trigger="on_delivery")
    careful = group("main", 30, acceptance_mode="manual", invoicing_trigger="manual")
    changing = group("modifiable", 15, acceptance_amendable=True)
    services = replace(make_services(folder, delivered, careful, changing), follow_delivery=True)
    join(services, "b-1", "livraison")
    join(services, "b-2", "main")
    join(services, "b-3", "modifiable")
    chance, at = random.Random(seed), NOW
    for _ in range(ACTS):
        at += timedelta(minutes=chance.randint(0, 9))
        key, before = chance.randint(1, ORDERS), count(services)
        try:
            chance.choice(LIFE)(services, chance, key, at)
        except (Conflict, Invalid, LookupError, ValueError):
            assert count(services) == before
    return services


def count(services):
    with services.ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.events)).scalar_one()


def _send(services, chance, key, at):
    items = chance.choice((3, 24, 30))
    members = {"payment": {"state": "paid"}} if chance.random() < 0.2 else {}
    body = order_body(f"PO-{key}", items, buyer={"id": f"b-{key % 4}"}, distributor="transbroue", **members)
    send(services, body, at=at)


def _amend(services, chance, key, at):
    """An order of the retailer whose orders may change after their acceptance, whatever state it is in."""
    _send(services, chance, 3 + 4 * chance.randint(0, 3), at)


def _cancel(services, chance, key, at):
    lifecycle.cancel(services, key, was=chance.choice(("held", "accepted", "accepted")), by="anne", at=at, why="erreur")


def _pay(services, chance, key, at):
    amount = chance.choice((100_00, 745_04, 1490_08, 2000_00))
    payment = Payment(amount, TODAY, chance.choice(("", "chèque 12")), chance.choice((None, "cheque")))
    payments.pay(services, key, payment, by="anne", at=at)


def _reverse(services, chance, key, at):
    """Of an invoice that has one; most have none, and are asked for one that they have not."""
    with services.ledger.reading() as connection:
        found = [row.key for row in payments.payments_of(connection, key)]
    payments.reverse(services, key, chance.choice(found or [1]), by="anne", at=at, why="erreur")


def _credit(services, chance, key, at):
    asked = (credit_notes.Asked(1, chance.choice((1, 12, 24))),)
    credit_notes.credit(services, key, asked, Words(reason="casse"), by="anne", at=at)


def _apply(services, chance, key, at):
    """What is over on an invoice, where anything is, on one of the same retailer or, by mistake, of another."""
    with services.ledger.reading() as connection:
        kept = connection.execute(select(tables.invoices).where(tables.invoices.c.kind == "invoice")).all()
    over = [row for row in kept if row.paid > row.total - row.credited]
    source = chance.choice(over or kept)
    open_ = [row.key for row in kept if row.retailer_id == source.retailer_id and row.paid < row.total - row.credited]
    amount = chance.choice((None, None, 10_00))
    applied_credits.apply_credit(services, chance.choice(open_ or [key]), source.key, amount, by="anne", at=at)


def _review_change(services, chance, key, at):
    chance.choice((changes.accept, changes.dismiss))(services, key, by="anne", at=at)


def _deliver_less(services, chance, key, at):
    line = deliveries.LineDelivered(1, chance.choice((0, 20)), 0, 0)
    deliveries.deliver(services, key, by="anne", at=at, lines=[line])


def _dispute(services, chance, key, at):
    disputes.dispute(services, key, "bouteilles brisées", by="anne", at=at)


def _undo(services, chance, key, at):
    undo.undo(services, key, was=chance.choice(END), by="anne", at=at)


def _reschedule(services, chance, key, at):
    day = TODAY + timedelta(days=chance.randint(5, 60))
    planned_delivery.change(services, key, day, by="anne", at=at, why="congé")


LIFE = [
    *[_send] * 3,
    *[_cancel] * 2,
    _reschedule,
    lambda services, chance, key, at: review.accept(services, key, by="anne", at=at),
    lambda services, chance, key, at: review.refuse(services, key, by="anne", at=at, why="non"),
    lambda services, chance, key, at: review.issue_invoice(services, key, by="anne", at=at),
    lambda services, chance, key, at: deliveries.deliver(services, key, by="anne", at=at),
    *[_pay] * 3,
    *[_reverse] * 2,
    *[_credit] * 2,
    *[_amend] * 3,
    *[_apply] * 4,
    *[_review_change] * 2,
    *[_dispute] * 2,
    lambda services, chance, key, at: disputes.close(services, key, by="anne", at=at),
    _deliver_less,
    *[_undo] * 3,
    lambda services, chance, key, at: payments.pay_rest(services, key, by="anne", at=at, on=TODAY),
    lambda services, chance, key, at: transitions.viewed(services, key, at=at),
]
