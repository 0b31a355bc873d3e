"""What the API answers of orders that are recorded, as types of the OpenAPI document."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.order import Moment, Order
from houblon.web.api.shapes import Decision, Move, OrderDecision
from houblon.web.api.spec.types import Key, Money


class InvoiceReference(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order has an invoice: its key, its number, and its total with taxes and deposits."""

    invoice_key: Key | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    total: Money | UnsetType = UNSET


class OrderHead(InvoiceReference, frozen=True, kw_only=True):
    """An order as it is kept; `order_key` (and `key`, the same) names it in this installation, `order_id` at its
    source."""

    key: Key
    order_key: Key
    source: str
    order_id: str
    state: str
    buyer: str
    order_value: Money
    item_count: int
    placed_at: Moment
    received_at: Moment


class Orders(msgspec.Struct, frozen=True):
    items: tuple[OrderHead, ...]


class LineBeside(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it stands and as the change has it; null where it is not in the order."""

    sku: str
    quantity_before: int | None
    quantity_after: int | None
    value_before: Money | None
    value_after: Money | None


class WaitingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an accepted order that waits for a person; what was accepted stands meanwhile.

    `difference` is before taxes and deposits, the totals are those of the invoice that the order has and of the one
    that it would have. `barred` says why the change can't be accepted any more, where it can't.
    """

    received_at: Moment
    content: Order
    content_hash: str
    decision: Decision
    lines: tuple[LineBeside, ...]
    difference: Money
    total_before: Money | None
    total_after: Money | None
    barred: str | None


class FormerInvoice(msgspec.Struct, frozen=True):
    """An invoice of the order that another one took the place of; its credit note takes it back whole."""

    invoice_key: Key
    invoice_number: str


class KeptOrder(OrderHead, frozen=True, kw_only=True):
    """An order with what it says, every decision made about it (the last one first), and its moves.

    A decision whose `content_hash` is not the order's is of what it said before, or of a change of it.
    """

    content: Order
    content_hash: str
    invoice: str | None
    decisions: tuple[OrderDecision, ...]
    moves: tuple[Move, ...]
    change: WaitingChange | None
    former_invoices: tuple[FormerInvoice, ...]


class Reviewed(InvoiceReference, frozen=True, kw_only=True):
    """What an act came to: the order's state, and its invoice."""

    key: Key
    order_key: Key
    source: str
    order_id: str
    state: str
    invoice: str | None


class DecidedAgain(Reviewed, frozen=True, kw_only=True):
    """What the policy in force gives of a held order: only an acceptance is taken, else the order's `state` is `held`."""

    decision: Decision


class ChangeSettled(InvoiceReference, frozen=True, kw_only=True):
    """A change that was settled, and the credit note of the former invoice, where there is one."""

    key: Key
    order_key: Key
    source: str
    order_id: str
    state: str
    change: Literal["accepted", "dismissed"]
    credit_note: str | None


class RecordedDecision(Decision, frozen=True, kw_only=True):
    """The decision about an order that is recorded, as webhooks are answered; with `change`, about a change by which an
    accepted order stays as it is, and what became of it."""

    source: str
    order_key: Key
    invoice_key: Key | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    total: Money | UnsetType = UNSET
    change: Literal["waiting", "accepted", "dismissed", "replaced", "withdrawn", "refused"] | UnsetType = UNSET
