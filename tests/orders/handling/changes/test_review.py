"""A change that waits: in whose place a newer one comes, what a person does with it, and what goes on meanwhile."""

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import (
    credit_notes,
    deliveries,
    lifecycle,
)
from houblon.orders.handling.changes import history
from houblon.orders.handling.changes import review as change_review
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from tests.clock import NOW, day_of
from tests.orders.handling.changes.test_changes import check, events, mails, order, papers, refused
from tests.orders.services import (
    later,
    make_services,
    order_body,
    rows,
    send,
    tous,
)

LATER = later(hours=1)


@pytest.fixture
def services(tmp_path):
    found = make_services(tmp_path, tous(acceptance_amendable=True))
    yield found
    check(found)
    found.ledger.close()


def test_a_change_that_is_held_waits_and_what_was_accepted_stands(services):
    send(services)
    done = send(services, order_body(items=3), at=LATER)
    assert (done.document["outcome"], done.change) == ("held", "waiting")
    assert done.invoice.number == "F-2021-00001"
    assert (order(services).state, order(services).item_count) == ("accepted", 24)
    assert len(papers(services)) == 1 and rows(services, tables.earlier_contents) == []
    assert events(services)[-1] == "order.change_held" and mails(services)[-1][0] == "order.change_held"
    again = send(services, order_body(items=3), at=later(hours=2))
    assert (again.replayed, again.change, again.decision) == (True, "waiting", done.decision)
    # What stands, sent once more by a source that signs its deliveries: nothing waits any more.
    assert send(services, at=later(hours=3)).document["outcome"] == "accepted"
    [change] = rows(services, tables.order_changes)
    assert change.state == "withdrawn" and events(services)[-1] == "order.change_withdrawn"
    # And the change once more is a new one.
    assert send(services, order_body(items=3), at=later(hours=4)).change == "waiting"
    assert len(rows(services, tables.order_changes)) == 2


def test_a_person_accepts_a_change_that_waits(services):
    send(services)
    send(services, order_body(items=3), at=LATER)
    with services.ledger.reading() as connection:
        seen = change_review.shown(connection, services, 1, LATER)
    [pair] = seen.lines
    assert (pair.before.quantity, pair.after.quantity, seen.difference) == (24, 3, -21 * 5400)
    done = change_review.accept(services, 1, by="anne", at=later(hours=2), seen=seen.row.content_hash)
    assert (done.credit_note, done.invoice) == ("NC-2021-00001", "F-2021-00002")
    assert [total for _, _, total in papers(services)] == [
        seen.invoice_before,
        -seen.invoice_before,
        seen.invoice_after,
    ]
    assert (order(services).state, order(services).item_count) == ("accepted", 3)
    [change] = rows(services, tables.order_changes)
    assert (change.state, change.who) == ("accepted", "anne")
    assert [row.who for row in rows(services, tables.decisions)] == ["houblon", "houblon", "anne"]
    assert send(services, order_body(items=3), at=later(hours=3)).replayed
    assert refused(lambda: change_review.accept(services, 1, by="marie", at=later(hours=3))) == "no_change"


def test_a_person_dismisses_a_change_and_the_same_said_again_stays_dismissed(services):
    send(services)
    send(services, order_body(items=3), at=LATER)
    change_review.dismiss(services, 1, by="anne", at=later(hours=2), why="trop peu")
    assert (events(services)[-1], mails(services)[-1][0]) == ("order.change_dismissed",) * 2
    again = send(services, order_body(items=3), at=later(hours=3))
    assert (again.replayed, again.change) == (True, "dismissed")
    assert order(services).item_count == 24 and len(papers(services)) == 1
    assert send(services, order_body(items=4), at=later(hours=4)).change == "waiting"
    assert refused(lambda: change_review.dismiss(services, 1, by="a", at=later(hours=5), seen="x")) == "order_changed"
    with pytest.raises(LookupError):
        change_review.dismiss(services, 9, by="anne", at=later(hours=5))


def test_a_newer_change_takes_the_place_of_one_that_waits(services):
    send(services)
    send(services, order_body(items=3), at=LATER)
    send(services, order_body(items=4), at=later(hours=2))
    assert [row.state for row in rows(services, tables.order_changes)] == ["replaced", "waiting"]
    send(services, order_body(items=48), at=later(hours=3))
    assert [row.state for row in rows(services, tables.order_changes)] == ["replaced", "replaced"]
    assert order(services).item_count == 48 and len(papers(services)) == 3


@pytest.mark.parametrize("done", ["delivered", "paid", "credited", "cancelled"])
def test_a_change_can_t_be_accepted_once_the_order_went_on(services, done):
    send(services)
    send(services, order_body(items=3), at=LATER)
    if done == "delivered":
        deliveries.deliver(services, 1, by="anne", at=LATER)
    elif done == "paid":
        payments.pay_rest(services, 1, by="anne", at=LATER, on=day_of(NOW))
    elif done == "credited":
        credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=LATER)
    else:
        lifecycle.cancel(services, 1, was="accepted", by="anne", at=LATER, why="non")
    told = refused(lambda: change_review.accept(services, 1, by="anne", at=later(hours=2)))
    assert (
        told
        == {
            "delivered": "already_settled",
            "paid": "order_paid",
            "credited": "order_credited",
            "cancelled": "no_change",
        }[done]
    )
    if done != "cancelled":
        change_review.dismiss(services, 1, by="anne", at=later(hours=2))


def test_what_stands_said_again_after_the_delivery_withdraws_the_change_that_waits(services):
    send(services)
    send(services, order_body(items=3), at=LATER)
    deliveries.deliver(services, 1, by="anne", at=LATER)
    assert send(services, order_body(items=3), at=later(hours=2)).change == "waiting"
    assert send(services, at=later(hours=2)).replayed
    [change] = rows(services, tables.order_changes)
    assert change.state == "withdrawn" and order(services).state == "delivered"
    assert refused(lambda: send(services, order_body(items=4), at=later(hours=3))) == "already_settled"


def test_no_change_of_a_cancelled_order_waits(services):
    send(services, order_body())
    send(services, order_body(items=3), at=LATER)
    with services.ledger.reading() as connection:
        assert [row.order_id for row in history.waiting_changes(connection)] == ["PO-1"]
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=LATER, why="non")
    with services.ledger.reading() as connection:
        assert history.waiting_changes(connection) == []
