"""Payments as entries: of the order's sender, by several people at once, and the state that follows there and back."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments, transitions
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.privacy.export import export_retailer
from houblon.orders.queries import lists
from houblon.orders.services import Conflict
from tests.clock import NOW, day_of
from tests.orders.services import later, order_body, rows, send

DAY = day_of(NOW)


class Post:
    def send(self, id, recipient, message):
        return None


def pay(services, amount, key=1, **said):
    return payments.pay(services, key, Payment(amount, DAY), by="anne", at=later(days=1), **said)


def entries(services):
    return [(row.amount, row.reference, row.who, row.paid_on) for row in rows(services, tables.payments)]


def the_invoice(services):
    return rows(services, tables.invoices)[0]


@pytest.mark.parametrize(
    ("said", "paid", "state"),
    [
        ({"state": "paid", "reference": "ch_1"}, 149_008, "paid"),
        ({"state": "paid", "amount": "1490.10"}, 149_008, "paid"),  # the sender's own rounding
        ({"state": "paid", "amount": "1500.00"}, 150_000, "paid"),
        ({"state": "paid", "amount": "1000.00"}, 100_000, "issued"),
        ({"state": "partial", "amount": "400.00"}, 40_000, "issued"),
        ({"state": "partial"}, None, "issued"),
        ({"state": "unpaid"}, None, "issued"),
    ],
)
def test_what_the_sender_was_paid_is_an_entry(services, said, paid, state):
    send(services, order_body(payment=said))
    assert the_invoice(services).total == 149_008
    expected = [] if paid is None else [(paid, said.get("reference", ""), "houblon", DAY.isoformat())]
    assert entries(services) == expected
    assert (the_invoice(services).state, the_invoice(services).paid) == (state, paid or 0)


def test_many_who_enter_the_rest_at_once_enter_it_once(services):
    send(services)

    def one(number):
        try:
            payments.pay_rest(services, 1, by=f"person {number}", at=later(hours=1), on=DAY)
        except Conflict as conflict:
            return conflict.code
        return "paid"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == ["already_paid"] * 7 + ["paid"]
    assert [row[0] for row in entries(services)] == [149_008]


def test_many_who_credit_a_line_at_once_never_credit_more_than_it_has(services):
    send(services)

    def one(number):
        try:
            credit_notes.credit(services, 1, (Asked(1, 7),), Words(), by=f"person {number}", at=later(hours=1))
        except Conflict as conflict:
            return conflict.code
        return "credited"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == ["already_credited"] * 5 + ["credited"] * 3
    notes = [row for row in rows(services, tables.invoices) if row.kind == "credit_note"]
    assert [row.sequence for row in notes] == [1, 2, 3]
    assert the_invoice(services).credited == -sum(row.total for row in notes)


@pytest.mark.parametrize("before", ["issued", "sent", "viewed"])
def test_a_reversal_brings_back_what_the_invoice_was(services, before):
    send(services)
    if before != "issued":
        deliver_due(services.ledger, Post(), later(minutes=1))
    if before == "viewed":
        transitions.viewed(services, 1, at=later(minutes=2))
    entered = payments.pay_rest(services, 1, by="anne", at=later(days=1), on=DAY)
    assert the_invoice(services).state == "paid" and the_invoice(services).paid_on == DAY.isoformat()
    undone = payments.reverse(services, 1, entered.key, by="anne", at=later(days=2), why="sans provision")
    assert (undone.state, undone.balance) == (before, 149_008)
    assert the_invoice(services).state == before and the_invoice(services).paid_on is None


def test_one_that_was_paid_at_once_and_sent_since_is_sent_when_that_is_reversed(services):
    send(services, order_body(payment={"state": "paid", "reference": "ch_1"}))
    deliver_due(services.ledger, Post(), later(minutes=1))
    assert payments.reverse(services, 1, 1, by="anne", at=later(days=1)).state == "sent"


def test_what_is_owed_counts_what_is_left(services):
    send(services)
    pay(services, 100_000)
    credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=later(days=1))
    with services.ledger.reading() as connection:
        owed = lists.receivable(connection)
        exported = export_retailer(connection, "depanneur-42", NOW)
    invoice = the_invoice(services)
    assert (owed.count, owed.amount) == (1, invoice.total - 100_000 - invoice.credited)
    [first, note] = exported["orders"][0]["invoices"]
    assert [(each["amount"], each["who"]) for each in first["payments"]] == [(100_000, "team")]
    assert note["payments"] == [] and first["credited"] == invoice.credited


def test_an_act_on_what_was_changed_since_it_was_seen_is_a_conflict(services):
    send(services)
    pay(services, 1, seen=(0, 0))
    with pytest.raises(Conflict) as caught:
        pay(services, 1, seen=(0, 0))
    assert caught.value.code == "invoice_changed"
    with pytest.raises(Invalid):
        pay(services, 0)
    with pytest.raises(LookupError):
        payments.reverse(services, 1, 99, by="anne", at=NOW)
