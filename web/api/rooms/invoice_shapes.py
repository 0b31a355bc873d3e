"""What the API answers about invoices, and about what follows an order's acceptance."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.order import Moment
from houblon.web.api.spec.printed import PrintedInvoice
from houblon.web.api.spec.types import Day, Key, Money


class InvoiceHead(msgspec.Struct, frozen=True):
    """An invoice or a credit note; `balance` is what is left to pay, below zero where its buyer is owed something;
    `days_late` is since it was due, 0 for what is not late or not to be paid; `disputed_at` since when its buyer
    contests it, null where they don't.
    `invoice_key` and `invoice_number` are `key` and `number` again."""

    key: Key
    number: str
    invoice_key: Key
    invoice_number: str
    kind: Literal["invoice", "credit_note"]
    state: Literal["issued", "sent", "viewed", "paid", "credited"]
    source: str
    order_id: str
    order_key: Key
    buyer: str
    issued_at: Moment
    due_date: Day | None
    days_late: int
    total: Money
    paid: Money
    credited: Money
    balance: Money
    paid_on: Day | None
    disputed_at: Moment | None


class Invoices(msgspec.Struct, frozen=True):
    items: tuple[InvoiceHead, ...]


class PaymentEntry(msgspec.Struct, frozen=True):
    """A payment as it was entered; one that `reverses` another takes its amount back."""

    id: Key
    amount: Money
    on: Day
    means: str | None
    reference: str
    at: Moment
    who: str
    reverses: Key | None
    reversed_by: Key | None


class DisputeEntry(msgspec.Struct, frozen=True):
    """A dispute: who noted it and why; who closed it and how it ended, null while it is open."""

    id: Key
    at: Moment
    who: str
    reason: str
    closed_at: Moment | None
    closed_by: str | None
    outcome: str | None


class CreditNote(msgspec.Struct, frozen=True):
    """A credit note that takes from an invoice, its total below zero."""

    key: Key
    number: str
    issued_at: Moment
    total: Money


class CreditableLine(msgspec.Struct, frozen=True):
    """A line of an invoice by its number, which is that of the order's; how many it has, and how many can be credited."""

    line: Key
    sku: str
    quantity: int
    creditable: int


class Invoice(InvoiceHead, frozen=True, kw_only=True):
    """An invoice with its payments, credit notes and disputes, and the frozen copy of all that it prints.

    `credits` is, of a credit note, the key of the invoice that it takes from.
    """

    credits: Key | None
    lines: tuple[CreditableLine, ...]
    payments: tuple[PaymentEntry, ...]
    credit_notes: tuple[CreditNote, ...]
    disputes: tuple[DisputeEntry, ...]
    document: PrintedInvoice


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order after an act, and its invoice where it has one."""

    key: Key
    source: str
    order_id: str
    order_key: Key
    state: str
    invoice_key: Key | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    total: Money | UnsetType = UNSET


class DeliveredLine(msgspec.Struct, frozen=True):
    line: Key
    delivered: int
    lost: int
    returned: int


class Delivered(OrderAnswer, frozen=True, kw_only=True):
    """What came of each line, and the credit note of what did not come, where there was an invoice before."""

    on: Day
    lines: tuple[DeliveredLine, ...]
    credit_note: str | None


class Cancelled(OrderAnswer, frozen=True, kw_only=True):
    """The credit note of the order's invoice, where it had one."""

    credit_note: str | None
    is_buyer_notified: bool


class Planned(OrderAnswer, frozen=True, kw_only=True):
    """When the order's delivery is planned now, and when it is to be paid where that followed."""

    planned_delivery: Day
    due_date: Day | None


class Invoiced(OrderAnswer, frozen=True, kw_only=True):
    """The invoice that was issued by hand."""


class Credited(CreditNote, frozen=True, kw_only=True):
    """The credit note that was issued, and what the invoice comes to with it."""

    invoice_key: Key
    invoice_number: str
    order_key: Key
    state: str
    credited: Money
    balance: Money
    is_buyer_notified: bool


class Paid(PaymentEntry, frozen=True, kw_only=True):
    """An entry that was just made, and what the invoice comes to with it."""

    invoice_key: Key
    invoice_number: str
    order_key: Key
    state: str
    total: Money
    paid: Money
    balance: Money


ANSWERS: tuple[Any, ...] = (Invoices, Invoice, Credited, Paid, Delivered, Cancelled, Planned, Invoiced)
