"""On PostgreSQL, somebody joins two retailers while somebody else acts on an order: its papers go with the order."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, deliveries, lifecycle, review
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing.credits import Words
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.retailers.joins import join_retailers
from houblon.orders.waiting.redecision import decide_again
from tests.clock import NOW
from tests.orders.postgresql import pytestmark, url  # noqa: F401
from tests.orders.services import group, join, later, make_services, order_body, rows, send, tous

BUYER, OTHER, ORDER = "depanneur-42", "bar-7", 2
BY = {"by": "anne", "at": later(hours=1)}
ACTS = {
    "deliver": ("a-la-livraison", lambda services: deliveries.deliver(services, ORDER, **BY)),
    "issue": ("a-la-main", lambda services: review.issue_invoice(services, ORDER, **BY)),
    "cancel": ("tous", lambda services: lifecycle.cancel(services, ORDER, was="accepted", why="non", **BY)),
    "credit": ("tous", lambda services: credit_notes.credit(services, ORDER, (Asked(1, 2),), Words(), **BY)),
    "accept": ("payeurs-a-risque", lambda services: review.accept(services, ORDER, **BY)),
    "decide again": ("payeurs-a-risque", lambda services: decide_again(services, ORDER, **BY)),
}


@pytest.fixture
def services(tmp_path, url):
    made = make_services(
        tmp_path,
        tous(acceptance_amendable=True),
        group("a-la-livraison", 20, invoicing_trigger="on_delivery"),
        group("a-la-main", 21, invoicing_trigger="manual"),
        url=url,
    )
    send(made, order_body("PO-0", buyer={"id": OTHER}))
    yield made
    made.ledger.close()


def wait_until_somebody_waits(connection):
    asked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(1_000):
        if connection.execute(asked).scalar_one():
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the order")


@pytest.mark.parametrize("name", ACTS)
def test_what_comes_of_an_order_is_on_the_account_that_it_is_on_by_then(services, name):
    group_id, act = ACTS[name]
    join(services, BUYER, *([] if group_id == "tous" else [group_id]))
    send(services, order_body())
    [mine] = [row for row in rows(services, tables.orders) if row.order_id == "PO-1"]
    assert mine.retailer_id == BUYER
    with ThreadPoolExecutor(1) as pool:
        with services.ledger.engine.begin() as connection:
            join_retailers(connection, BUYER, OTHER, by="luc", at=NOW)
            done = pool.submit(act, services)
            wait_until_somebody_waits(connection)
        done.result(30)
    assert {row.retailer_id for row in rows(services, tables.invoices)} <= {OTHER}
    with services.ledger.reading() as connection:
        assert not list(sums_that_differ(connection))


def test_a_joined_retailer_s_order_can_be_changed_by_its_source(services):
    send(services, order_body())
    with services.ledger.engine.begin() as connection:
        join_retailers(connection, BUYER, OTHER, by="luc", at=NOW)
    changed = send(services, order_body(items=30), at=later(hours=1))
    assert changed.document["outcome"] == "accepted"
    assert {row.retailer_id for row in rows(services, tables.invoices)} == {OTHER}
