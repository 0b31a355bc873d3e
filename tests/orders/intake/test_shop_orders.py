"""A shop's order is read whole: it comes to what the shop says to the cent, or it is held and says why.

The payloads are written from the shops' public lists of fields.
"""

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from houblon.engine.core.totals import place_of_order, totals_of
from houblon.engine.decide.bars import barred_for, contradictions
from houblon.engine.decide.installation import Installation
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.mapping import map_order, read_mapping
from houblon.orders.intake.sources import default_mapping
from houblon.orders.intake.unread import unread
from tests import cases

MONTREAL = ZoneInfo("America/Toronto")
INSTALLATION = Installation(MONTREAL)
ON = date(2026, 11, 30)
QUEBEC = {"province_code": "QC", "country_code": "CA"}


def order_of(kind, payload):
    document = map_order(read_mapping(default_mapping(kind)), payload, MONTREAL)
    return read_order(json.dumps(document).encode())


def held_for(order):
    barred = (*barred_for(order.currency, INSTALLATION, ()), *contradictions(order, INSTALLATION))
    return [reason.code for reason in barred]


def total_of(order):
    return totals_of(order, ON, place_of_order(order, None, "QC"))


def taxed(amount):
    """Tax lines in Québec of an amount in cents."""
    return [{"price": f"{round(amount * rate) / 100:.2f}"} for rate in (0.05, 0.09975)]


def shopify(*lines, **members):
    made = [
        {"id": place, "sku": "IPA-24", "title": "IPA", "product_id": 9, "quantity": 30, "price": "48.00", **line}
        for place, line in enumerate(lines or ({},), 1)
    ]
    return {
        "id": 450789469,
        "name": "#1001",
        "created_at": "2026-11-30T09:30:00-05:00",
        "currency": "CAD",
        "financial_status": "pending",
        "customer": {"id": 7},
        "shipping_address": QUEBEC,
        "line_items": made,
        **members,
    }


def woocommerce(*lines, **members):
    made = [
        {"product_id": 9, "sku": "IPA-24", "quantity": 30, "subtotal": "1440.00", "total": "1440.00", **line}
        for line in lines or ({},)
    ]
    return {
        "id": 727,
        "number": "727",
        "status": "processing",
        "date_created_gmt": "2026-11-30T13:30:00",
        "currency": "CAD",
        "customer_id": 3,
        "billing": {"email": "coin@example.com", "state": "QC", "country": "CA"},
        "line_items": made,
        **members,
    }


SHIPPING = {"title": "Livraison", "price": "25.00"}
TIP = {"title": "Tip", "name": "Tip", "product_id": None, "sku": None, "quantity": 1, "price": "10.00"}
CARD = {"title": "Carte-cadeau", "gift_card": True, "quantity": 1, "price": "50.00"}
LEFT = {"quantity": 60, "discount_allocations": [{"amount": "576.00"}]}
REFUND = [{"refund_line_items": [{"line_item_id": 1, "quantity": 30, "subtotal": "1152.00", "total_tax": "0.00"}]}]


@pytest.mark.parametrize(
    "kind, payload, before_taxes, items",
    [
        ("shopify", shopify(shipping_lines=[SHIPPING], total_price="1465.00"), 146500, 30),
        ("shopify", shopify({"quantity": 23}, TIP, total_price="1114.00"), 111400, 23),
        ("shopify", shopify({}, CARD, total_price="1490.00"), 149000, 30),
        ("shopify", shopify(total_tip_received="12.00", total_price="1452.00"), 145200, 30),
        ("shopify", shopify({**LEFT, "current_quantity": 30}, current_total_price="1152.00"), 115200, 30),
        ("shopify", shopify(LEFT, refunds=REFUND, total_price="2304.00"), 115200, 30),
        ("woocommerce", woocommerce(fee_lines=[{"name": "Rabais", "total": "-288.00"}], total="1152.00"), 115200, 30),
        ("woocommerce", woocommerce(fee_lines=[{"name": "Consigne", "total": "48.00"}], total="1488.00"), 148800, 30),
        ("woocommerce", woocommerce(shipping_lines=[{"total": "25.00"}], total="1465.00"), 146500, 30),
        ("woocommerce", woocommerce(gift_cards=[{"code": "ABC", "amount": "40.00"}], total="1400.00"), 140000, 30),
    ],
)
def test_what_is_charged_beside_the_lines_is_carried_and_is_no_item(kind, payload, before_taxes, items):
    order = order_of(kind, payload)
    assert held_for(order) == []
    assert total_of(order).before_taxes == before_taxes
    assert sum(line.quantity for line in order.lines) == items


def test_prices_that_include_taxes_lose_them_on_lines_and_on_shipping():
    line = {
        "quantity": 60,
        "current_quantity": 30,
        "price": "55.19",
        "tax_lines": [{"price": "144.00"}, {"price": "287.28"}],
    }
    shipping = {"title": "Livraison", "price": "28.74", "tax_lines": [{"price": "1.25"}, {"price": "2.49"}]}
    order = order_of(
        "shopify", shopify(line, taxes_included=True, shipping_lines=[shipping], current_total_price="1684.44")
    )
    assert held_for(order) == []
    assert order.lines[0].value == 165570 - 21564 and order.charges[0].amount == 2500


def test_a_total_with_taxes_is_compared_with_taxes_and_a_total_that_differs_holds_and_tells_both():
    line = {"tax_lines": taxed(144000)}
    assert held_for(order_of("shopify", shopify(line, total_tax="215.64", total_price="1655.64"))) == []
    assert held_for(order_of("shopify", shopify(line, total_tax="215.64", total_price="1655.69"))) == []
    order = order_of("shopify", shopify(line, total_tax="215.64", total_price="1655.70"))
    [reason] = contradictions(order, INSTALLATION)
    assert reason.code == "total_differs"
    assert reason.facts == {"total": "1655.64", "stated_total": "1655.70"}
    assert "1\u00a0655,64" in reason.message.fr and "1\u00a0655,70" in reason.message.fr


@pytest.mark.parametrize(
    "status", ["failed", "pending", "trash", "checkout-draft", "auto-draft", "refunded", "cancelled", "x"]
)
def test_a_state_of_woocommerce_that_may_not_pass_holds(status):
    assert held_for(order_of("woocommerce", woocommerce(status=status))) == ["sender_status"]


@pytest.mark.parametrize("status", ["voided", "refunded", "expired", "partially_refunded", "x"])
def test_a_state_of_shopify_that_may_not_pass_holds(status):
    assert held_for(order_of("shopify", shopify(financial_status=status))) == ["sender_status"]


def test_the_states_that_may_pass_do():
    for status in ("paid", "pending", "authorized", "partially_paid"):
        assert held_for(order_of("shopify", shopify(financial_status=status))) == []
    for status in ("processing", "on-hold", "completed"):
        assert held_for(order_of("woocommerce", woocommerce(status=status))) == []


def test_what_the_shop_was_paid_is_read_with_its_reference():
    paid = order_of("shopify", shopify(financial_status="paid", confirmation_number="XPAV284CT")).payment
    assert (paid.state, paid.reference) == ("paid", "XPAV284CT")
    part = shopify(financial_status="partially_paid", total_price="1440.00", total_outstanding="440.00")
    assert (order_of("shopify", part).payment.state, order_of("shopify", part).payment.amount) == ("partial", 100000)
    paid = order_of("woocommerce", woocommerce(date_paid="2026-11-30T09:31:00", transaction_id="ch_123")).payment
    assert (paid.state, paid.reference) == ("paid", "ch_123")
    assert order_of("woocommerce", woocommerce(date_paid=None)).payment is None


def test_exemptions_are_carried():
    exempt = order_of("shopify", shopify(tax_exempt=True))
    assert exempt.tax_exempt and total_of(exempt).taxes == ()
    named = order_of(
        "shopify", shopify(customer={"id": 7, "tax_exempt": True, "tax_exemptions": ["CA_DIPLOMAT_EXEMPTION"]})
    )
    assert named.tax_exempt_reason == "CA_DIPLOMAT_EXEMPTION"
    zero = {"tax_class": "zero-rate", "total": "100.00", "subtotal": "100.00", "quantity": 1}
    order = order_of("woocommerce", woocommerce({"total_tax": "215.64"}, zero, total_tax="215.64", total="1755.64"))
    assert [line.is_taxed for line in order.lines] == [True, False] and held_for(order) == []


def test_a_company_s_location_is_the_buyer():
    company = {"id": 1, "location_id": 88}
    for contact in (5, 6):
        order = order_of("shopify", shopify(customer={"id": contact}, company=company, po_number="PO-9"))
        assert (order.buyer.id, order.buyer.po_number) == ("88", "PO-9")
    terms = shopify(company=company, payment_terms={"payment_terms_name": "Net 30"})
    assert order_of("shopify", terms).payment_terms == "Net 30"


def test_a_presentment_currency_is_read_with_its_amounts_and_holds():
    def both(shop, shown):
        return {
            "shop_money": {"amount": shop, "currency_code": "CAD"},
            "presentment_money": {"amount": shown, "currency_code": "USD"},
        }

    line = {"price_set": both("48.00", "35.00")}
    order = order_of("shopify", shopify(line, total_price="1440.00", total_price_set=both("1440.00", "1050.00")))
    assert (order.currency, order.lines[0].unit_price, order.stated_total.amount) == ("USD", 3500, 105000)
    assert held_for(order) == ["currency"]


def test_a_currency_that_is_not_said_holds():
    assert held_for(order_of("shopify", shopify(currency=None))) == ["currency"]


@pytest.mark.parametrize(
    "kind, file",
    [
        ("shopify", "shopify_orders_create.json"),
        ("woocommerce", "woocommerce_order_723_3.json"),
        ("woocommerce", "woocommerce_order_727_0.json"),
        ("woocommerce", "woocommerce_order_727_2.json"),
        ("woocommerce", "woocommerce_order_727_10.json"),
    ],
)
def test_the_shops_own_samples_come_to_their_total_or_say_why_not(kind, file):
    order = order_of(kind, cases.load(file))
    assert "total_differs" in held_for(order) or total_of(order).total == order.stated_total.amount
    assert held_for(order)


def test_what_no_rule_looked_at_is_told():
    seen, payload = set(), shopify({"grams": 500}, {"grams": 0, "vendor": "Houblon"}, landing_site="/")
    map_order(read_mapping(default_mapping("shopify")), payload, MONTREAL, (), seen)
    found = {each.path: each.example for each in unread(payload, seen)}
    assert found["line_items[].grams"] == 500 and found["landing_site"] == "/"
    assert "line_items[].price" not in found and "shipping_address.province_code" not in found
