"""A person decides a held order: once, whoever else tries, and on record."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import review
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.services import join, later, make_services, order_body, order_moves, publish_groups, rows, send, tous


@pytest.fixture
def held(services):
    send(services, order_body(items=12, distributor="transbroue"))
    return services


def conflict(action):
    with pytest.raises(Conflict) as caught:
        action()
    return caught.value


def test_acceptance_issues_the_invoice_at_that_instant(held):
    number = review.accept(held, 1, by="anne@example.com", at=later(days=10))
    [invoice] = rows(held, tables.invoices)
    assert invoice.number == number and invoice.issued_at == later(days=10)
    assert invoice.due_date == "2021-07-03"  # delivery of June 3, net 30
    assert rows(held, tables.orders)[0].state == "accepted"
    assert [row.event for row in rows(held, tables.outbox)] == ["order.held", "invoice.issued"]


def test_acceptance_is_recorded_with_who_when_and_by_which_version(held):
    publish_groups(held.policies.store, tous(acceptance_minimum_items=48), at=later(hours=1))
    review.accept(held, 1, by="anne", at=later(hours=2), why="bon client")
    decision = rows(held, tables.decisions)[-1]
    assert (decision.who, decision.outcome, decision.version, decision.made_at) == (
        "anne",
        "accepted",
        2,
        later(hours=2),
    )
    assert decision.document["invoice"]["version"] == 2 and decision.document["chain"] == ["tous"]
    assert decision.derivation["due_date"] == decision.document["invoice"]["due_date"]
    move = order_moves(held)[-1]
    assert (move.before, move.after, move.who, move.at, move.why) == (
        "held",
        "accepted",
        "anne",
        later(hours=2),
        "bon client",
    )


def test_the_chain_is_that_of_the_acceptance(held):
    join(held, "depanneur-42", "payeurs-a-risque")
    review.accept(held, 1, by="anne", at=later(hours=1))
    assert rows(held, tables.decisions)[-1].chain == ["payeurs-a-risque", "tous"]


def test_a_double_click_is_one_transition_and_a_clear_conflict(held):
    review.accept(held, 1, by="anne", at=later(hours=1))
    for second in (review.accept, review.refuse):
        told = conflict(partial(second, held, 1, by="bruno", at=later(hours=2), why=""))
        assert told.code == "already_settled"
        assert "anne" in told.fr and "12 mai 2021 à 23\u00a0h\u00a017" in told.fr
    assert len(rows(held, tables.invoices)) == 1 and len(order_moves(held)) == 2


def test_many_people_at_once_make_one_transition(held):
    def one(number):
        act = review.accept if number % 2 else review.refuse
        try:
            act(held, 1, by=f"person {number}", at=later(hours=1), why="")
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(16))) == 1
    assert len(order_moves(held)) == 2
    state = rows(held, tables.orders)[0].state
    assert len(rows(held, tables.invoices)) == (1 if state == "accepted" else 0)


def test_a_refusal_tells_the_buyer_and_invoices_nothing(held):
    review.refuse(held, 1, by="anne", at=later(hours=1), why="hors zone")
    assert rows(held, tables.orders)[0].state == "refused" and rows(held, tables.invoices) == []
    assert [row.event for row in rows(held, tables.outbox)] == ["order.held", "order.refused"]
    decision = rows(held, tables.decisions)[-1]
    assert (decision.outcome, decision.who, decision.derivation) == ("refused", "anne", None)


def test_an_order_with_an_unavailable_product_can_t_be_accepted_by_hand(services):
    line = {"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}
    send(services, order_body(lines=[line, {**line, "sku": "STO", "available": False}]))
    assert conflict(lambda: review.accept(services, 1, by="anne", at=NOW)).code == "unavailable"
    assert rows(services, tables.orders)[0].state == "held"
    send(services, order_body(lines=[line]), at=later(hours=1))
    assert rows(services, tables.orders)[0].state == "accepted"


def test_an_order_that_changed_since_it_was_seen_is_not_accepted_unseen(held):
    seen = rows(held, tables.orders)[0].content_hash
    send(held, order_body(items=13), at=later(minutes=1))
    assert conflict(lambda: review.accept(held, 1, by="anne", at=later(hours=1), seen=seen)).code == "order_changed"
    assert (
        conflict(lambda: review.refuse(held, 1, by="anne", at=later(hours=1), why="", seen=seen)).code
        == "order_changed"
    )
    now = rows(held, tables.orders)[0].content_hash
    assert review.accept(held, 1, by="anne", at=later(hours=1), seen=now)


def test_an_order_nobody_sent_can_t_be_found(services):
    with pytest.raises(LookupError):
        review.accept(services, 99, by="anne", at=NOW)


def test_a_preview_is_what_acceptance_then_does(held):
    with held.ledger.reading() as connection:
        draft = review.preview(connection, held, 1, later(hours=1)).draft
    assert draft is not None and rows(held, tables.invoices) == []
    review.accept(held, 1, by="anne", at=later(hours=1))
    document = dict(rows(held, tables.invoices)[0].document)
    assert document.pop("number") and document == draft


@pytest.fixture
def by_hand(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="manual"))
    yield services
    services.ledger.close()


def test_an_invoice_left_to_a_person_has_the_terms_of_the_acceptance(by_hand):
    send(by_hand, order_body(distributor="transbroue"))
    publish_groups(by_hand.policies.store, tous(invoicing_terms={"kind": "on_receipt"}), at=later(hours=1))
    assert rows(by_hand, tables.invoices) == []
    review.issue_invoice(by_hand, 1, by="anne", at=later(days=3))
    [invoice] = rows(by_hand, tables.invoices)
    assert (invoice.issued_at, invoice.due_date) == (later(days=3), "2021-06-19")
    assert invoice.document["terms"] == {"kind": "net", "days": 30}
    assert [row.event for row in rows(by_hand, tables.outbox)] == ["order.accepted", "invoice.issued"]


def test_an_invoice_is_issued_once_and_only_for_an_accepted_order(by_hand):
    send(by_hand, order_body("A"))
    send(by_hand, order_body("B", items=1))
    review.issue_invoice(by_hand, 1, by="anne", at=NOW)
    assert conflict(lambda: review.issue_invoice(by_hand, 1, by="anne", at=NOW)).code == "already_invoiced"
    assert conflict(lambda: review.issue_invoice(by_hand, 2, by="anne", at=NOW)).code == "not_accepted"
    review.accept(by_hand, 2, by="anne", at=later(hours=1))
    assert review.issue_invoice(by_hand, 2, by="anne", at=later(hours=2)) == "F-2021-00002"
