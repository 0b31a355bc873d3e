"""What the API answers of orders that are recorded, as types of the OpenAPI document."""

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


class KeptOrder(OrderHead, frozen=True, kw_only=True):
    """An order with what it says, every decision made about it (the last one first), and its moves."""

    content: Order
    content_hash: str
    invoice: str | None
    decisions: tuple[OrderDecision, ...]
    moves: tuple[Move, ...]


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


class RecordedDecision(Decision, frozen=True, kw_only=True):
    """The decision about an order that is recorded, as webhooks are answered."""

    source: str
    order_key: Key
    invoice_key: Key | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    total: Money | UnsetType = UNSET
