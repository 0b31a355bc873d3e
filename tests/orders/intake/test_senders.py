"""The mappings of docs/mappings read what those senders send: the payloads are written from their lists of fields."""

import json
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from houblon.engine.core.totals import place_of_order, totals_of
from houblon.engine.decide.bars import contradictions
from houblon.engine.decide.installation import Installation
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.mapping import map_order, read_mapping

MONTREAL = ZoneInfo("America/Toronto")
FOLDER = Path(__file__).resolve().parents[3] / "docs" / "mappings"


def dollars(amount):
    return {"amount": amount, "currency": "CAD"}


PAYLOADS = {
    "bigcommerce": {
        "id": 100,
        "date_created": "Mon, 30 Nov 2026 14:30:00 +0000",
        "status": "Awaiting Fulfillment",
        "currency_code": "CAD",
        "customer_id": 11,
        "billing_address": {"company": "Dépanneur", "email": "a@b.example", "state": "Quebec", "country_iso2": "CA"},
        "products": [
            {"sku": "IPA-24", "name": "IPA", "quantity": 24, "price_ex_tax": "54.0000", "total_tax": "194.08"}
        ],
        "shipping_cost_ex_tax": "25.0000",
        "shipping_cost_tax": "3.74",
        "total_tax": "197.82",
        "total_inc_tax": "1518.82",
        "payment_status": "captured",
        "payment_provider_id": "pi_1",
    },
    "square": {
        "order": {
            "id": "CAISENgvlJ6jLWAzERDzjyHVybY",
            "created_at": "2026-11-30T14:30:00.000Z",
            "state": "OPEN",
            "customer_id": "C1",
            "line_items": [
                {
                    "uid": "l1",
                    "name": "IPA",
                    "quantity": "24",
                    "base_price_money": dollars(5400),
                    "total_discount_money": dollars(0),
                }
            ],
            "service_charges": [{"name": "Livraison", "applied_money": dollars(2500)}],
            "total_tip_money": dollars(500),
            "total_money": dollars(132600),
            "tenders": [{"id": "T1"}],
        }
    },
    "odoo": {
        "name": "S00042",
        "date_order": "2026-11-30 14:30:00",
        "state": "sale",
        "partner_id": [7, "Dépanneur"],
        "currency_id": [4, "CAD"],
        "client_order_ref": "PO-9",
        "order_line": [
            {
                "product_id": [12, "IPA"],
                "name": "IPA",
                "product_uom_qty": 24.0,
                "price_unit": 54.0,
                "discount": 10.0,
                "price_subtotal": 1166.4,
            },
            {
                "product_id": [1, "Livraison"],
                "name": "Livraison",
                "product_uom_qty": 1.0,
                "price_unit": 25.0,
                "price_subtotal": 25.0,
                "is_delivery": True,
            },
        ],
        "amount_tax": 0.0,
        "amount_total": 1191.4,
    },
    "faire": {
        "id": "bo_1",
        "created_at": "20261130T143000.000Z",
        "state": "NEW",
        "retailer_id": "r_1",
        "address": {"company_name": "Dépanneur", "state_code": "QC", "country_code": "CA"},
        "items": [
            {
                "sku": "IPA-24",
                "product_name": "IPA",
                "quantity": 24,
                "price": {"amount_minor": 5400, "currency": "CAD"},
            },
            {
                "sku": "STO",
                "product_name": "Stout",
                "quantity": 1,
                "state": "CANCELED",
                "price": {"amount_minor": 1, "currency": "CAD"},
            },
        ],
        "brand_discounts": [{"code": "NOEL", "discount_amount": {"amount_minor": 1000, "currency": "CAD"}}],
    },
}
BEFORE_TAXES = {"bigcommerce": 132100, "square": 132600, "odoo": 119140, "faire": 128600}


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_sender_s_order_is_read_to_the_cent(name):
    mapping = read_mapping(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    order = read_order(json.dumps(map_order(mapping, PAYLOADS[name], MONTREAL)).encode())
    assert contradictions(order, Installation(MONTREAL)) == ()
    totals = totals_of(order, date(2026, 11, 30), place_of_order(order, None, "QC"))
    assert (totals.before_taxes, order.currency) == (BEFORE_TAXES[name], "CAD")
    assert order.placed_at.astimezone(MONTREAL).isoformat() == "2026-11-30T09:30:00-05:00"
    assert sum(line.quantity for line in order.lines) == 24
