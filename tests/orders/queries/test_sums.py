"""What the ledger keeps of invoices adds up, and where somebody changed it by hand, that is found."""

import pytest
from sqlalchemy import delete, update

from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, deliveries, lifecycle
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment
from houblon.orders.queries.sums import sums_that_differ
from tests.clock import NOW, day_of
from tests.orders.services import later, make_services, order_body, rows, send

DAY = day_of(NOW)


@pytest.fixture
def lived(tmp_path):
    services = make_services(tmp_path)
    for number in range(1, 5):
        send(services, order_body(f"PO-{number}"))
    send(services, order_body("PO-5", payment={"state": "paid", "reference": "ch_1"}))
    by = {"by": "anne", "at": later(hours=1)}
    deliveries.deliver(services, 1, lines=[LineDelivered(1, 22, 1, 1)], **by)
    credit_notes.credit(services, 2, (Asked(1, 3),), Words(), **by)
    part = payments.pay(services, 2, Payment(50_000, DAY), **by)
    payments.reverse(services, 2, part.key, **by)
    payments.pay_rest(services, 3, on=DAY, **by)
    lifecycle.cancel(services, 4, was="accepted", why="non", **by)
    yield services
    services.ledger.close()


def found(services):
    with services.ledger.reading() as connection:
        return {(each.code, each.pointer) for each in sums_that_differ(connection)}


def test_what_was_lived_adds_up(lived):
    assert found(lived) == set()
    assert [row.state for row in rows(lived, tables.invoices) if row.kind == "invoice"] == [
        "issued",
        "issued",
        "paid",
        "credited",
        "paid",
    ]


def document_of(services, key, **members):
    [row] = [each for each in rows(services, tables.invoices) if each.key == key]
    return {**row.document, **members}


INVOICE, PAYMENT, DELIVERY, ORDER = tables.invoices, tables.payments, tables.deliveries, tables.orders
RETAILER = tables.retailers
# What the retailer owes follows from the invoices: it is not what it was either, where they are not.
OWED = ("outstanding", "/retailers/depanneur-42")


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (update(INVOICE).where(INVOICE.c.key == 2).values(paid=1), {("payments", "/invoices/F-2021-00002")}),
        (
            update(PAYMENT).where(PAYMENT.c.invoice_key == 3).values(amount=1),
            {("payments", "/invoices/F-2021-00003")},
        ),
        (update(INVOICE).where(INVOICE.c.key == 2).values(credited=0), {("credits", "/invoices/F-2021-00002")}),
        (
            update(INVOICE).where(INVOICE.c.key == 2).values(credited=10**9),
            {
                ("credits", "/invoices/F-2021-00002"),
                ("credited_beyond", "/invoices/F-2021-00002"),
                ("state", "/invoices/F-2021-00002"),
            },
        ),
        (update(INVOICE).where(INVOICE.c.key == 2).values(state="paid"), {("state", "/invoices/F-2021-00002")}),
        (update(INVOICE).where(INVOICE.c.key == 3).values(state="sent"), {("state", "/invoices/F-2021-00003")}),
        (
            update(INVOICE).where(INVOICE.c.key == 5).values(total=1),
            {("document", "/invoices/F-2021-00005")},
        ),
        (delete(DELIVERY), {("delivery", "/orders/PO-1")}),
        (update(ORDER).where(ORDER.c.key == 1).values(state="accepted"), {("delivery", "/orders/PO-1")}),
    ],
)
def test_what_was_changed_by_hand_is_found(lived, tampering, told):
    lived.ledger.write(lambda connection: connection.execute(tampering))
    assert found(lived) - {OWED} == told


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (update(RETAILER).values(outstanding=RETAILER.c.outstanding + 1), OWED),
        (update(INVOICE).where(INVOICE.c.key == 1).values(paid=1), OWED),
        (
            update(INVOICE).where(INVOICE.c.key == 1).values(retailer_id="un-autre"),
            ("owing", "/retailers/depanneur-42"),
        ),
        (update(ORDER).where(ORDER.c.key == 2).values(uninvoiced=5), ("uninvoiced", "/orders/PO-2")),
    ],
)
def test_what_a_retailer_owes_is_the_sum_of_what_is_there(lived, tampering, told):
    lived.ledger.write(lambda connection: connection.execute(tampering))
    assert told in found(lived)


def test_a_line_that_is_credited_beyond_its_invoice_is_found(lived):
    [line] = document_of(lived, 2)["lines"]
    changed = document_of(lived, 2, lines=[{**line, "quantity": 2}])
    lived.ledger.write(
        lambda connection: connection.execute(update(INVOICE).where(INVOICE.c.key == 2).values(document=changed))
    )
    assert found(lived) == {("line_credited_beyond", "/invoices/F-2021-00002")}
