"""An invoice as it prints, in types; and its frozen document as it goes out: every amount a decimal string."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.money import dollars
from houblon.engine.core.order import ChargeKind, Moment
from houblon.engine.core.problem import Text
from houblon.web.api.spec.types import Day, Hash, Key, Money, Terms


class PrintedSeller(msgspec.Struct, frozen=True):
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
    address: str | None | UnsetType = UNSET
    company: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    po_number: str | UnsetType = UNSET


class PrintedLine(msgspec.Struct, frozen=True):
    """A line as it prints; `line` is its number in the order, where only a part of the order was delivered."""

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
    line: Key | UnsetType = UNSET


class PrintedCharge(msgspec.Struct, frozen=True):
    kind: ChargeKind
    name: str | None
    amount: Money
    taxable: bool


class PrintedTax(msgspec.Struct, frozen=True):
    tax: Literal["TPS", "TVQ", "TVH"]
    percent: str
    amount: Money


class PrintedAmounts(msgspec.Struct, frozen=True):
    """Sums: `taxable` and `untaxed` have the group's discount off and charges in, `deposits` bear no tax."""

    subtotal: Money
    discount: Money
    taxable: Money
    untaxed: Money
    deposits: Money
    total: Money
    charges: Money | UnsetType = UNSET
    taxed_deposits: Money | UnsetType = UNSET


class PrintedPayment(msgspec.Struct, frozen=True):
    """What the sender was paid; `is_whole` where nothing is left to pay."""

    is_whole: bool
    amount: Money | None
    reference: str | None


class SkippedDelivery(msgspec.Struct, frozen=True):
    date: Day
    why: str


class DerivationCutOff(msgspec.Struct, frozen=True):
    days_before: int
    time: str


class Derivation(msgspec.Struct, frozen=True):
    """How the due date came about: the base date that was found, and the terms that were added."""

    basis: Literal["planned_delivery", "cycle", "acceptance"]
    accepted_on: Day
    planned_ignored: Day | None
    cycle_id: str | None
    cycle_anchor: Day | None
    cut_off: DerivationCutOff | None
    skipped: tuple[SkippedDelivery, ...]
    put_off_from: Day | None
    added: bool
    delivery_date: Day | None
    base_date: Day
    terms: Terms
    due_date: Day | None


class PrintedReplaced(msgspec.Struct, frozen=True):
    """The invoice that this one takes the place of, and the credit note that takes that one back."""

    invoice: str
    credit_note: str


class PrintedInvoice(msgspec.Struct, frozen=True):
    """The frozen copy of all that an invoice or a credit note prints.

    Of a credit note `credits` is the number of its invoice, `is_whole` says that it alone takes all of it, `reason` is
    for the house and `buyer_note` for the buyer, and amounts are below zero. `language` is the buyer's; `languages` are those that it prints, where they are several, the
    first one first. One that an earlier Houblon issued has fewer
    members.
    """

    kind: Literal["invoice", "credit_note"]
    number: str
    order_id: str
    placed_at: Moment
    currency: str
    issued_at: Moment
    issued_on: Day
    language: Literal["fr", "en"]
    seller: PrintedSeller
    buyer: PrintedBuyer
    lines: tuple[PrintedLine, ...]
    discount_percent: str | None
    tax_exempt: bool
    deposit_exempt: bool
    taxes: tuple[PrintedTax, ...]
    amounts: PrintedAmounts
    terms: Terms
    terms_text: Text
    due_date: Day | None
    derivation: Derivation
    note: Text | None
    order_note: Text | None
    version: int
    policy_hash: Hash
    charges: tuple[PrintedCharge, ...] | UnsetType = UNSET
    tax_exempt_reason: Text | UnsetType = UNSET
    payment: PrintedPayment | UnsetType = UNSET
    replaces: PrintedReplaced | UnsetType = UNSET
    credits: str | UnsetType = UNSET
    is_whole: bool | UnsetType = UNSET
    why: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    buyer_note: str | UnsetType = UNSET
    languages: tuple[Literal["fr", "en"], ...] | UnsetType = UNSET


def printed_invoice(document: Mapping[str, Any]) -> dict[str, Any]:
    """An invoice's document as it goes out: it is kept with sums in cents, and told in decimal strings."""
    answered = {name: value for name, value in document.items() if name != "cents"}
    return answered | {
        "taxes": [{**tax, "amount": dollars(tax["amount"])} for tax in document["taxes"]],
        "amounts": {name: dollars(amount) for name, amount in document["cents"].items()},
    }
