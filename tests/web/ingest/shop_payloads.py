"""Orders as Shopify and WooCommerce send them, written from their public lists of fields as somebody outside would.

Each shop counts by itself here: taxes line by line, half a cent up, and its own total beside them.
"""

from decimal import ROUND_HALF_UP, Decimal

RATES = {"QC": ("0.05", "0.09975"), "ON": ("0.13",), "NB": ("0.15",), "AB": ("0.05",)}
EVE = {"first_name": "Ève", "last_name": "Roy", "company": "Bar du Coin", "city": "Québec"}


def cents(amount):
    return Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)


def text(*amounts):
    return str(cents(sum(map(Decimal, amounts))))


def taxes_on(amount, place="QC"):
    return [cents(Decimal(amount) * Decimal(rate)) for rate in RATES.get(place, ())]


def inside(amount, place="ON"):
    """The taxes that an amount includes."""
    [rate] = map(Decimal, RATES[place])
    return cents(Decimal(amount) * rate / (1 + rate))


def address(province="Quebec", code="QC", country="Canada", country_code="CA"):
    return {**EVE, "province": province, "province_code": code, "country": country, "country_code": country_code}


def both(shop, shown, currencies=("CAD", "CAD")):
    """An amount as the shop counts it and as its buyer was shown it."""
    names = ("shop_money", "presentment_money")
    amounts = zip(names, (shop, shown), currencies, strict=True)
    return {name: {"amount": text(amount), "currency_code": code} for name, amount, code in amounts}


def tax_lines(amounts):
    return [{"title": "Taxe", "price": text(each)} for each in amounts]


def item(price, quantity, taxed=None, off=None, place="QC", **members):
    """A line of Shopify's, taxed on what is left of it after its discount unless `taxed` says on what."""
    amount = Decimal(price) * quantity - Decimal(off or 0)
    return {
        "id": 1,
        "product_id": 9,
        "variant_id": 90,
        "sku": "IPA-24",
        "title": "IPA 24",
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "taxable": True,
        "gift_card": False,
        "total_discount": "0.00",
        "discount_allocations": [{"amount": off, "discount_application_index": 0}] if off else [],
        "tax_lines": tax_lines(taxes_on(amount if taxed is None else taxed, place)),
        **members,
    }


def unsold(title, price, quantity=1, **members):
    """A tip, a custom line or a gift card: without a product's taxes."""
    return item(price, quantity, taxed="0", title=title, sku=None, tax_lines=[], taxable=False, **members)


def shipping(price="25.00", place="QC", **members):
    return {
        "id": 5,
        "title": "Livraison",
        "price": price,
        "discounted_price": price,
        "is_removed": False,
        "discount_allocations": [],
        "tax_lines": tax_lines(taxes_on(price, place)),
        **members,
    }


def shopify(lines, total, tax, now=None, **members):
    """`now` is the total after edits and refunds; a shop of before there were such members says none."""
    current = {"current_total_price": text(now)} if now is not None else {}
    return {
        "id": 5500001,
        "name": "#1042",
        "created_at": "2021-05-12T09:30:00-04:00",
        "processed_at": "2021-05-12T09:30:00-04:00",
        "currency": "CAD",
        "presentment_currency": "CAD",
        "financial_status": "pending",
        "cancelled_at": None,
        "test": False,
        "taxes_included": False,
        "tax_exempt": False,
        "customer": {"id": 71, "email": "eve@bar.example", "tags": ""},
        "email": "eve@bar.example",
        "billing_address": address(),
        "shipping_address": address(),
        "line_items": [{**line, "id": place} for place, line in enumerate(lines, 1)],
        "shipping_lines": [],
        "refunds": [],
        "total_tax": text(tax),
        "total_price": text(total),
        "total_outstanding": "0.00",
        **current,
        **members,
    }


def given_back(quantity, subtotal, tax, line=1, **members):
    return {"line_item_id": line, "quantity": quantity, "subtotal": text(subtotal), "total_tax": text(tax), **members}


def refund(*lines, adjustments=(), **members):
    return {"id": 8, "refund_line_items": [*lines], "order_adjustments": [*adjustments], "transactions": [], **members}


def product(subtotal, quantity, total=None, tax=None, **members):
    """A line of WooCommerce's; `tax` is what it bears, those of Québec unless it is said."""
    total = total or subtotal
    return {
        "id": 1,
        "product_id": 9,
        "variation_id": 0,
        "sku": "IPA-24",
        "name": "IPA 24",
        "quantity": quantity,
        "tax_class": "",
        "subtotal": subtotal,
        "total": total,
        "total_tax": text(*taxes_on(total)) if tax is None else tax,
        **members,
    }


def fee(name, total, tax=None):
    taxed = text(*taxes_on(total)) if tax is None else tax
    return {"id": 6, "name": name, "tax_class": "", "tax_status": "taxable", "total": total, "total_tax": taxed}


def woocommerce(lines, total, tax, state="QC", country="CA", **members):
    return {
        "id": 9001,
        "number": "9001",
        "status": "processing",
        "date_created_gmt": "2021-05-12T13:30:00",
        "currency": "CAD",
        "prices_include_tax": False,
        "customer_id": 3,
        "billing": {**EVE, "email": "eve@bar.example", "state": state, "country": country},
        "shipping": {"first_name": "", "state": "", "country": ""},
        "payment_method": "cod",
        "date_paid_gmt": None,
        "meta_data": [],
        "line_items": lines,
        "shipping_lines": [],
        "fee_lines": [],
        "refunds": [],
        "total": text(total),
        "total_tax": text(tax),
        **members,
    }
