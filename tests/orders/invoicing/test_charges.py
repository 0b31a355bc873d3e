"""What an order carries beside its lines, on its invoice: charges, exemptions, deposits, what was paid already."""

import pytest

from houblon.engine.core.order import READING, SECOND_READING
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, deliveries, lifecycle, review
from houblon.orders.handling.bulk import prospects, total_of
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.replay import replay
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.document import pdf, sheet
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.events.reading import events_of
from tests.orders.services import later, make_services, order_body, rows, send, tous

SHIPPING = {"kind": "shipping", "name": "Livraison express", "amount": "25.00"}
REBATE = {"kind": "discount", "amount": "-12.00"}
TIP = {"kind": "tip", "amount": "5.00", "taxable": False}


def invoice_of(services, **members):
    assert send(services, order_body(**members)).document["outcome"] == "accepted"
    return rows(services, tables.invoices)[-1]


def told(entries):
    return {entry.label: entry.value.replace("\u00a0", " ") for entry in entries}


def test_charges_are_on_the_invoice_signed_and_never_items(services):
    row = invoice_of(services, charges=[SHIPPING, REBATE, TIP])
    cents = row.document["cents"]
    assert (cents["subtotal"], cents["charges"], cents["taxable"], cents["untaxed"]) == (129600, 1800, 130900, 500)
    assert row.total == 130900 + 500 + 6545 + 13057
    [order] = rows(services, tables.orders)
    assert (order.order_value, order.item_count) == (129600, 24)
    printed = told(sheet(row.document).totals)
    assert printed["Livraison express"] == "25,00 $" and printed["Rabais"] == "−12,00 $"
    assert printed["Pourboire (non taxable)"] == "5,00 $"
    assert pdf(row.document).startswith(b"%PDF-")


def test_a_credit_note_takes_charges_back(services):
    invoice_of(services, charges=[SHIPPING, TIP])
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=later(hours=1), why="")
    issued, credited = rows(services, tables.invoices)
    assert credited.total == -issued.total
    assert [each["amount"] for each in credited.document["charges"]] == ["-25.00", "-5.00"]


def test_an_exempt_order_and_an_exempt_line_say_why(services):
    row = invoice_of(services, tax_exempt=True, tax_exempt_reason="certificat 42")
    assert row.total == 129600 and "Exempté de taxes (certificat 42)" in told(sheet(row.document).totals)
    line = {"sku": "IPA-24", "quantity": 24, "unit_price": "54.00", "tax_exempt": True}
    row = invoice_of(services, id="PO-2", lines=[line])
    assert row.document["taxes"] == [
        {"tax": "TPS", "percent": "5", "amount": 0},
        {"tax": "TVQ", "percent": "9.975", "amount": 0},
    ]
    assert "exempté de taxes" in sheet(row.document).rows[0].remark


def test_no_tax_is_charged_outside_canada(services):
    row = invoice_of(services, buyer={"province": "CA", "country": "US"})
    assert row.total == 129600 and "Exempté de taxes (livraison hors du Canada)" in told(sheet(row.document).totals)
    assert rows(services, tables.decisions)[-1].document["outcome"] == "accepted"


def test_the_deposit_of_a_keg_is_taxed_and_that_of_a_bottle_is_not(services):
    lines = [
        {"sku": "FUT", "quantity": 2, "unit_price": "200.00", "deposit": "50.00", "deposit_taxable": True},
        {"sku": "IPA", "quantity": 24, "unit_price": "10.00", "deposit": "0.10"},
    ]
    row = invoice_of(services, lines=lines)
    cents = row.document["cents"]
    assert (cents["taxable"], cents["deposits"]) == (40000 + 24000 + 10000, 240)
    assert cents["total"] == 74000 + 3700 + 7382 + 240
    assert told(sheet(row.document).totals) | {"Consignes taxables": "100,00 $", "Consignes": "2,40 $"} == told(
        sheet(row.document).totals
    )
    [issued] = [each for each in events_of(services) if each.type == "invoice.issued"]
    assert (issued.data["deposits"], issued.data["taxed_deposits"]) == ("2.40", "100.00")
    credit_notes.credit(services, row.key, (Asked(1, 1), Asked(2, 24)), Words(), by="anne", at=NOW)
    note = rows(services, tables.invoices)[-1].document
    assert (note["cents"]["taxed_deposits"], note["cents"]["deposits"]) == (-5000, -240)
    [noted] = [each for each in events_of(services) if each.type == "credit_note.issued"]
    assert (noted.data["deposits"], noted.data["taxed_deposits"]) == ("-2.40", "-50.00")


def test_the_deposit_of_a_line_that_bears_no_tax_for_its_buyer_bears_none(services):
    line = {"sku": "FUT", "quantity": 24, "unit_price": "200.00", "deposit": "50.00", "deposit_taxable": True}
    row = invoice_of(services, lines=[{**line, "tax_exempt": True}])
    assert row.document["cents"]["deposits"] == 120000 and row.total == 480000 + 120000
    assert "consigne taxable" not in sheet(row.document).rows[0].remark


def test_what_the_sender_was_paid_is_issued_as_paid_with_its_reference(services):
    row = invoice_of(services, payment={"state": "paid", "reference": "ch_123"})
    assert (row.state, row.paid_on) == ("paid", "2021-05-12")
    moves = [each for each in rows(services, tables.transitions) if each.invoice_key == row.key]
    assert [(each.after, each.why) for each in moves][-1] == ("paid", "ch_123")
    assert "déjà payée (ch_123)" in told(sheet(row.document).terms)["Solde"]
    mailed = b" ".join(bytes(str(each._mapping), "utf-8") for each in rows(services, tables.outbox)).decode()
    assert "déjà payée" in mailed and "Payable" not in mailed


def test_what_was_paid_in_part_is_still_to_be_paid(services):
    row = invoice_of(services, payment={"state": "partial", "amount": "100.00", "reference": "ch_1"})
    assert row.state == "issued" and told(sheet(row.document).terms)["Déjà payé"] == "100,00 $ (ch_1)"
    short = invoice_of(services, id="PO-2", payment={"state": "paid", "amount": "100.00"})
    assert short.state == "issued"


def test_an_order_whose_province_nobody_knows_waits_and_is_not_invoiced_on_a_guess(services):
    found = send(services, order_body(buyer={"province": "Zorkie"})).document
    assert found["outcome"] == "held" and "missing_fact" in [each["code"] for each in found["reasons"]]
    with pytest.raises(Conflict) as raised:
        review.accept(services, 1, by="anne", at=later(hours=1))
    assert raised.value.code == "unknown_province"
    assert rows(services, tables.invoices) == []
    with services.ledger.reading() as connection:
        [found] = prospects(connection, services, [1], later(hours=1))
    assert (found.total, found.barred.code, total_of([found])) == (None, "unknown_province", 0)


def test_without_an_invoice_to_issue_such_an_order_may_be_accepted(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="on_delivery"))
    send(services, order_body(buyer={"province": "Zorkie"}))
    with services.ledger.reading() as connection:
        [found] = prospects(connection, services, [1], later(hours=1))
    assert (found.total, found.barred) == (None, None)
    review.accept(services, 1, by="anne", at=later(hours=1))
    with services.ledger.reading() as connection:
        at_delivery = review.preview_of_delivery(connection, services, 1, later(hours=2))
    assert (at_delivery.draft, at_delivery.barred.code) == (None, "unknown_province")
    with pytest.raises(Conflict):
        deliveries.deliver(services, 1, by="anne", at=later(hours=2))
    services.ledger.close()


def test_without_a_province_of_the_installation_the_retailer_s_own_counts(services):
    send(services, order_body("PO-0", buyer={"province": "Ont."}))
    row = invoice_of(services, id="PO-1")
    assert [each["tax"] for each in row.document["taxes"]] == ["TVH"]
    with services.ledger.reading() as connection:
        assert replay(connection, services).differences == ()


@pytest.mark.parametrize(("off", "outcome"), [("-1296.00", "accepted"), ("-1296.01", "held")])
def test_what_charges_bring_below_zero_is_held_and_nobody_is_invoiced_less_than_nothing(services, off, outcome):
    send(services, order_body(charges=[{"kind": "discount", "amount": off}], stated_total=None))
    [row] = rows(services, tables.decisions)
    assert row.document["outcome"] == outcome
    if outcome == "held":
        assert [each["code"] for each in row.document["reasons"]] == ["below_zero"]
        assert "-$0.01" in row.document["reasons"][0]["message"]["en"].replace("−", "-")
    assert {each.total >= 0 for each in rows(services, tables.invoices)} <= {True}
    # What was decided before is decided as it was then.
    services.ledger.write(
        lambda connection: connection.execute(
            tables.decisions.update().values(reading={**row.reading, "form": SECOND_READING})
        )
    )
    with services.ledger.reading() as connection:
        found = [each.now["outcome"] for each in replay(connection, services).differences]
    assert found == (["accepted"] if outcome == "held" else [])


def test_what_was_decided_before_is_decided_by_the_reading_of_then(services):
    """A ledger of before: what the sender called its state was nothing to anybody."""
    send(services, order_body(status="voided"))
    [row] = rows(services, tables.decisions)
    assert row.document["outcome"] == "held" and row.reading["form"] == READING
    services.ledger.write(lambda connection: connection.execute(tables.decisions.update().values(reading=None)))
    with services.ledger.reading() as connection:
        [difference] = replay(connection, services).differences
    assert difference.now["outcome"] == "accepted"


def test_a_part_of_an_invoice_never_charges_its_buyer_nor_is_more_than_the_invoice(services):
    lines = [
        {"sku": "IPA-24", "quantity": 24, "unit_price": "10.00"},
        {"sku": "FUT-50", "quantity": 24, "unit_price": "10.00", "deposit": "20.00"},
    ]
    # Worth less than nothing but for its deposits, which a person takes.
    answer = send(services, order_body(lines=lines, charges=[{**REBATE, "amount": "-576.00", "taxable": False}]))
    assert [each["code"] for each in answer.document["reasons"]] == ["below_zero"]
    review.accept(services, 1, by="anne", at=NOW)
    [invoice] = rows(services, tables.invoices)
    assert invoice.total == 48_000 + 7_188 - 57_600 + 48_000

    def credited(*asked):
        credit_notes.credit(services, 1, asked, Words(), by="anne", at=later(hours=1))

    for line in (1, 2):  # the first one comes to less than nothing, the second to more than the invoice
        with pytest.raises(Conflict) as refused:
            credited(Asked(line, 24))
        assert refused.value.code == "only_whole"
    assert len(rows(services, tables.invoices)) == 1
    credited(Asked(1, 24), Asked(2, 24))
    assert [row.total for row in rows(services, tables.invoices)] == [invoice.total, -invoice.total]
