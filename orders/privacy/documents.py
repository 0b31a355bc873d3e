"""What an order and an invoice say, without who they are from: for the ledger to keep when the person is erased.

Numbers, days and choices stay, and of texts only those that are listed here: rules or taxes ask for them, or the house
wrote them. Any other text may say anything of anybody, one that an order carries from tomorrow on too.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from houblon.engine.core.order import Buyer, Charge, Line, Order, Payment, StatedTotal
from houblon.orders.invoicing.invoice import EXEMPT_BY_ORDER, EXEMPTIONS
from houblon.orders.privacy.traces import replaced

ERASED = "[effacé]"
_PARTS = {"buyer": Buyer, "lines": Line, "charges": Charge, "payment": Payment, "stated_total": StatedTotal}
IMPERSONAL: dict[type, frozenset[str]] = {
    Order: frozenset(("id", "currency", "distributor", "delivery_method", "source", "status")),
    Buyer: frozenset(("id", "province", "country", "groups")),
    Line: frozenset(("sku", "name", "category")),
}
# The same of an invoice, whose parts are the house's own; their other texts go.
_OF_INVOICE = frozenset(
    "kind number credits order_id placed_at currency issued_at issued_on language seller lines discount_percent taxes "
    "cents terms terms_text due_date derivation note order_note version policy_hash".split()
)
_OF_BUYER, _OF_CHARGE, _OF_PAYMENT = (
    frozenset(names.split()) for names in ("id province country", "kind amount", "amount")
)


def body_without_person(body: bytes, values: Sequence[str], with_note: bool) -> bytes:
    """An order as rules read it; its products' names without the person's `values`."""
    sent = msgspec.json.decode(body)
    document = _staying(sent, Order)
    for name, struct in _PARTS.items():
        part = document.get(name)
        if part:
            document[name] = (
                [_staying(each, struct) for each in part] if isinstance(part, list) else _staying(part, struct)
            )
    document["buyer"]["name"] = ERASED
    document["lines"] = _named_otherwise(document["lines"], values)
    if sent.get("note"):
        document["note"] = sent["note"] if with_note else ERASED
    return msgspec.json.encode(document)


def invoice_without_person(document: dict[str, Any], values: Sequence[str]) -> dict[str, Any]:
    """What an invoice prints, amounts and dates as they were."""
    found = _without_texts(document, _OF_INVOICE | {"buyer", "charges", "payment", "tax_exempt_reason"})
    found["buyer"] = {**_without_texts(document["buyer"], _OF_BUYER), "name": ERASED}
    found["lines"] = _named_otherwise(document["lines"], values)
    if document.get("charges"):
        found["charges"] = [_without_texts(charge, _OF_CHARGE) for charge in document["charges"]]
    if document.get("payment"):
        found["payment"] = _without_texts(document["payment"], _OF_PAYMENT)
    if document.get("tax_exempt_reason") and document["tax_exempt_reason"] not in EXEMPTIONS:
        found["tax_exempt_reason"] = EXEMPT_BY_ORDER
    if document.get("why"):
        found["why"] = ERASED
    return found


def _staying(document: dict[str, Any], struct: type) -> dict[str, Any]:
    """The members that Houblon knows, and that are no text or an impersonal one."""
    names = {
        field.encode_name
        for field in msgspec.inspect.type_info(struct).fields  # type: ignore[attr-defined]  # of a struct it has them
        if field.encode_name in IMPERSONAL.get(struct, ()) or not _is_text(field.type)
    }
    return {name: value for name, value in document.items() if name in names}


def _is_text(type_: msgspec.inspect.Type) -> bool:
    if isinstance(type_, msgspec.inspect.UnionType):
        return any(map(_is_text, type_.types))
    if isinstance(type_, msgspec.inspect.VarTupleType):
        return _is_text(type_.item_type)
    return isinstance(type_, msgspec.inspect.StrType)


def _without_texts(document: dict[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    return {
        name: value if name in kept or isinstance(value, bool | int | None) else None
        for name, value in document.items()
    }


def _named_otherwise(lines: list[dict[str, Any]], values: Sequence[str]) -> list[dict[str, Any]]:
    """Lines whose products are named after nobody: a name may have been made for who ordered."""
    return [{**line, "name": replaced(line["name"], values, ERASED)} if "name" in line else line for line in lines]
