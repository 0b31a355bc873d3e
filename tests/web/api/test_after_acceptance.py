"""What a program does after an acceptance: deliver, credit, enter payments and take them back, cancel."""

import re

import pytest

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db import tables
from houblon.orders.mail.rendered import rendered
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.publishing.publish import publish
from tests.clock import NOW, day_of
from tests.orders.services import rows
from tests.web.api.test_api import Caller, pointers
from tests.web.houses import order

DAY = day_of(NOW).isoformat()
LINES = [
    {"sku": "IPA-24", "quantity": 24, "unit_price": "54.00", "deposit": "2.40"},
    {"sku": "STO-12", "quantity": 7, "unit_price": "33.33", "discount": "10.00"},
]


@pytest.fixture
def call(place):
    return Caller(place, *SCOPES)


@pytest.fixture
def accepted(place, call):
    place.send(order("PO-1", lines=LINES), "m-1")
    assert call("GET", "/orders/1").json["state"] == "accepted"
    return call


def invoice_at(place, trigger):
    """Publish when invoices are issued."""
    group = {"id": "tous", "name": "Tous", "settings": {"invoicing.trigger": trigger}}
    store = place.house.store
    bundle = read_bundle({"houblon": 1, "groups": [group]}, store.content(store.newest().number))
    publish(store, bundle.edits, author="marie", note="", at=NOW)


def code(response):
    return response.status_code, response.json["errors"][0]["code"]


def test_an_order_is_delivered_whole_when_nothing_is_said(accepted):
    done = accepted("POST", "/orders/1/deliver")
    assert done.status_code == 200 and done.json["state"] == "delivered" and done.json["on"] == DAY
    assert [each["delivered"] for each in done.json["lines"]] == [24, 7] and done.json["credit_note"] is None
    invoice = accepted("GET", "/invoices/1").json
    assert (done.json["invoice_key"], done.json["invoice_number"], done.json["total"]) == (
        1,
        invoice["number"],
        invoice["total"],
    )
    assert (done.json["source"], done.json["order_id"], done.json["order_key"]) == ("essai", "PO-1", 1)
    assert code(accepted("POST", "/orders/1/deliver")) == (409, "already_settled")
    assert accepted("POST", "/orders/9/deliver").status_code == 404


def test_what_was_invoiced_and_not_delivered_is_credited(accepted, place):
    said = {"on": DAY, "lines": [{"line": 1, "delivered": 22, "lost": 1, "returned": 1}], "note": "Une caisse cassée."}
    done = accepted("POST", "/orders/1/deliver", said).json
    assert done["lines"][0] == {"line": 1, "delivered": 22, "lost": 1, "returned": 1}
    note = accepted("GET", "/invoices/2").json
    assert (note["number"], note["kind"], note["credits"]) == (done["credit_note"], "credit_note", 1)
    # 2 × 54.00, 5.40 and 10.773 of taxes, 2 × 2.40 of deposit.
    assert note["total"] == "-128.97" and note["document"]["amounts"]["deposits"] == "-4.80"
    invoice = accepted("GET", "/invoices/1").json
    assert (invoice["state"], invoice["credited"], invoice["lines"][0]["creditable"]) == ("issued", "128.97", 22)
    *_, message = rows(place.house.services, tables.outbox)
    assert message.event == "credit_note.issued" and "Une caisse cassée." in rendered(message.message)["text"]
    assert [row.act for row in rows(place.house.services, tables.audit)][-1] == "order.delivered"


def test_what_was_delivered_is_invoiced_where_the_invoice_waits_for_the_delivery(place, call):
    invoice_at(place, "on_delivery")
    place.send(order("PO-1", lines=LINES), "m-1")
    done = call("POST", "/orders/1/deliver", {"lines": [{"line": 1, "lost": 2}, {"line": 2, "returned": 7}]}).json
    assert [each["delivered"] for each in done["lines"]] == [22, 0]
    invoice = call("GET", "/invoices/1").json
    assert invoice["number"] == done["invoice_number"] and done["credit_note"] is None
    assert [(line["line"], line["quantity"]) for line in invoice["lines"]] == [(1, 22)]
    assert invoice["document"]["amounts"]["subtotal"] == "1188.00"


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"lines": [{"line": 3}]}, "/lines/0/line"),
        ({"lines": [{"line": 1}, {"line": 1}]}, "/lines/1/line"),
        ({"lines": [{"line": 2, "delivered": 7, "lost": 1}]}, "/lines/0"),
        ({"lines": [{"line": 2, "delivered": -1}]}, "/lines/0/delivered"),
        ({"lines": [{"line": 2, "perdu": 1}]}, "/lines/0/perdu"),
        ({"on": "2020-01-01"}, "/on"),
        ({"on": "20210512"}, "/on"),
    ],
)
def test_a_delivery_that_can_t_be_is_refused_and_nothing_is_moved(accepted, said, where):
    refused = accepted("POST", "/orders/1/deliver", said)
    assert refused.status_code == 422 and pointers(refused) == {where}
    assert accepted("GET", "/orders/1").json["state"] == "accepted"
    assert len(accepted("GET", "/invoices").json["items"]) == 1


def test_credits_share_an_invoice_to_the_cent_and_never_go_beyond_it(accepted):
    total = accepted("GET", "/invoices/1").json["total"]
    said = {"lines": [{"line": 2, "quantity": 2}], "reason": "casse", "note": "Désolés."}
    first = accepted("POST", "/invoices/1/credits", said, Idempotency_Key="c-1")
    assert first.status_code == 201 and first.headers["Location"] == "/api/v1/invoices/2"
    assert accepted("POST", "/invoices/1/credits", said, Idempotency_Key="c-1").json == first.json
    shown = accepted("GET", "/invoices/2").json["document"]
    assert (shown["reason"], shown["buyer_note"], shown["lines"][0]["line"]) == ("casse", "Désolés.", 2)
    assert code(accepted("POST", "/invoices/1/credits", {"lines": [{"line": 2, "quantity": 6}]})) == (
        409,
        "already_credited",
    )
    assert pointers(accepted("POST", "/invoices/1/credits", {"lines": [{"line": 2, "quantity": 8}]})) == {
        "/lines/0/quantity"
    }
    assert pointers(accepted("POST", "/invoices/1/credits", {"lines": [{"line": 3, "quantity": 1}]})) == {
        "/lines/0/line"
    }
    assert pointers(accepted("POST", "/invoices/1/credits", {"lines": []})) == {"/lines"}
    assert code(accepted("POST", "/invoices/2/credits", {"lines": [{"line": 2, "quantity": 1}]})) == (
        409,
        "credit_note",
    )
    for quantity in (1, 1, 3):
        accepted("POST", "/invoices/1/credits", {"lines": [{"line": 2, "quantity": quantity}]})
    last = accepted("POST", "/invoices/1/credits", {"lines": [{"line": 1, "quantity": 24}]}).json
    assert (last["state"], last["credited"], last["balance"]) == ("credited", total, "0.00")
    notes = [each["total"] for each in accepted("GET", "/invoices/1").json["credit_notes"]]
    assert sum(round(float(each) * 100) for each in notes) == -round(float(total) * 100)
    numbers = [each["number"] for each in accepted("GET", "/invoices/1").json["credit_notes"]]
    assert [int(each[-5:]) for each in numbers] == [1, 2, 3, 4, 5]


def test_the_state_follows_the_payments_there_and_back(accepted):
    total = accepted("GET", "/invoices/1").json["total"]
    part = accepted("POST", "/invoices/1/payments", {"amount": "100.00", "on": DAY, "reference": "VIR-1"})
    assert part.status_code == 201 and part.json["state"] == "issued" and part.json["reference"] == "VIR-1"
    rest = accepted("POST", "/invoices/1/payments", {"amount": part.json["balance"], "on": DAY, "means": "cheque"}).json
    assert (rest["state"], rest["paid"], rest["balance"]) == ("paid", total, "0.00")
    over = accepted("POST", "/invoices/1/payments", {"amount": "5", "on": DAY}).json
    assert (over["state"], over["balance"]) == ("paid", "-5.00")
    back = accepted("POST", f"/invoices/1/payments/{rest['id']}/reverse", {"why": "chèque sans provision"}).json
    assert (back["state"], back["amount"], back["reverses"]) == ("issued", "-" + rest["amount"], rest["id"])
    assert code(accepted("POST", f"/invoices/1/payments/{rest['id']}/reverse", {})) == (409, "already_reversed")
    assert code(accepted("POST", f"/invoices/1/payments/{back['id']}/reverse", {})) == (409, "reversal")
    assert accepted("POST", "/invoices/1/payments/99/reverse", {}).status_code == 404
    shown = accepted("GET", "/invoices/1").json
    assert [each["amount"] for each in shown["payments"]] == [
        "100.00",
        rest["amount"],
        "5.00",
        back["amount"],
    ]
    assert (shown["state"], shown["paid"], shown["paid_on"]) == ("issued", "105.00", None)
    # A credit counts as a payment does.
    credited = accepted("POST", "/invoices/1/credits", {"lines": [{"line": 1, "quantity": 24}]}).json
    assert (credited["state"], credited["balance"]) == ("issued", "151.75")
    assert accepted("POST", "/invoices/1/payments", {"amount": "151.75", "on": DAY}).json["state"] == "paid"


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"amount": "0.00", "on": DAY}, "/amount"),
        ({"amount": 12, "on": DAY}, "/amount"),
        ({"amount": "-5.00", "on": DAY}, "/amount"),
        ({"amount": "1.005", "on": DAY}, "/amount"),
        ({"amount": "1.00"}, "/on"),
        ({"amount": "1.00", "on": "2999-01-01"}, "/on"),
        ({"amount": "1.00", "on": DAY, "means": "troc"}, "/means"),
    ],
)
def test_a_payment_that_can_t_be_is_refused(accepted, said, where):
    refused = accepted("POST", "/invoices/1/payments", said)
    assert refused.status_code == 422 and pointers(refused) == {where}
    assert accepted("GET", "/invoices/1").json["payments"] == []


def test_an_act_on_what_changed_since_it_was_read_is_refused(accepted):
    read = accepted("GET", "/invoices/1").headers["ETag"]
    assert accepted("POST", "/invoices/1/payments", {"amount": "1", "on": DAY}, If_Match=read).status_code == 201
    for path, said in (("payments", {"amount": "1", "on": DAY}), ("credits", {"lines": [{"line": 1, "quantity": 1}]})):
        assert accepted("POST", f"/invoices/1/{path}", said, If_Match=read).status_code == 412
    read = accepted("GET", "/orders/1").headers["ETag"]
    assert accepted("POST", "/orders/1/deliver", {}, If_Match=read).status_code == 200
    assert accepted("POST", "/orders/1/cancel", {"why": "non"}, If_Match=read).status_code == 412


def test_an_order_is_cancelled_planned_and_invoiced_by_key(accepted, place):
    later = accepted("PUT", "/orders/1/planned-delivery", {"date": "2021-06-03", "why": "le camion"})
    assert later.json["planned_delivery"] == "2021-06-03" and later.json["order_key"] == 1
    assert pointers(accepted("PUT", "/orders/1/planned-delivery", {"date": "2020-06-03", "why": "x"})) == {"/date"}
    gone = accepted("POST", "/orders/1/cancel", {"why": "client fermé"}).json
    assert (gone["state"], gone["credit_note"], gone["is_buyer_notified"]) == ("cancelled", "NC-2021-00001", True)
    assert code(accepted("POST", "/orders/1/cancel", {"why": "encore"})) == (409, "already_settled")
    invoice_at(place, "manual")
    place.send(order("PO-2"), "m-2")
    accepted("POST", "/orders/2/deliver", {"lines": [{"line": 1, "lost": 1}]})
    made = accepted("POST", "/orders/2/invoice")
    assert made.status_code == 201 and made.json["invoice_number"]
    [line] = accepted("GET", f"/invoices/{made.json['invoice_key']}").json["lines"]
    assert line["quantity"] == order("PO-2")["lines"][0]["quantity"] - 1
    assert code(accepted("POST", "/orders/2/invoice")) == (409, "already_invoiced")
    acts = [row.act for row in rows(place.house.services, tables.audit) if row.who == "api:caisse"]
    assert acts == ["order.delivery_changed", "order.cancelled", "order.delivered", "order.invoiced"]


def test_a_payment_and_its_reversal_are_in_the_log_with_the_reason_as_it_is_kept(accepted, place):
    made = accepted("POST", "/invoices/1/payments", {"amount": "100.00", "on": DAY}).json
    back = accepted("POST", f"/invoices/1/payments/{made['id']}/reverse", {"why": " sans provision "}).json
    assert [(row.act, row.subject, row.before, row.after) for row in rows(place.house.services, tables.audit)][-2:] == [
        ("invoice.paid", made["invoice_number"], None, {"id": made["id"], "amount": "100.00", "on": DAY}),
        (
            "invoice.payment_reversed",
            made["invoice_number"],
            {"id": made["id"]},
            {"id": back["id"], "why": "sans provision"},
        ),
    ]


def test_an_invoice_and_a_credit_note_come_as_pdf(accepted):
    accepted("POST", "/invoices/1/credits", {"lines": [{"line": 1, "quantity": 1}], "note": "Pour la caisse cassée."})
    for key in (1, 2):
        shown = accepted("GET", f"/invoices/{key}.pdf")
        assert shown.status_code == 200 and shown.mimetype == "application/pdf" and shown.data.startswith(b"%PDF-")
    assert re.search(rb"/Title", accepted("GET", "/invoices/2.pdf").data)
    assert accepted("GET", "/invoices/9.pdf").status_code == 404
