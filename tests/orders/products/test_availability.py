"""A product that can't be had holds the orders that name it, and lets them go when it is back."""

import msgspec
import pytest
from sqlalchemy import event

from houblon.orders.db.tables import orders, redecisions
from houblon.orders.db.tables.products import products
from houblon.orders.handling import review
from houblon.orders.handling.replay import replay
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.orders.products import import_file
from houblon.orders.products.catalogue import Product, add_product, archive, product_row, set_available
from houblon.orders.products.product_file import Change, Plan
from houblon.orders.services import Conflict
from houblon.orders.waiting.work import decide_due
from tests.clock import NOW
from tests.orders.services import later, order_body, order_moves, rows, send


@pytest.fixture
def services(services):
    """With one product, of which there is none left."""
    gone = Product("IPA-24", "IPA", 2700, available=False)
    services.ledger.write(lambda connection: add_product(connection, gone, NOW, "anne"))
    return services


def put(services, available, at):
    services.ledger.write(lambda connection: set_available(connection, "IPA-24", available, at, "anne"))
    decide_due(services, lambda: at)


def codes(document):
    return [each["code"] for each in document["reasons"]]


def lines(sku):
    return [{"sku": sku, "quantity": 24, "unit_price": "27.00"}]


def test_an_order_waits_for_a_product_and_passes_when_it_is_back(services):
    # By whatever capitals a source writes its code.
    done = send(services, order_body("PO-1", lines=lines("ipa-24")))
    assert done.document["outcome"] == "held" and codes(done.document) == ["unavailable"]
    assert send(services, order_body("PO-2", lines=lines("STO-12"))).document["outcome"] == "accepted"
    put(services, True, later(hours=1))
    assert [row.state for row in rows(services, orders)] == ["accepted", "accepted"]
    assert order_moves(services)[-1].why == "decided_again product IPA-24"
    with services.ledger.reading() as connection:
        assert replay(connection, services).differences == ()


def test_nobody_accepts_what_can_t_be_had(services):
    put(services, True, NOW)
    held = send(services, order_body("PO-1", lines=[{"sku": "IPA-24", "quantity": 12, "unit_price": "27.00"}]))
    assert codes(held.document) == ["minimum_items"]
    put(services, False, later(hours=1))
    with pytest.raises(Conflict) as barred:
        review.accept(services, held.order_key, by="anne", at=later(hours=2))
    assert barred.value.code == "unavailable"
    put(services, True, later(hours=3))
    assert review.accept(services, held.order_key, by="anne", at=later(hours=4))


def test_what_if_says_the_same(services):
    order = read_order(order_body("PO-1", lines=lines("IPA-24")))
    with services.ledger.reading() as connection:
        found = what_if(connection, services, order, now=NOW)
    assert [each.code for each in found.decision.reasons] == ["unavailable"]


def test_what_an_order_says_itself_is_not_talked_over(services):
    put(services, True, NOW)
    said = [{"sku": "IPA-24", "quantity": 24, "unit_price": "27.00", "available": False}]
    assert codes(send(services, order_body("PO-1", lines=said)).document) == ["unavailable"]


def test_an_archived_product_still_holds_what_it_held(services):
    services.ledger.write(lambda connection: archive(connection, "IPA-24", True, NOW))
    with services.ledger.reading() as connection:
        assert product_row(connection, "ipa-24").archived_at == NOW
    assert send(services, order_body("PO-1", lines=lines("IPA-24"))).document["outcome"] == "held"


@pytest.mark.parametrize("count", [3, 300])
def test_a_file_is_taken_in_by_few_statements_and_has_held_orders_decided_again_once(services, count):
    made = [Product(f"NEUF-{n}", "Neuf", 100, available=n > 1) for n in range(count)]
    back = Product("IPA-24", "IPA", 2700)
    before = len(rows(services, redecisions))
    plan = Plan((*map(Change, made), Change(back, msgspec.structs.replace(back, available=False))), 0, ())
    asked = []

    def work(connection):
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        import_file.take(connection, plan, NOW, "anne", "192.0.2.1")

    services.ledger.write(work)
    assert len(rows(services, products)) == count + 1 and len(asked) < 12
    assert [row.subject for row in rows(services, redecisions)[before:]] == ["NEUF-0, NEUF-1, IPA-24"]
