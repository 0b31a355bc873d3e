"""An accounting export from events alone says what the ledger says, whatever lives orders have had."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from houblon.engine.core.money import cents_written
from houblon.orders.db import tables
from houblon.orders.handling import deliveries, lifecycle, planned_delivery, review
from houblon.orders.invoicing import payments, transitions
from houblon.orders.services import Conflict
from tests.clock import MONTREAL, NOW
from tests.orders.events.reading import events_of
from tests.orders.events.test_facts import unsound
from tests.orders.services import group, join, make_services, order_body, rows, send

TODAY = NOW.astimezone(MONTREAL).date()
ORDERS, ACTS = 25, 200


def accounts(events):
    """Of each invoice and credit note its total, what was paid on it and what it lacks, by number."""
    totals, paid, due, ended = {}, defaultdict(int), {}, set()
    for event in events:
        data = event.data
        match event.type:
            case "invoice.issued":
                totals[data["invoice_number"]] = cents_written(data["total"])
                due[data["invoice_number"]] = data["due_date"]
            case "credit_note.issued":
                totals[data["credit_note_number"]] = cents_written(data["total"])
                assert data["invoice_number"] in totals
            case "invoice.paid":
                paid[data["invoice_number"]] += cents_written(data["amount"])
            case "invoice.due_date_moved":
                assert due[data["invoice_number"]] == data["due_before"]
                due[data["invoice_number"]] = data["due_after"]
            case "order.cancelled" | "order.refused":
                assert data["order_key"] not in ended
                ended.add(data["order_key"])
    return totals, dict(paid), due, ended


@pytest.mark.parametrize("seed", range(3))
def test_the_sums_of_the_events_are_those_of_the_ledger(tmp_path, seed):
    services = live(tmp_path, seed)
    totals, paid, due, ended = accounts(events_of(services, limit=10_000))
    kept = {row.number: row for row in rows(services, tables.invoices)}
    assert totals == {number: row.total for number, row in kept.items()}
    assert paid == {number: row.total for number, row in kept.items() if row.paid_on}
    assert due == {number: row.due_date for number, row in kept.items() if row.kind == "invoice"}
    assert ended == {row.key for row in rows(services, tables.orders) if row.state in ("cancelled", "refused")}
    with services.ledger.reading() as connection:
        assert sum(totals.values()) == connection.execute(select(func.sum(tables.invoices.c.total))).scalar_one()
    assert {row.kind for row in kept.values()} == {"invoice", "credit_note"} and paid
    assert unsound(services) == []
    services.ledger.close()


def live(folder, seed):
    """Random lives of orders; what comes too late is refused, and leaves no event."""
    delivered = group("livraison", 20, invoicing_trigger="on_delivery")
    careful = group("main", 30, acceptance_mode="manual", invoicing_trigger="manual")
    services = replace(make_services(folder, delivered, careful), follow_delivery=True)
    join(services, "b-1", "livraison")
    join(services, "b-2", "main")
    chance, at = random.Random(seed), NOW
    for _ in range(ACTS):
        at += timedelta(minutes=chance.randint(0, 9))
        key, before = chance.randint(1, ORDERS), count(services)
        try:
            chance.choice(LIFE)(services, chance, key, at)
        except (Conflict, LookupError, ValueError):
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


def _cancel(services, chance, key, at):
    lifecycle.cancel(services, key, was=chance.choice(("held", "accepted", "accepted")), by="anne", at=at, why="erreur")


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
    lambda services, chance, key, at: payments.pay_rest(services, key, by="anne", at=at, on=TODAY),
    lambda services, chance, key, at: transitions.viewed(services, key, at=at),
]
