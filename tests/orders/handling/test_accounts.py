"""What the ledger knows of what a buyer owes decides their orders, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from houblon.engine.policy.decision import Outcome
from houblon.orders.db import tables
from houblon.orders.handling import deliveries, lifecycle, review, undo
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.handling.replay import replay
from houblon.orders.handling.sender_news import follow
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import incoming_of
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.payments import Payment
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.retailers.accounts import account_of
from houblon.orders.retailers.cards import edit_retailer, read_card
from houblon.orders.retailers.joins import join_retailers, part_retailer
from houblon.orders.waiting.work import decide_due
from tests.clock import NOW, day_of
from tests.databases import database
from tests.orders.services import group, join, later, make_services, order_body, rows, send, tous

LATE = "depanneur-42"
LIAR = {"overdue_balance": "0.00", "days_overdue": 0, "outstanding_balance": "0.00", "is_first_order": True}
FIRST = {
    "conditions": {"all": [{"name": "is_first_order", "operator": "is_true", "value": ""}]},
    "actions": [{"name": "hold", "params": {"reason": "first_order"}}],
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def make(request, tmp_path):
    made = []

    def make(*groups):
        url = database("houblon") if request.param == "postgresql" else None
        made.append(replace(make_services(tmp_path, *groups, url=url), knows_accounts=True))
        return made[-1]

    yield make
    for each in made:
        with each.ledger.reading() as connection:
            assert list(sums_that_differ(connection)) == []
            assert replay(connection, each).differences == ()
        each.ledger.close()


def account(services, retailer=LATE, at=NOW, besides=0):
    with services.ledger.reading() as connection:
        return account_of(connection, services, retailer, at, besides)


def held_for(received):
    return {each["code"] for each in received.document["reasons"] if each["effect"] == "hold"}


def test_days_overdue_are_those_of_the_oldest_unpaid_invoice_whatever_the_order_says(make):
    services = make(tous(acceptance_maximum_days_overdue=30))
    for number in (1, 2):
        assert send(services, order_body(f"PO-{number}")).document["outcome"] == "accepted"
    due = min(row.due_date for row in rows(services, tables.invoices))
    at = later(days=30 + 31)
    found = account(services, at=at)
    assert found.days_overdue == (day_of(at) - day_of(NOW).fromisoformat(due)).days > 30
    assert (
        found.overdue_balance == found.outstanding_balance == sum(row.total for row in rows(services, tables.invoices))
    )
    answer = send(services, order_body("PO-3", buyer=LIAR), at=at)
    assert held_for(answer) == {"overdue"}
    [reason] = [each for each in answer.document["reasons"] if each["code"] == "overdue"]
    assert reason["facts"] == {"days_overdue": found.days_overdue}
    assert answer.document["facts_from"]["days_overdue"] == "ledger"
    for number in (1, 2):
        payments.pay_rest(services, number, by="anne", at=at, on=day_of(at))
    assert send(services, order_body("PO-4"), at=at).document["outcome"] == "accepted"


def test_an_invoice_is_late_from_the_day_after_it_was_due(make):
    services = make(tous(acceptance_maximum_days_overdue=0))
    send(services)
    assert account(services, at=later(days=30)).days_overdue == 0
    assert account(services, at=later(days=31)).days_overdue == 1
    assert held_for(send(services, order_body("PO-2"), at=later(days=31))) == {"overdue"}


@pytest.mark.parametrize("trigger", ["on_acceptance", "manual", "on_delivery"])
def test_two_orders_at_once_never_pass_one_credit_limit(make, trigger):
    services = make(tous(acceptance_credit_limit="2600.00", invoicing_trigger=trigger))

    def one(number):
        return send(services, order_body(f"PO-{number}", buyer=LIAR)).document["outcome"]

    assert one(0) == "accepted"  # 1,296.00, and an invoice of more
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(1, 17)))
    assert outcomes.count("accepted") == (0 if trigger == "on_acceptance" else 1)
    assert account(services).outstanding_balance <= 260_000


def test_what_is_accepted_and_not_invoiced_counts_until_it_is_invoiced(make):
    services = make(tous(invoicing_trigger="manual"))
    send(services)
    assert account(services).outstanding_balance == 129_600
    review.issue_invoice(services, 1, by="anne", at=later(hours=1))
    [invoice] = rows(services, tables.invoices)
    assert account(services).outstanding_balance == invoice.total > 129_600
    payments.pay(services, invoice.key, Payment(10_000, day_of(NOW)), by="anne", at=later(hours=2))
    assert account(services).outstanding_balance == invoice.total - 10_000


def test_what_is_cancelled_delivered_in_part_and_undone_counts_for_what_it_is(make):
    services = make(tous(invoicing_trigger="manual", notifications_buyer=[]))
    for number in (1, 2, 3):
        send(services, order_body(f"PO-{number}"))
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="non")
    deliveries.deliver(services, 2, by="luc", at=later(hours=1), lines=[LineDelivered(1, 4, 0, 20)])
    deliveries.deliver(services, 3, by="luc", at=later(hours=1), lines=[LineDelivered(1, 0, 24, 0)])
    assert account(services).outstanding_balance == 4 * 5400
    undo.undo(services, 1, was="cancelled", by="anne", at=later(hours=2))
    undo.undo(services, 3, was="delivered", by="anne", at=later(hours=2))
    assert account(services).outstanding_balance == 2 * 129_600 + 4 * 5400


def test_what_the_sender_was_paid_is_not_owed(make):
    services = make(tous(invoicing_trigger="manual"))
    send(services, order_body("PO-1", payment={"state": "paid"}))
    send(services, order_body("PO-2", payment={"state": "partial", "amount": "1000.00"}))
    assert account(services).outstanding_balance == 29_600


def test_what_the_sender_is_paid_before_the_invoice_is_owed_no_more_and_makes_room(make):
    services = make(tous(invoicing_trigger="manual", acceptance_credit_limit="2000.00"))
    send(services)
    assert held_for(send(services, order_body("PO-2"))) == {"credit_limit"}
    body = order_body(payment={"state": "paid"})
    assert follow(services, incoming_of(body, read_order(body), source="boutique", at=later(hours=1)))
    assert account(services).outstanding_balance == 0
    assert decide_due(services, lambda: later(hours=2)) == 1
    assert [row.state for row in rows(services, tables.orders)] == ["accepted", "accepted"]


def test_an_order_that_a_person_accepts_counts_too(make):
    services = make(tous(acceptance_mode="manual", invoicing_trigger="on_delivery"))
    send(services)
    assert account(services).outstanding_balance == 0
    review.accept(services, 1, by="anne", at=later(hours=1))
    assert account(services).outstanding_balance == 129_600
    deliveries.deliver(services, 1, by="luc", at=later(hours=2))
    assert account(services).outstanding_balance == rows(services, tables.invoices)[0].total


def test_a_first_order_is_the_first_of_those_that_somebody_took(make):
    services = make(tous({"premiere": FIRST}))
    said = {**LIAR, "is_first_order": False}
    first = send(services, order_body("PO-1", buyer=said))
    assert held_for(first) == {"first_order"} and first.document["reasons"][0]["facts"] == {"is_first_order": True}
    # Changed, it is still the first one.
    assert held_for(send(services, order_body("PO-1", items=30, buyer=said))) == {"first_order"}
    assert send(services, order_body("PO-2", buyer=LIAR)).document["outcome"] == "accepted"
    other = {"id": "autre"}
    assert held_for(send(services, order_body("PO-3", buyer=other))) == {"first_order"}
    review.refuse(services, 3, by="anne", at=later(hours=1), why="inconnu")
    assert held_for(send(services, order_body("PO-4", buyer=other))) == {"first_order"}


def test_joined_retailers_have_one_account_and_parted_ones_their_own(make):
    services = make()
    send(services, order_body("PO-1"))
    send(services, order_body("PO-2", buyer={"id": "autre"}))
    one, other = account(services).outstanding_balance, account(services, "autre").outstanding_balance
    services.ledger.write(lambda connection: join_retailers(connection, "autre", LATE, by="anne", at=later(hours=1)))
    assert account(services).outstanding_balance == one + other
    send(services, order_body("PO-3", buyer={"id": "autre"}), at=later(hours=2))
    assert account(services).outstanding_balance > one + other
    services.ledger.write(lambda connection: part_retailer(connection, "autre", by="anne", at=later(hours=3)))
    assert account(services).outstanding_balance == one
    assert account(services, "autre").outstanding_balance > other


def test_a_what_if_and_a_review_know_the_same_and_record_nothing(make):
    services = make(tous(), group("strict", 20, acceptance_credit_limit="1500.00"))
    join(services, LATE, "strict")
    send(services)
    order = read_order(order_body("PO-2", buyer=LIAR))
    with services.ledger.reading() as connection:
        found = what_if(connection, services, order, now=NOW)
    assert found.decision.outcome is Outcome.HELD and found.document()["facts_from"]["outstanding_balance"] == "ledger"
    assert held_for(send(services, order_body("PO-2", buyer=LIAR))) == {"credit_limit"}
    assert [row.reading["account"]["outstanding_balance"] for row in rows(services, tables.decisions)[1:]] == [
        account(services).outstanding_balance
    ]


def test_where_the_source_knows_the_order_is_taken_at_its_word(make):
    services = replace(make(tous(acceptance_credit_limit="1500.00")), knows_accounts=False)
    for number in (1, 2):
        answer = send(services, order_body(f"PO-{number}", buyer=LIAR)).document
        assert answer["outcome"] == "accepted" and answer["facts_from"] == {"credit_limit": "setting"}
    assert "missing_fact" in held_for(send(services, order_body("PO-3")))


def test_what_a_payment_makes_room_for_passes_and_no_more(make):
    services = make(tous(acceptance_credit_limit="1500.00"))
    for number in (1, 2, 3):
        send(services, order_body(f"PO-{number}"))
    assert [row.state for row in rows(services, tables.orders)] == ["accepted", "held", "held"]
    payments.pay_rest(services, 1, by="anne", at=later(hours=1), on=day_of(NOW))
    assert decide_due(services, lambda: later(hours=2)) == 1
    assert [row.state for row in rows(services, tables.orders)] == ["accepted", "accepted", "held"]


def test_a_wider_limit_of_their_own_lets_a_held_order_go(make):
    services = make(tous(acceptance_credit_limit="1000.00"))
    assert held_for(send(services)) == {"credit_limit"}
    card = read_card(LATE, "Dépanneur du Coin", "coin@example.com", "fr", "", "5000")
    services.ledger.write(lambda connection: edit_retailer(connection, card, later(hours=1), "anne"))
    assert decide_due(services, lambda: later(hours=2)) == 1
    [row] = rows(services, tables.orders)
    assert row.state == "accepted" and account(services).credit_limit == 500_000
