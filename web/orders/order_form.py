"""The what-if page's order: typed in a short form, pasted, or taken from one that is there."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from houblon.engine.core.problem import Invalid
from houblon.web.presentation.typed_numbers import money_typed, number_shown, number_typed

_BLANK = {"buyer": "", "items": "24", "province": "QC"}
_PRICE = 27.0
_MOST = 10**9
# Which field of the short form a fault's pointer means.
PLACES = {
    "/buyer/id": "buyer",
    "/buyer/province": "province",
    "/lines/0/quantity": "items",
    "/lines/0/unit_price": "price",
    "/planned_delivery": "planned_delivery",
    "/delivery_method": "delivery_method",
    "/note": "note",
    "/as_of": "as_of",
    "/accepted_at": "accepted_at",
    **{f"/buyer/{name}": name for name in ("overdue_balance", "days_overdue", "outstanding_balance", "credit_limit")},
}
# What a buyer's system may know of them; left empty, the order does not say, and a rule that asks is unknown.
_BUYER = {"overdue_balance": "money", "days_overdue": "number", "outstanding_balance": "money", "credit_limit": "money"}
_CHOICES = ("distributor", "delivery_method", "planned_delivery", "source", "note")


def blank(language: str) -> dict[str, Any]:
    """The form of an order that Tous of the demonstration accepts."""
    return {**_BLANK, "price": number_shown(_PRICE, language, money=True)}


def pasted(body: bytes | str, language: str) -> dict[str, Any]:
    """The form of an order that is there, as its JSON."""
    return {**blank(language), "json": json.dumps(json.loads(body), ensure_ascii=False, indent=2)}


def order_body(typed: Mapping[str, str], now: datetime, language: str) -> bytes:
    """The order's JSON: pasted, or made of the short form. What is left empty is not in it."""
    if typed.get("json", "").strip():
        return typed["json"].encode()
    said = {name: value.strip() for name, value in typed.items() if value.strip()}
    buyer: dict[str, Any] = {"id": said.get("buyer", "et-si")}
    if "province" in said:
        buyer["province"] = said["province"]
    if "group" in said:
        buyer["groups"] = [said["group"]]
    if "is_first_order" in said:
        buyer["is_first_order"] = said["is_first_order"] == "yes"
    for name, kind in _BUYER.items():
        if name in said:
            buyer[name] = (
                money_or_text(said[name], language) if kind == "money" else whole_or_text(said[name], language)
            )
    document: dict[str, Any] = {
        "id": "et-si",
        "placed_at": now.isoformat(),
        "buyer": buyer,
        "lines": [
            {
                "sku": said.get("sku", "article"),
                "quantity": whole_or_text(said.get("items", ""), language),
                "unit_price": money_or_text(said.get("price", ""), language),
            }
        ],
        **{name: said[name] for name in _CHOICES if name in said},
    }
    return json.dumps(document).encode()


def whole_or_text(text: str, language: str) -> int | str:
    """The whole number that is meant; what is none is left for the order's schema to tell."""
    number = number_typed(text, language)
    return number if isinstance(number, int) and number < _MOST else text


def money_or_text(text: str, language: str) -> str:
    """« 1 234,50 $ » as “1234.50”; what is no certain amount is left for the order's schema to tell."""
    try:
        return money_typed(text, language)
    except Invalid:
        return text
