"""A clock that is set back a day: no wrong due date, no second invoice, no policy of yesterday."""

from datetime import timedelta

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import review
from tests.clock import NOW
from tests.orders.services import make_services, order_body, publish_groups, rows, send, tous

DAY = timedelta(days=1)


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    yield made
    made.ledger.close()


def test_what_came_before_is_answered_as_before_and_invoiced_once(services):
    first = send(services, order_body("A", distributor="transbroue"), webhook_id="a").document
    again = send(services, order_body("A", distributor="transbroue"), webhook_id="a", at=NOW - DAY)
    resent = send(services, order_body("A", distributor="transbroue"), webhook_id="b", at=NOW - DAY)
    assert again.replayed and resent.replayed and again.document == resent.document == first
    [invoice] = rows(services, tables.invoices)
    assert invoice.due_date == first["invoice"]["due_date"] == "2021-06-19"


def test_numbers_go_on_without_a_gap_whatever_the_clock_says(services):
    for number, at in enumerate((NOW, NOW - DAY, NOW + DAY, NOW - DAY)):
        send(services, order_body(f"PO-{number}"), at=at)
    assert [row.sequence for row in rows(services, tables.invoices)] == [1, 2, 3, 4]


def test_an_order_is_never_accepted_before_it_was_received(services):
    send(services, order_body("A", items=1))
    review.accept(services, 1, by="anne", at=NOW - DAY)
    [invoice] = rows(services, tables.invoices)
    assert invoice.issued_at == NOW and invoice.due_date == "2021-06-11"  # thirty days from the reception
    moves = rows(services, tables.transitions)
    assert [move.at for move in moves] == sorted(move.at for move in moves)


def test_what_was_published_stays_in_force(services):
    publish_groups(services.policies.store, tous(acceptance_minimum_items=48), at=NOW)
    assert send(services, order_body("A"), at=NOW).document["version"] == 2
    after = send(services, order_body("B"), at=NOW - DAY).document
    assert (after["version"], after["outcome"]) == (2, "held")


def test_versions_published_on_a_clock_set_back_follow_each_other(services):
    store = services.policies.store
    publish_groups(store, tous(acceptance_minimum_items=48), at=NOW)
    publish_groups(store, tous(acceptance_minimum_items=12), at=NOW - DAY)
    assert [version.number for version in store.versions()] == [1, 2, 3]
    for at in (NOW - DAY, NOW, NOW + DAY):
        assert services.policies.live(at).version.number == 3
