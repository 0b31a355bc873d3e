"""Who reads English in Québec gets French with English beside it: on paper, on the page and by mail."""

import dataclasses
import io

import pytest
from pypdf import PdfReader

from houblon.engine.core.problem import Text
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, lifecycle, planned_delivery
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.document import pdf, sheet
from houblon.orders.mail import invoice_link
from houblon.orders.mail.rendered import rendered
from tests.clock import NOW, day_of
from tests.orders.services import later, make_services, order_body, rows, send, tous

NOTE = {"fr": "Merci de votre confiance.", "en": "Thank you for your trust."}


def bought(folder, province="QC", language="en", french="both", **members):
    """Services in which a buyer of such a place and language has an invoice."""
    services = dataclasses.replace(make_services(folder, tous(invoicing_note=NOTE)), french=french)
    buyer = {"language": language, "province": province, "po_number": "A-1"}
    assert send(services, order_body(buyer=buyer, **members)).document["outcome"] == "accepted"
    return services


def printed(row):
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf(row.document))).pages)


@pytest.mark.parametrize(
    ("province", "language", "french", "languages"),
    [
        ("QC", "en", "both", ("fr", "en")),
        ("Québec", "en-CA", "both", ("fr", "en")),
        ("Nowhere", "en", "both", ("fr", "en")),  # nobody knows: French is not left out
        ("QC", "en", "only", ("fr",)),
        ("QC", "en", "buyer", ("en",)),
        ("ON", "en", "both", ("en",)),
        ("ON", "en", "only", ("en",)),
        ("ON", "fr", "buyer", ("fr",)),
        ("QC", "fr", "both", ("fr",)),
    ],
)
def test_the_place_and_the_installation_say_which_languages(tmp_path, province, language, french, languages):
    members = {"tax_exempt": True} if province == "Nowhere" else {}
    services = bought(tmp_path, province, language, french, **members)
    [row] = rows(services, tables.invoices)
    found = sheet(row.document)
    assert tuple(each.language for each in (found, found.beside) if each) == languages
    text = printed(row)
    assert ("Facture" in text, "Invoice" in text) == ("fr" in languages, "en" in languages)
    assert (NOTE["fr"] in text, NOTE["en"] in text) == ("fr" in languages, "en" in languages)
    services.ledger.close()


def test_every_text_of_a_sheet_is_in_both_languages(tmp_path):
    lines = [
        {"sku": "BLO-50", "name": "Fût", "quantity": 30, "unit_price": "250.00", "deposit": "50.00"},
        {"sku": "IPA", "name": "IPA", "quantity": 4, "unit_price": "54.00", "discount": "1.00", "deposit": "2.40"},
        {"sku": "VERRE", "name": "Verre", "quantity": 2, "unit_price": "3.00", "taxable": False},
    ]
    lines[0]["deposit_taxable"] = True
    charges = [{"kind": kind, "amount": "2.00"} for kind in ("shipping", "fee", "tip")]
    services = bought(tmp_path, lines=lines, charges=charges, payment={"state": "partial", "amount": "5.00"})
    credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=later(hours=1))
    for row in rows(services, tables.invoices):
        found, text = sheet(row.document), printed(row)
        assert found.beside is not None and found.beside.language == "en"
        pairs = [
            *zip(found.facts, found.beside.facts, strict=True),
            *zip(found.totals, found.beside.totals, strict=True),
            *zip(found.terms, found.beside.terms, strict=True),
        ]
        said = [found.title, found.beside.title, *found.columns, *found.beside.columns, *found.notes]
        said += [*found.beside.notes, *(each.label for pair in pairs for each in pair)]
        said += [part.remark for beside in (found, found.beside) for part in beside.rows if part.remark]
        squeezed = "".join(text.split())
        assert [each for each in said if "".join(each.split()) not in squeezed] == []
        # The same part by part: no text of the one is without its other.
        assert len(found.rows) == len(found.beside.rows) and len(found.notes) == len(found.beside.notes)
    services.ledger.close()


def test_every_mail_to_such_a_buyer_is_in_both(tmp_path):
    services = bought(tmp_path)
    credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=later(hours=1))
    send(services, order_body("PO-2", items=1, buyer={"language": "en", "province": "QC"}))
    planned = dataclasses.replace(services, follow_delivery=True)
    day = day_of(NOW).replace(day=28)
    planned_delivery.change(planned, 1, day, by="anne", at=later(hours=2), why="camion")
    [invoice, note] = rows(services, tables.invoices)
    services.ledger.write(lambda connection: invoice_link.queue(connection, services, invoice, later(hours=3)))
    services.ledger.write(lambda connection: invoice_link.queue(connection, services, note, later(hours=3)))
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=4), why="")
    letters = [rendered(row.message) for row in rows(services, tables.outbox)]
    assert {row.event for row in rows(services, tables.outbox)} >= {"invoice.issued", "order.held", "invoice.link"}
    for letter in letters:
        assert " / " in letter["subject"]
        for form in ("text", "html"):
            assert letter[form].index("Bonjour") < letter[form].index("Hello"), letter["subject"]
        assert 'lang="fr"' in letter["html"] and 'lang="en"' in letter["html"]
    services.ledger.close()


def test_a_credit_note_of_an_invoice_that_was_in_english_alone_is_in_both(tmp_path):
    services = bought(tmp_path, french="buyer")
    services = dataclasses.replace(services, french="both")
    credit_notes.credit(services, 1, (Asked(1, 2),), Words(), by="anne", at=later(hours=1))
    invoice, note = rows(services, tables.invoices)
    assert sheet(invoice.document).beside is None
    assert "Note de crédit" in printed(note) and "Credit note" in printed(note)
    services.ledger.close()


@pytest.mark.parametrize(("language", "words"), [("fr", "rien à payer"), ("en", "nothing to pay")])
def test_an_invoice_of_nothing_asks_for_nothing_on_paper_and_by_mail(tmp_path, language, words):
    lines = [{"sku": "IPA", "quantity": 24, "unit_price": "54.00"}]
    gift = [{"kind": "gift_card", "amount": "-1296.00", "taxable": True}]
    services = bought(tmp_path, "QC", language, lines=lines, charges=gift)
    [row], [letter] = rows(services, tables.invoices), rows(services, tables.outbox)
    assert (row.total, row.state, row.paid_on) == (0, "paid", day_of(NOW).isoformat())
    assert words in printed(row) and words in rendered(letter.message)["text"]
    for payable in ("Payable au plus tard", "Payable by"):
        assert payable not in printed(row) and payable not in rendered(letter.message)["text"]
    services.ledger.close()


def test_a_text_that_both_languages_say_alike_stands_once():
    from houblon.orders.invoicing.languages import said_in

    assert said_in(Text("Total", "Total"), ("fr", "en")) == "Total"
    assert said_in(Text("Frais", "Fee"), ("fr", "en")) == "Frais / Fee"
