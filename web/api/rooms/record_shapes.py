"""What the API answers of retailers, messages, the audit log and the overview, as types of the OpenAPI document."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.order import Moment
from houblon.web.api.shapes import ProposalChange
from houblon.web.api.spec.reports import Amount
from houblon.web.api.spec.types import AuditValue, Key, Money, SentData


class Retailer(msgspec.Struct, frozen=True):
    """A retailer as it is kept, and the groups that it is in; null where nothing is known. `credit_limit` is its own,
    which comes before that of its groups."""

    id: str
    name: str | None
    email: str | None
    language: str | None
    province: str | None
    credit_limit: str | None
    groups: tuple[str, ...]
    created_at: Moment | None
    updated_at: Moment | None


class Retailers(msgspec.Struct, frozen=True):
    items: tuple[Retailer, ...]


class SentEvent(msgspec.Struct, frozen=True):
    """A webhook's message, as its endpoint gets it."""

    type: str
    timestamp: Moment
    data: SentData


class Message(msgspec.Struct, frozen=True):
    """A mail or a webhook: where it goes, how far it is, and why it is not further. `payload` is a webhook's."""

    id: str
    order_key: Key | None
    invoice_key: Key | None
    kind: Literal["mail", "webhook"]
    destination: str
    event: str
    recipient: str | None
    state: Literal["pending", "sent", "parked"]
    attempts: int
    created_at: Moment
    due_at: Moment
    sent_at: Moment | None
    error: str | None
    payload: SentEvent | UnsetType = UNSET


class Messages(msgspec.Struct, frozen=True):
    items: tuple[Message, ...]


class AuditEntry(msgspec.Struct, frozen=True):
    """Who did what, on what, from where, and what was before and after; `hash` follows from `previous`."""

    key: Key
    at: Moment
    who: str
    source: str
    act: str
    subject: str
    before: AuditValue
    after: AuditValue
    previous: str
    hash: str


class AuditEntries(msgspec.Struct, frozen=True):
    items: tuple[AuditEntry, ...]


class Owed(msgspec.Struct, frozen=True):
    """So many invoices, for so much."""

    count: int
    amount: Money


class OutboxCounts(msgspec.Struct, frozen=True):
    pending: int
    parked: int


class Overview(msgspec.Struct, frozen=True):
    """What runs by itself and what waits: `automatic_percent` of the orders of the last weeks that nobody had to decide,
    what was accepted `today` and this `week`, and what is unpaid, overdue, and invoiced this week."""

    version: int
    automatic_percent: int | None
    waiting: int
    refused_calls: int
    called_off_orders: int
    today: Amount
    week: Amount
    unpaid: Owed
    overdue: Owed
    invoiced: Owed
    messages: OutboxCounts


class VersionComparison(msgspec.Struct, frozen=True):
    """Every statement that differs between two versions."""

    before: int
    after: int
    items: tuple[ProposalChange, ...]


ANSWERS: tuple[Any, ...] = (Retailers, Retailer, Messages, Message, AuditEntries, Overview, VersionComparison)
