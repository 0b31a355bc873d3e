"""Invoices: what they come to, and what they print for ever."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from houblon.orders.db import tables
from houblon.orders.handling import review
from houblon.orders.invoicing.links import invoice_link, read_token
from tests.orders.services import make_services, order_body, publish_groups, rows, send, tous

LINE = {"sku": "IPA-24", "name": "IPA", "quantity": 10, "unit_price": "10.00", "deposit": "2.40", "discount": "3.00"}
BOOK = {"sku": "LIVRE", "quantity": 1, "unit_price": "20.00", "taxable": False}


def invoiced(tmp_path, *lines, order=None, **settings):
    settings = {"acceptance_minimum_items": None, "acceptance_minimum_value": None, **settings}
    services = make_services(tmp_path, tous(**settings))
    send(services, order_body(lines=list(lines), **(order or {})))
    [row] = rows(services, tables.invoices)
    services.ledger.close()
    return row


def taxed(document):
    return {each["tax"]: each["amount"] for each in document["taxes"]}


def test_taxes_are_on_the_taxable_total_and_deposits_are_not_taxed(tmp_path):
    row = invoiced(tmp_path, LINE, BOOK)
    assert row.document["cents"] == {
        "subtotal": 11700,
        "discount": 0,
        "taxable": 9700,
        "untaxed": 2000,
        "deposits": 2400,
        "total": 9700 + 2000 + 2400 + 485 + 968,
    }
    assert taxed(row.document) == {"TPS": 485, "TVQ": 968}
    assert row.total == row.document["cents"]["total"]


def test_the_group_s_discount_comes_off_taxable_lines_before_taxes(tmp_path):
    row = invoiced(tmp_path, LINE, BOOK, invoicing_discount_percent="12.5")
    cents = row.document["cents"]
    assert (cents["discount"], cents["taxable"], cents["untaxed"]) == (1213, 8487, 2000)  # 1212.5, half up
    assert taxed(row.document) == {"TPS": 424, "TVQ": 847}


def test_an_exempt_group_pays_no_tax_and_an_exempt_group_no_deposit(tmp_path):
    assert invoiced(tmp_path / "a", LINE, invoicing_tax_exempt=True).document["taxes"] == []
    document = invoiced(tmp_path / "b", LINE, invoicing_deposit_exempt=True).document
    assert document["cents"]["deposits"] == 0 and document["lines"][0]["deposit"] == "0.00"


def test_everything_printed_is_frozen(tmp_path):
    note = {"fr": "Merci", "en": "Thanks"}
    services = make_services(tmp_path, tous(invoicing_note=note))
    send(services)
    before = rows(services, tables.invoices)[0].document
    publish_groups(services.policies.store, tous(invoicing_terms={"kind": "on_receipt"}))
    send(services, order_body("PO-2", buyer={"name": "Autre nom"}))
    assert rows(services, tables.invoices)[0].document == before
    assert before["note"] == note
    assert before["seller"]["gst_number"] and before["seller"]["qst_number"] and before["seller"]["address"]
    assert before["buyer"]["name"] == "Dépanneur du Coin"
    assert before["due_date"] == "2021-06-11" and before["derivation"]["base_date"] == "2021-05-12"
    assert before["terms_text"] == {"fr": "30 jours après l’acceptation", "en": "30 days after acceptance"}
    services.ledger.close()


def test_an_order_in_another_currency_is_invoiced_in_it(tmp_path):
    services = make_services(tmp_path)
    assert send(services, order_body(currency="usd")).document["outcome"] == "held"
    review.accept(services, 1, by="anne", at=datetime(2021, 5, 13, tzinfo=UTC))
    assert rows(services, tables.invoices)[0].document["currency"] == "USD"
    services.ledger.close()


def test_numbers_start_anew_with_the_year_of_the_installation_s_zone(tmp_path):
    services = make_services(tmp_path)
    for number, at in enumerate(("2021-12-31T23:00", "2022-01-01T04:59", "2022-01-01T05:00", "2022-01-02T00:00")):
        send(services, order_body(f"PO-{number}"), at=datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert [row.number for row in rows(services, tables.invoices)] == [
        "F-2021-00001",
        "F-2021-00002",
        "F-2022-00001",
        "F-2022-00002",
    ]
    services.ledger.close()


def test_a_number_taken_by_a_transaction_that_fails_is_given_to_the_next_one(services, monkeypatch):
    send(services, order_body("A"))

    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr("houblon.orders.mail.enqueue.queue", broken)
    with pytest.raises(RuntimeError):
        send(services, order_body("B"))
    monkeypatch.undo()
    send(services, order_body("C"))
    assert [row.sequence for row in rows(services, tables.invoices)] == [1, 2]


def test_the_ledger_itself_keeps_a_second_invoice_out(services):
    send(services)
    [row] = rows(services, tables.invoices)
    copy = {**row._mapping, "key": 99, "sequence": 99, "number": "F-2021-00099"}
    with pytest.raises(IntegrityError):
        services.ledger.write(lambda connection: connection.execute(insert(tables.invoices).values(copy)))


def test_there_is_room_for_a_credit_note_beside_the_invoice(services):
    send(services)
    [row] = rows(services, tables.invoices)
    note = {
        **row._mapping,
        "key": 99,
        "kind": "credit_note",
        "credits": row.key,
        "prefix": "NC",
        "number": "NC-2021-00001",
    }
    services.ledger.write(lambda connection: connection.execute(insert(tables.invoices).values(note)))
    assert len(rows(services, tables.invoices)) == 2


def test_a_signed_link_opens_its_invoice_and_no_other():
    link = invoice_link("https://houblon.example/", "secret", 42)
    token = link.removeprefix("https://houblon.example/f/")
    assert read_token("secret", token) == 42
    assert read_token("another", token) is None
    for forged in ("", "42", token[:-1], token + "x", "NDM." + token.split(".")[-1], "é", "." * 50):
        assert read_token("secret", forged) is None
