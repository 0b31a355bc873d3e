"""Invoices as QuickBooks Online takes them from a file: a row for each line, with the tax that is its share.

Sources: Intuit, “Import invoices in batches” (quickbooks.intuit.com, en-ca help article 338729) and its sample file, by
whose headers columns are matched without being asked about; Intuit, “Common sales tax codes” (Canada), for the codes.
It takes invoices alone: credit notes and payments go there as journal entries (Intuit, “Import journal entries”).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Row

from houblon.engine.core.money import cents_written
from houblon.engine.core.places import province_code
from houblon.engine.core.problem import Text
from houblon.orders.invoicing.invoice import EXEMPT_ABROAD
from houblon.orders.invoicing.shares import share

HEADER = (
    "*InvoiceNo",
    "*Customer",
    "*InvoiceDate",
    "*DueDate",
    "Terms",
    "Location",
    "Memo",
    "Item(Product/Service)",
    "ItemDescription",
    "ItemQuantity",
    "ItemRate",
    "*ItemAmount",
    "*ItemTaxCode",
    "ItemTaxAmount",
    "Currency",
    "Service Date",
)
# The codes that QuickBooks Online sets up in Canada; where one province's is called otherwise, its import asks.
_BOTH_TAXES, _GST, _ZERO, _EXEMPT, _OUTSIDE = "GST/QST QC", "GST", "Z", "E", "Out of scope"


class Item(msgspec.Struct, frozen=True):
    """A row of an invoice: what, how many at how much where it is counted, and its cents."""

    name: str
    about: str
    amount: int
    taxed: bool
    quantity: int | None = None
    rate: int | None = None


def invoice_rows(row: Row[Any], language: str) -> Iterator[tuple[Any, ...]]:
    """The rows of an invoice: their amounts and taxes come to its total, to the cent."""
    document = row.document
    items = tuple(_items(document, language)) or (Item(_NOTHING.in_(language), "", 0, False),)
    code, due = tax_code(document), row.due_date
    for item, tax in zip(items, _shared_tax(items, document), strict=True):
        yield (
            row.number,
            row.retailer_name or row.retailer_id,
            date.fromisoformat(document["issued_on"]),
            date.fromisoformat(due) if due else None,
            _terms(document["terms"]),
            None,
            row.order_id,
            item.name,
            item.about,
            item.quantity,
            None if item.rate is None else _money(item.rate),
            _money(item.amount),
            code if item.taxed or code in (_ZERO, _EXEMPT) else _OUTSIDE,
            _money(tax),
            document["currency"],
            None,
        )


def tax_code(document: Mapping[str, Any]) -> str:
    """The code of what is taxed on an invoice, or of all of it where none of it is."""
    taxes = {tax["tax"] for tax in document["taxes"]}
    if document["tax_exempt"]:
        return _ZERO if document.get("tax_exempt_reason") == EXEMPT_ABROAD else _EXEMPT
    if "TVH" in taxes:
        where = province_code(document["buyer"]["province"], document["buyer"].get("country"))
        # Prince Edward Island's has no name of its own there.
        return f"HST {where}" if where and where != "PE" else "HST"
    if "TVQ" in taxes:
        return _BOTH_TAXES
    return _GST if taxes else _OUTSIDE


def _items(document: Mapping[str, Any], language: str) -> Iterator[Item]:
    for line in document["lines"]:
        quantity, rate, discount = line["quantity"], cents_written(line["unit_price"]), cents_written(line["discount"])
        yield Item(line["sku"], line["name"], quantity * rate, line["taxable"], quantity, rate)
        if discount:
            yield Item(_DISCOUNT.in_(language), line["name"], -discount, line["taxable"])
    cents = document["cents"]
    if cents["discount"]:
        yield Item(_DISCOUNT.in_(language), f"{document['discount_percent']} %", -cents["discount"], True)
    for charge in document.get("charges", ()):
        words = _CHARGES[charge["kind"]].in_(language)
        yield Item(words, charge["name"] or "", cents_written(charge["amount"]), charge["taxable"])
    for member, label, taxed in (("taxed_deposits", _TAXED_DEPOSITS, True), ("deposits", _DEPOSITS, False)):
        if cents.get(member):
            yield Item(label.in_(language), "", cents[member], taxed)


def _shared_tax(items: tuple[Item, ...], document: Mapping[str, Any]) -> Iterator[int]:
    """What is each row's of the invoice's taxes: all of them together are the taxes, to the cent."""
    tax, taxable = sum(each["amount"] for each in document["taxes"]), document["cents"]["taxable"]
    sign = -1 if taxable < 0 else 1
    so_far = given = 0
    for item in items:
        so_far += item.amount if item.taxed else 0
        due = sign * share(sign * tax, sign * so_far, sign * taxable)
        yield due - given
        given = due


def _terms(terms: Mapping[str, Any]) -> str | None:
    """The terms in the words that QuickBooks has for them; None for those that it has none for."""
    if terms["kind"] == "net":
        return f"Net {terms['days']}"
    return "Due on receipt" if terms["kind"] == "on_receipt" else None


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


_NOTHING = Text("Rien", "Nothing")
_DISCOUNT = Text("Escompte", "Discount")
_DEPOSITS, _TAXED_DEPOSITS = Text("Consigne", "Deposit"), Text("Consigne taxable", "Taxable deposit")
_CHARGES = {
    "shipping": Text("Livraison", "Shipping"),
    "fee": Text("Frais", "Fee"),
    "discount": _DISCOUNT,
    "tip": Text("Pourboire", "Tip"),
    "gift_card": Text("Carte-cadeau", "Gift card"),
}
