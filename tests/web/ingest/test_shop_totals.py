"""At the doors, an order of a shop is invoiced at the shop's own total to the cent, or is held and says why."""

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import invoices, orders
from tests.web.ingest.shop_payloads import (
    address,
    both,
    cents,
    fee,
    given_back,
    inside,
    item,
    product,
    refund,
    shipping,
    shopify,
    tax_lines,
    taxes_on,
    text,
    unsold,
    woocommerce,
)
from tests.web.ingest.test_shops import add_shop, call, codes

BEER, ON_BEER = item("48.00", 30), taxes_on("1440.00")
WITH_TAX = text("1440.00", *ON_BEER)
PARTLY = {"financial_status": "partially_refunded"}
ONTARIO = {"shipping_address": address("Ontario", "ON"), "billing_address": address("Ontario", "ON")}
HALF = item("48.00", 60, off="576.00")
HALF_TAX = taxes_on("1152.00")
HALF_BACK = [refund(given_back(30, "1152.00", sum(HALF_TAX)))]
SHIPPING_BACK = {"kind": "shipping_refund", "amount": "-25.00", "tax_amount": text("-1.25", "-2.49")}


def in_dollars(amount):
    """What a shop that counts in US dollars makes of an amount that its buyer saw in Canadian ones."""
    return cents(amount * cents("0.72"))


def shown(amount):
    return both(in_dollars(cents(amount)), amount, ("USD", "CAD"))


def _shown_in_canadian():
    bears = [{"price": text(in_dollars(tax)), "price_set": shown(tax)} for tax in ON_BEER]
    line = {**BEER, "price": text(in_dollars(cents("48.00"))), "price_set": shown("48.00"), "tax_lines": bears}
    line["current_quantity"] = 24
    left = cents(text("1152.00", *taxes_on("1152.00")))
    back = given_back(6, "207.36", "31.05", subtotal_set=shown("288.00"), total_tax_set=shown("43.13"))
    members = {"total_price_set": shown(WITH_TAX), "current_total_price_set": shown(left), "currency": "USD"}
    return shopify(
        [line], in_dollars(cents(WITH_TAX)), "155.26", in_dollars(left), refunds=[refund(back)], **PARTLY, **members
    )


# What a shop sends, and what it says that its buyer pays.
SHOPIFY = {
    "shipping, discounts of lines and of the order": (
        shopify(
            [item("48.00", 30, off="140.00"), item("60.00", 10, off="100.00")],
            text("1825.00", *taxes_on("1800.00"), *taxes_on("25.00")),
            "1",
            shipping_lines=[shipping()],
        ),
        text("1825.00", *taxes_on("1825.00")),
    ),
    "shipping that a code made free": (
        shopify(
            [BEER],
            WITH_TAX,
            sum(ON_BEER),
            shipping_lines=[
                shipping(discounted_price="0.00", discount_allocations=[{"amount": "25.00"}], tax_lines=tax_lines([0]))
            ],
        ),
        WITH_TAX,
    ),
    "products of rate zero beside taxed ones": (
        shopify(
            [BEER, item("4.00", 50, tax_lines=[]), item("4.00", 50, tax_lines=[{"rate": 0.0, "price": "0.00"}])],
            text(WITH_TAX, "400.00"),
            sum(ON_BEER),
        ),
        text(WITH_TAX, "400.00"),
    ),
    "nothing but products of rate zero": (
        shopify([item("8.00", 50, tax_lines=[{"rate": 0.0, "price": "0.00"}])], "400.00", "0"),
        "400.00",
    ),
    "half of it given back": (
        shopify(
            [{**HALF, "current_quantity": 30}],
            "2649.02",
            "345.02",
            text("1152.00", *HALF_TAX),
            refunds=HALF_BACK,
            **PARTLY,
        ),
        text("1152.00", *HALF_TAX),
    ),
    "half of it given back, by an older shop": (
        shopify(
            [{**HALF, "current_quantity": None}],
            text("2304.00", *taxes_on("2304.00")),
            "345.02",
            refunds=HALF_BACK,
            **PARTLY,
        ),
        text("1152.00", *HALF_TAX),
    ),
    "its shipping given back": (
        shopify(
            [BEER],
            text(WITH_TAX, "25.00", *taxes_on("25.00")),
            "219.38",
            WITH_TAX,
            shipping_lines=[shipping()],
            refunds=[refund(adjustments=[SHIPPING_BACK])],
            **PARTLY,
        ),
        WITH_TAX,
    ),
    "its shipping given back, as newer shops say it": (
        shopify(
            [BEER],
            text(WITH_TAX, "25.00", *taxes_on("25.00")),
            "219.38",
            WITH_TAX,
            shipping_lines=[shipping()],
            refunds=[refund(refund_shipping_lines=[{"subtotal_amount_set": both("25.00", "25.00")}])],
            **PARTLY,
        ),
        WITH_TAX,
    ),
    "a line edited away and one added": (
        shopify([{**BEER, "current_quantity": 0}, item("60.00", 24)], "3311.28", "431.28", text("1440.00", *ON_BEER)),
        WITH_TAX,
    ),
    "taxes included, with shipping, in Ontario": (
        shopify(
            [item("54.24", 24, tax_lines=tax_lines([inside("1301.76")]))],
            "1330.01",
            "153.01",
            taxes_included=True,
            shipping_lines=[shipping("28.25", tax_lines=tax_lines([inside("28.25")]))],
            **ONTARIO,
        ),
        "1330.01",
    ),
    "a tip": (
        shopify([BEER, unsold("Tip", "15.00", product_id=None, variant_id=None)], text(WITH_TAX, "15"), "215.64"),
        text(WITH_TAX, "15"),
    ),
    "two gift cards": (
        shopify([BEER, unsold("Carte-cadeau", "100.00", 2, gift_card=True)], text(WITH_TAX, "200"), "215.64"),
        text(WITH_TAX, "200"),
    ),
    "duties": (
        shopify([BEER], text(WITH_TAX, "12"), "215.64", current_total_duties_set=both("12", "12")),
        text(WITH_TAX, "12"),
    ),
    "a company that is exempt": (
        shopify(
            [{**BEER, "tax_lines": []}],
            "1440.00",
            "0",
            tax_exempt=True,
            company={"id": 1, "location_id": 88},
            po_number="BC-7",
            payment_terms={"payment_terms_name": "Net 30"},
        ),
        "1440.00",
    ),
    "Canadian dollars in a shop of American ones, a fifth given back": (
        _shown_in_canadian(),
        text("1152.00", *taxes_on("1152.00")),
    ),
}
WOOCOMMERCE = {
    "a line that was edited to nothing": (
        woocommerce([product("1440.00", 30), product("0.00", 0)], WITH_TAX, sum(ON_BEER)),
        WITH_TAX,
    ),
    "a coupon, a fee that takes off, shipping": (
        woocommerce(
            [product("1440.00", 30, "1300.00")],
            text("1220.00", *taxes_on("1220.00")),
            "182.70",
            fee_lines=[fee("Rabais", "-100.00")],
            shipping_lines=[{"method_title": "Livraison", "total": "20.00", "total_tax": "3.00"}],
        ),
        text("1220.00", *taxes_on("1220.00")),
    ),
    "a tip and a gift card": (
        woocommerce(
            [product("1440.00", 30)],
            text(WITH_TAX, "10", "-50"),
            "215.64",
            fee_lines=[fee("Pourboire", "10.00", "0.00")],
            gift_cards=[{"code": "AB-12", "amount": 50}],
        ),
        text(WITH_TAX, "10", "-50"),
    ),
    "a class of rate zero beside a taxed one": (
        woocommerce([product("1440.00", 30), product("100.00", 10, tax="0.00", tax_class="zero-rate")], text(WITH_TAX, "100"), "215.64"),
        text(WITH_TAX, "100"),
    ),
    "a class of rate zero alone, by its French name": (
        woocommerce([product("400.00", 50, tax="0.00", tax_class="taux-zero")], "400.00", "0"),
        "400.00",
    ),
    "a buyer who is exempt": (
        woocommerce([product("1440.00", 30, tax="0.00")], "1440.00", "0", meta_data=[{"key": "is_vat_exempt", "value": "yes"}]),
        "1440.00",
    ),
    "prices with taxes, in Ontario": (
        woocommerce([product("1152.00", 24, tax="149.76")], "1301.76", "149.76", "ON", prices_include_tax=True),
        "1301.76",
    ),
    "a price that does not divide": (
        woocommerce([product("1000.00", 27)], text("1000", *taxes_on("1000")), sum(taxes_on("1000"))),
        text("1000", *taxes_on("1000")),
    ),
    "California": (woocommerce([product("1440.00", 30, tax="0.00")], "1440.00", "0", "CA", "US"), "1440.00"),
    "France": (woocommerce([product("1440.00", 30, tax="0.00")], "1440.00", "0", "", "FR"), "1440.00"),
}  # fmt: skip
# What may not pass, and why.
HELD_SHOPIFY = {
    "money given back without a line": (
        shopify(
            [BEER],
            WITH_TAX,
            "215.64",
            text(WITH_TAX, "-50"),
            refunds=[refund(adjustments=[{"kind": "refund_discrepancy", "amount": "-50.00", "tax_amount": "0.00"}])],
            **PARTLY,
        ),
        ["sender_status", "total_differs"],
    ),
    "a line given back, and money without one": (
        shopify(
            [{**HALF, "current_quantity": 30}],
            "2649.02",
            "345.02",
            text("1152.00", *HALF_TAX),
            refunds=[*HALF_BACK, refund()],
            **PARTLY,
        ),
        ["sender_status"],
    ),
    "a refund that says nothing": (shopify([BEER], WITH_TAX, "215.64", **PARTLY), ["sender_status"]),
    "a sales tax of British Columbia": (
        shopify([{**BEER, "tax_lines": tax_lines(["72.00", "100.80"])}], "1612.80", "172.80", shipping_address=address("British Columbia", "BC")),
        ["total_differs"],
    ),
    "a discount that no line bears": (shopify([BEER], text(WITH_TAX, "-100"), "215.64"), ["total_differs"]),
    "US dollars shown": (
        shopify([{**BEER, "price_set": both("48", "35", ("CAD", "USD"))}], WITH_TAX, "215.64", total_price_set=both(WITH_TAX, "1207.24", ("CAD", "USD"))),
        ["currency"],
    ),
    **{
        status: (shopify([BEER], WITH_TAX, "215.64", financial_status=status), ["sender_status"])
        for status in ("voided", "refunded", "expired")
    },
}  # fmt: skip
HELD_WOOCOMMERCE = {
    "a fee that takes more off than there is": (
        woocommerce(
            [product("1440.00", 30)],
            text("-60.00", *taxes_on("-60.00")),
            text(*taxes_on("-60.00")),
            fee_lines=[fee("Rabais", "-1500.00")],
        ),
        ["below_zero"],
    ),
    "a refund": (
        woocommerce([product("1440.00", 30)], WITH_TAX, "215.64", refunds=[{"id": 7, "reason": "bris", "total": "-100.00"}]),
        ["sender_status", "total_differs"],
    ),
    "US dollars": (woocommerce([product("1440.00", 30)], WITH_TAX, "215.64", currency="USD"), ["currency"]),
    **{
        status: (woocommerce([product("1440.00", 30)], WITH_TAX, "215.64", status=status), ["sender_status"])
        for status in ("pending", "failed", "checkout-draft")
    },
}  # fmt: skip


def invoiced(place):
    """What each order was invoiced at, in dollars."""
    query = select(orders.c.order_id, invoices.c.total).join(invoices, invoices.c.order_key == orders.c.key)
    with place.house.services.ledger.reading() as connection:
        return {row.order_id: text(row.total * cents("0.01")) for row in connection.execute(query)}


def sent(place, kind, cases):
    """Each payload at the shop's door, as an order of its own; its answer by its name."""
    add_shop(place, kind)
    delivery = {"shopify": "X_Shopify_Webhook_Id", "woocommerce": "X_WC_Webhook_Delivery_ID"}[kind]
    number = {"shopify": "name", "woocommerce": "number"}[kind]
    return {
        name: call(place, kind, {**payload, number: name}, **{delivery: f"d-{at}"})
        for at, (name, (payload, _)) in enumerate(cases.items())
    }


@pytest.mark.parametrize("kind, cases", [("shopify", SHOPIFY), ("woocommerce", WOOCOMMERCE)])
def test_an_order_is_invoiced_at_what_its_shop_says(place, kind, cases):
    answers = sent(place, kind, cases)
    assert {name: each.json["outcome"] for name, each in answers.items()} == dict.fromkeys(cases, "accepted")
    assert invoiced(place) == {name: total for name, (_, total) in cases.items()}


@pytest.mark.parametrize("kind, cases", [("shopify", HELD_SHOPIFY), ("woocommerce", HELD_WOOCOMMERCE)])
def test_an_order_that_is_not_certain_is_held_and_says_why(place, kind, cases):
    answers = sent(place, kind, cases)
    assert {name: codes(each) for name, each in answers.items()} == {name: why for name, (_, why) in cases.items()}
    assert invoiced(place) == {}


def test_a_refund_that_names_no_line_says_what_to_do_and_what_is_left(place):
    add_shop(place, "woocommerce")
    answer = call(place, "woocommerce", HELD_WOOCOMMERCE["a refund"][0])
    status, total = answer.json["reasons"]
    assert "créditez la facture" in status["message"]["fr"] and "credit its invoice" in status["message"]["en"]
    assert total["facts"] == {"total": "1655.64", "stated_total": "1555.64"}


@pytest.mark.parametrize(
    "rate, spellings",
    [
        ("ON", ["Ont.", "ONTARIO", "on", "Ontario, Canada"]),
        ("NB", ["N.-B.", "New Brunswick", "Nouveau-Brunswick", "Terre-Neuve-et-Labrador", "Newfoundland & Labrador"]),
        ("NB", ["Î.-P.-É.", "P.E.I.", "Prince Edward Island", "N.-É.", "Nova Scotia", "Nouvelle-Écosse"]),
        ("AB", ["Alb.", "Sask.", "Colombie-Britannique", "B.C.", "Man.", "T.N.-O.", "Yukon", "Nunavut"]),
        ("QC", ["Québec", "Qué.", "P.Q.", "QC"]),
    ],
)
def test_a_province_is_taxed_alike_in_every_spelling(place, rate, spellings):
    bears = taxes_on("1440.00", rate)
    line, total = {**BEER, "tax_lines": tax_lines(bears)}, text("1440.00", *bears)
    cases = {
        spelt: (shopify([line], total, sum(bears), shipping_address=address(spelt, None, "Canada", None)), total)
        for spelt in spellings
    }
    answers = sent(place, "shopify", cases)
    assert {name: each.json["outcome"] for name, each in answers.items()} == dict.fromkeys(cases, "accepted")
    assert invoiced(place) == dict.fromkeys(spellings, total)


def test_taxes_that_were_included_are_told_apart_to_a_cent(place):
    # A shop rounds the taxes inside a price, an invoice those on what is left: half of 269.57 is no whole cent.
    line = item("54.24", 48, off="260.36", tax_lines=tax_lines([inside("2343.16")]), current_quantity=24)
    edited = shopify([line], "2343.16", inside("2343.16"), "1171.58", taxes_included=True, **ONTARIO)
    assert sent(place, "shopify", {"edited": (edited, "")})["edited"].json["outcome"] == "accepted"
    assert invoiced(place) == {"edited": "1171.57"}
