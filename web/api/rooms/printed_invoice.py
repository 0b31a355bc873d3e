"""An invoice as it prints, for machines: every amount is a decimal string, and every member has its type."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.money import dollars
from houblon.engine.core.order import ChargeKind, Moment
from houblon.engine.core.problem import Text
from houblon.web.api.shapes import Day, Hash, Money


class Party(msgspec.Struct, frozen=True):
    """Who invoices, as it is printed."""

    name: str
    address: str
    email: str
    gst_number: str
    qst_number: str


class PrintedBuyer(msgspec.Struct, frozen=True):
    id: str
    name: str
    email: str | None
    province: str | None
    address: str | None
    company: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    po_number: str | UnsetType = UNSET


class PrintedLine(msgspec.Struct, frozen=True):
    """`unit_price` is of one unit; all other amounts are the line's. `line` is the order's line, where not all of it is
    here."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
    discount: Money
    value: Money
    deposit: Money
    taxable: bool
    tax_exempt: bool | UnsetType = UNSET
    deposit_taxable: bool | UnsetType = UNSET
    line: int | UnsetType = UNSET


class PrintedTax(msgspec.Struct, frozen=True):
    tax: str
    percent: str
    amount: Money


class PrintedCharge(msgspec.Struct, frozen=True):
    kind: ChargeKind
    name: str | None
    amount: Money
    taxable: bool


class PrintedAmounts(msgspec.Struct, frozen=True):
    """The sums: `discount` comes off the taxable lines before taxes, `deposits` are those that bear none."""

    subtotal: Money
    discount: Money
    taxable: Money
    untaxed: Money
    deposits: Money
    total: Money
    charges: Money | UnsetType = UNSET
    taxed_deposits: Money | UnsetType = UNSET


class PrintedPayment(msgspec.Struct, frozen=True):
    """What the sender of the order was paid; `is_whole` where nothing was left to pay."""

    is_whole: bool
    amount: Money | None
    reference: str | None


class PrintedInvoice(msgspec.Struct, frozen=True):
    """The frozen copy of all that an invoice or credit note prints. One that an earlier Houblon issued has fewer
    members."""

    kind: Literal["invoice", "credit_note"]
    number: str
    order_id: str
    placed_at: Moment
    currency: str
    issued_at: Moment
    issued_on: Day
    language: Literal["fr", "en"]
    seller: Party
    buyer: PrintedBuyer
    lines: tuple[PrintedLine, ...]
    discount_percent: str | None
    tax_exempt: bool
    deposit_exempt: bool
    taxes: tuple[PrintedTax, ...]
    amounts: PrintedAmounts
    terms: dict[str, Any]
    terms_text: Text
    due_date: Day | None
    derivation: Any
    note: Text | None
    order_note: Text | None
    version: int
    policy_hash: Hash
    charges: tuple[PrintedCharge, ...] | UnsetType = UNSET
    tax_exempt_reason: Text | UnsetType = UNSET
    payment: PrintedPayment | UnsetType = UNSET
    credits: str | UnsetType = UNSET
    why: str | UnsetType = UNSET
    is_whole: bool | UnsetType = UNSET
    buyer_note: str | UnsetType = UNSET


def printed_invoice(document: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an invoice, which counts in cents, as it is answered."""
    kept = {name: value for name, value in document.items() if name != "cents"}
    return {
        **kept,
        "taxes": [{**tax, "amount": dollars(tax["amount"])} for tax in document["taxes"]],
        "amounts": {name: dollars(amount) for name, amount in document["cents"].items()},
    }
