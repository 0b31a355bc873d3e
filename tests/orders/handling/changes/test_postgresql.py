"""Changes at once on PostgreSQL, where each has a transaction of its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from houblon.orders.db import tables
from houblon.orders.handling.changes import review as change_review
from houblon.orders.invoicing import payments
from houblon.orders.services import Conflict
from tests.clock import NOW, day_of
from tests.orders.handling.changes.test_changes import check
from tests.orders.handling.lives import make_lives, play
from tests.orders.postgresql import pytestmark, url  # noqa: F401
from tests.orders.services import later, make_services, order_body, rows, send, tous


@pytest.fixture
def services(tmp_path, url):
    made = make_services(tmp_path, tous(acceptance_amendable=True), url=url)
    yield made
    check(made)
    made.ledger.close()


def tried(work):
    try:
        return work()
    except Conflict as conflict:
        return conflict.code


def test_of_many_changes_at_once_each_takes_the_place_of_the_one_before(services):
    send(services)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda items: send(services, order_body(items=items), at=later(hours=1)), range(30, 46)))
    invoices = [row for row in rows(services, tables.invoices) if row.kind == "invoice"]
    assert [row.sequence for row in invoices] == list(range(1, 18))
    assert [row.state for row in invoices] == ["credited"] * 16 + ["issued"]
    [order] = rows(services, tables.orders)
    assert invoices[-1].document["lines"][0]["quantity"] == order.item_count


def test_a_change_that_comes_while_a_person_accepts_and_another_notes_a_payment(services):
    for number in range(8):
        id = f"PO-{number}"
        send(services, order_body(id))
        send(services, order_body(id, items=3), at=later(hours=1))
        key = number + 1
        [invoice] = [row.key for row in rows(services, tables.invoices) if row.order_key == key]
        acts = [
            lambda key=key: change_review.accept(services, key, by="anne", at=later(hours=2)),
            lambda id=id: send(services, order_body(id, items=50), at=later(hours=2)),
            lambda invoice=invoice: payments.pay_rest(services, invoice, by="luc", at=later(hours=2), on=day_of(NOW)),
        ]
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(tried, acts))
        assert any(not isinstance(each, str) for each in answers)
    mine = [row for row in rows(services, tables.invoices) if row.kind == "invoice"]
    in_force = [row for row in mine if row.replaced_at is None]
    assert sorted(row.order_key for row in in_force) == list(range(1, 9))
    by_key = {row.key: row for row in rows(services, tables.orders)}
    for row in in_force:
        assert row.document["lines"][0]["quantity"] == by_key[row.order_key].item_count
        # Never both: paid, and made anew for a change that came after it was.
        assert not (row.paid > 0 and row.document.get("replaces"))


def test_lives_are_the_model_s_there_too(tmp_path, url):
    services = make_lives(tmp_path, url)
    for seed in range(400, 408):
        play(services, seed, acts=8)
    check(services)
    services.ledger.close()
