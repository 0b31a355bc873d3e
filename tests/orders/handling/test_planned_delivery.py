"""A delivery rescheduled: noted once, followed where the house says so, and told to the buyer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import review
from houblon.orders.handling.planned_delivery import amendments_of, change, changes_of, plan
from houblon.orders.mail.rendered import rendered
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.services import later, make_services, order_body, publish_groups, rows, send, tous

MOVED = date(2021, 5, 27)


@pytest.fixture
def following(services):
    """Services whose due dates follow, with an accepted and invoiced order, delivered on May 20 by its cycle."""
    send(services, order_body(distributor="transbroue"))
    return replace(services, follow_delivery=True)


def move(services, day=MOVED, key=1, at=None, **more):
    return change(services, key, day, by="anne", at=at or later(hours=1), why="pont fermé", **more)


def told(services):
    return [row for row in rows(services, tables.outbox) if row.event == "invoice.amended"]


def test_the_due_date_of_an_unpaid_invoice_follows_and_its_document_stays_as_issued(following):
    document = rows(following, tables.invoices)[0].document
    made = move(following)
    assert (made.due_before, made.due_after, made.invoice) == (date(2021, 6, 19), date(2021, 6, 26), "F-2021-00001")
    [invoice] = rows(following, tables.invoices)
    assert (invoice.due_date, invoice.document) == ("2021-06-26", document)
    with following.ledger.reading() as connection:
        [amendment] = amendments_of(connection, invoice.key)
    assert (amendment.who, amendment.at, amendment.why) == ("anne", later(hours=1), "pont fermé")
    assert (amendment.before, amendment.after) == (None, "2021-05-27")
    assert (amendment.due_before, amendment.due_after) == ("2021-06-19", "2021-06-26")
    assert (amendment.derivation["basis"], amendment.derivation["due_date"]) == ("planned_delivery", "2021-06-26")


def test_the_change_is_a_move_in_the_history_of_an_order_that_stays_accepted(following):
    move(following)
    last = rows(following, tables.transitions)[-1]
    assert (last.before, last.after, last.who, last.at) == ("accepted", "accepted", "anne", later(hours=1))
    assert last.why == "livraison prévue\u00a0: — → 27 mai 2021 · pont fermé"
    with pytest.raises(Conflict) as caught:
        review.accept(following, 1, by="bruno", at=later(hours=2))
    assert "par Houblon, le 12 mai" in caught.value.fr  # who accepted it, not who moved the delivery


def test_the_buyer_is_told_once_in_their_language_with_the_link(following):
    move(following)
    [mail] = told(following)
    assert (mail.recipient, mail.state) == ("coin@example.com", "pending")
    assert mail.message["subject"] == "Nouvelle échéance de la facture F-2021-00001"
    assert (
        "payable au plus tard le 26 juin 2021" in rendered(mail.message)["text"]
        and "/f/" in rendered(mail.message)["text"]
    )
    send(following, order_body("EN", buyer={"language": "en-CA"}, planned_delivery="2021-05-20"))
    move(following, key=2, at=later(hours=2))
    assert "payable by June 26, 2021" in rendered(told(following)[1].message)["text"]


def test_a_buyer_without_an_address_leaves_the_message_to_settle(services):
    send(services, order_body(buyer={"email": None}, planned_delivery="2021-05-20"))
    move(replace(services, follow_delivery=True))
    [mail] = told(services)
    assert (mail.state, mail.recipient) == ("parked", None)


def test_nobody_is_told_who_is_not_told_of_invoices(tmp_path):
    services = make_services(tmp_path, tous(notifications_buyer=["order.accepted"]))
    send(services, order_body(planned_delivery="2021-05-20"))
    move(replace(services, follow_delivery=True))
    assert told(services) == [] and rows(services, tables.invoices)[0].due_date == "2021-06-26"
    services.ledger.close()


def test_without_the_setting_the_delivery_moves_and_the_due_date_does_not(services):
    send(services, order_body(planned_delivery="2021-05-20"))
    made = move(services)
    assert (made.before, made.after, made.derivation, made.invoice) == (date(2021, 5, 20), MOVED, None, None)
    assert rows(services, tables.invoices)[0].due_date == "2021-06-19" and told(services) == []
    assert len(rows(services, tables.planned_deliveries)) == 1


@pytest.mark.parametrize("state", ["paid", "credited"])
def test_what_is_paid_or_credited_does_not_move(following, state):
    following.ledger.write(lambda connection: connection.execute(update(tables.invoices).values(state=state)))
    assert move(following).derivation is None
    assert rows(following, tables.invoices)[0].due_date == "2021-06-19" and told(following) == []


def test_a_second_change_counts_from_the_same_acceptance_and_terms(following):
    publish_groups(following.policies.store, tous(invoicing_terms={"kind": "on_receipt"}), at=later(minutes=1))
    move(following)
    made = move(following, date(2021, 6, 3), at=later(days=2))
    assert (made.before, made.due_before, made.due_after) == (MOVED, date(2021, 6, 26), date(2021, 7, 3))
    assert rows(following, tables.invoices)[0].due_date == "2021-07-03" and len(told(following)) == 2


def test_a_due_date_that_ends_on_the_same_day_is_not_told_again(tmp_path):
    services = make_services(tmp_path, tous(invoicing_terms={"kind": "end_of_month", "days": 0}))
    send(services, order_body(planned_delivery="2021-05-20"))
    made = move(replace(services, follow_delivery=True))
    assert made.due_before == made.due_after == date(2021, 5, 31) and told(services) == []
    services.ledger.close()


def test_an_invoice_that_a_person_issues_later_counts_from_the_delivery_planned_last(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="manual"))
    for number, follows in ((1, True), (2, False)):
        house = replace(services, follow_delivery=follows)
        send(house, order_body(f"PO-{number}", planned_delivery="2021-05-20"))
        made = move(house, key=number)
        assert (made.due_after, made.invoice) == ((date(2021, 6, 26) if follows else None), None)
        review.issue_invoice(house, number, by="anne", at=later(days=2))
    assert [row.due_date for row in rows(services, tables.invoices)] == ["2021-06-26", "2021-06-19"]
    assert told(services) == []
    services.ledger.close()


def test_only_an_accepted_order_that_is_not_delivered_changes(services):
    send(services, order_body(items=1))
    with pytest.raises(Conflict) as caught:
        move(services)
    assert caught.value.code == "not_to_deliver"
    services.ledger.write(lambda connection: connection.execute(update(tables.orders).values(state="delivered")))
    with pytest.raises(Conflict):
        move(services)
    with pytest.raises(LookupError):
        move(services, key=99)
    assert rows(services, tables.planned_deliveries) == []


@pytest.mark.parametrize(
    ("day", "code"),
    [(date(2021, 5, 11), "date"), (date(2023, 6, 1), "date"), (date(2021, 5, 20), "unchanged")],
)
def test_a_day_that_can_t_be_is_refused(services, day, code):
    send(services, order_body(planned_delivery="2021-05-20"))
    with pytest.raises(Invalid) as caught:
        move(services, day)
    assert [(each.code, each.pointer) for each in caught.value.problems] == [(code, "/date")]


@pytest.mark.parametrize("why", ["", "x" * 501])
def test_a_reason_is_given(services, why):
    send(services, order_body())
    with pytest.raises(Invalid) as caught:
        change(services, 1, MOVED, by="anne", at=NOW, why=why)
    assert [each.pointer for each in caught.value.problems] == ["/why"]


def test_a_plan_is_what_the_change_then_does(following):
    with following.ledger.reading() as connection:
        planned = plan(connection, following, 1, MOVED, later(hours=1))
    assert rows(following, tables.planned_deliveries) == []
    assert move(following) == planned


def test_two_people_at_once_make_one_change_and_the_other_is_told(following):
    def one(number):
        try:
            move(following, date(2021, 6, number + 1), seen=0)
        except Conflict as conflict:
            assert conflict.code == "delivery_changed"
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 1
    with following.ledger.reading() as connection:
        assert len(changes_of(connection, 1)) == 1
    assert len(told(following)) == 1
