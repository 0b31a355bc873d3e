"""The events in types, and the document's `webhooks` section: one entry for each kind of orders/events/catalogue.py."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.order import Moment
from houblon.orders.events.catalogue import EVENTS, TEST_EVENT
from houblon.web.api.spec.schemas import Schema, an_object, ref
from houblon.web.api.spec.types import Day, Hash, Key, Money

_EXAMPLES = Path(__file__).with_name("webhooks.json")


class OrderData(msgspec.Struct, frozen=True):
    """The order by its source's id and by its key here; of its invoice, where there is one, key, number and total."""

    source: str
    order_id: str
    order_key: Key
    buyer_id: str
    invoice_key: Key | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    total: Money | UnsetType = UNSET


class EventReason(msgspec.Struct, frozen=True):
    code: str
    effect: str
    rule: str


class EventInvoicing(msgspec.Struct, frozen=True):
    """How the order is invoiced, and when that is due."""

    trigger: str
    issue: bool
    basis: str
    delivery_date: Day | None
    due_date: Day | None


class OrderDecidedData(OrderData, frozen=True, kw_only=True):
    """A decision of the order; `again` where it was decided before."""

    outcome: Literal["accepted", "held", "refused"]
    again: bool
    decided_by: Literal["policy", "person", "key"]
    reasons: tuple[EventReason, ...]
    version: int
    policy_hash: Hash
    chain: tuple[str, ...]
    order_value: Money
    item_count: int
    invoice: EventInvoicing | None


class OrderChangedData(OrderData, frozen=True, kw_only=True):
    """The order says something else; the event of its new decision comes next."""

    changed_by: str
    order_value: Money
    item_count: int


class OrderChangeSettledData(OrderData, frozen=True, kw_only=True):
    """The change of an accepted order that waited does so no more; the order stays as it was accepted."""


class OrderRescheduledData(OrderData, frozen=True, kw_only=True):
    """Its planned delivery was changed; null where none was planned."""

    delivery_before: Day | None
    delivery_date: Day | None


class OrderDeliveredData(OrderData, frozen=True, kw_only=True):
    """The order was delivered."""


class OrderCancelledData(OrderData, frozen=True, kw_only=True):
    """The order was cancelled; `was` is the state that it had."""

    was: str


class OrderUndoneData(OrderData, frozen=True, kw_only=True):
    """A delivery, a refusal or a cancellation was a mistake and taken back; `state` is what the order is again."""

    undone: Literal["delivered", "refused", "cancelled"]
    state: Literal["accepted", "held"]


class EventTax(msgspec.Struct, frozen=True):
    tax: Literal["TPS", "TVQ", "TVH"]
    amount: Money


class InvoiceIssuedData(OrderData, frozen=True, kw_only=True):
    """An invoice and its sums; `invoice` is its number again."""

    invoice: str
    before_taxes: Money
    taxes: tuple[EventTax, ...]
    deposits: Money
    taxed_deposits: Money | UnsetType = UNSET
    issued_on: Day
    due_date: Day | None


class InvoiceDueDateMovedData(OrderData, frozen=True, kw_only=True):
    """The due date followed a delivery that was rescheduled."""

    due_before: Day | None
    due_after: Day | None


class InvoiceRemindedData(OrderData, frozen=True, kw_only=True):
    """The buyer was reminded of the invoice: how many days after it was due, and what was left to pay of it."""

    days_after_due: int
    due_date: Day
    balance: Money


class InvoiceDisputedData(OrderData, frozen=True, kw_only=True):
    """The buyer contests the invoice, or that is over; and what is left to pay of it, which meanwhile is not owed."""

    dispute_id: Key
    balance: Money


class InvoicePaidData(OrderData, frozen=True, kw_only=True):
    """The invoice was paid: what it came to, less what was credited of it, and when."""

    amount: Money
    paid_on: Day


class PaymentRecordedData(OrderData, frozen=True, kw_only=True):
    """An entry of a payment, by its id; `balance` is what it leaves to pay, below zero where too much was paid."""

    payment_id: Key
    amount: Money
    on: Day
    means: str | None
    reference: str
    balance: Money


class PaymentReversedData(PaymentRecordedData, frozen=True, kw_only=True):
    """An entry that takes the one of the id `reverses` back: its amount is below zero."""

    reverses: Key


class InvoiceReopenedData(OrderData, frozen=True, kw_only=True):
    """An invoice that was paid is to be paid again, and how much of it."""

    balance: Money


class InvoiceCreditedData(OrderData, frozen=True, kw_only=True):
    """A credit note takes `amount` of the invoice back."""

    amount: Money
    credit_note_key: Key
    credit_note_number: str


class CreditNoteData(OrderData, frozen=True, kw_only=True):
    """A credit note and its sums, below zero; the invoice is the one that it credits."""

    credit_note_key: Key
    credit_note_number: str
    before_taxes: Money
    taxes: tuple[EventTax, ...]
    deposits: Money
    taxed_deposits: Money | UnsetType = UNSET
    issued_on: Day


class PolicyPublishedData(msgspec.Struct, frozen=True):
    """A version of the policies, and from when it counts."""

    version: int
    policy_hash: Hash
    published_at: Moment
    effective_from: Moment
    emergency: bool


class EndpointTestData(msgspec.Struct, frozen=True):
    """The endpoint that somebody tests."""

    endpoint: str


DATA: Mapping[str, type[msgspec.Struct]] = {
    "order.accepted": OrderDecidedData,
    "order.held": OrderDecidedData,
    "order.refused": OrderDecidedData,
    "order.changed": OrderChangedData,
    "order.change_held": OrderDecidedData,
    "order.change_refused": OrderDecidedData,
    "order.change_dismissed": OrderChangeSettledData,
    "order.change_withdrawn": OrderChangeSettledData,
    "order.rescheduled": OrderRescheduledData,
    "order.delivered": OrderDeliveredData,
    "order.cancelled": OrderCancelledData,
    "order.undone": OrderUndoneData,
    "invoice.issued": InvoiceIssuedData,
    "invoice.viewed": InvoiceIssuedData,
    "invoice.due_date_moved": InvoiceDueDateMovedData,
    "invoice.reminded": InvoiceRemindedData,
    "invoice.disputed": InvoiceDisputedData,
    "invoice.dispute_closed": InvoiceDisputedData,
    "payment.recorded": PaymentRecordedData,
    "invoice.paid": InvoicePaidData,
    "payment.reversed": PaymentReversedData,
    "invoice.reopened": InvoiceReopenedData,
    "invoice.credited": InvoiceCreditedData,
    "credit_note.issued": CreditNoteData,
    "credit_note.viewed": CreditNoteData,
    "policy.published": PolicyPublishedData,
    TEST_EVENT: EndpointTestData,
}
SHAPES = tuple(dict.fromkeys(DATA.values()))
_HEADERS = {
    "webhook-id": "Names the message; the same however often it is sent.",
    "webhook-timestamp": "When this attempt was made, in seconds.",
    "webhook-signature": "One or more signatures by Standard Webhooks.",
}


def event_schemas() -> dict[str, Schema]:
    """What the data of an event are: by its type, one of these."""
    listed = dict.fromkeys(DATA[kind].__name__ for kind in EVENTS)
    sent = {"anyOf": [ref(shape.__name__) for shape in SHAPES], "description": "The data of a message, by its event."}
    return {"EventData": {"anyOf": [ref(name) for name in listed]}, "SentData": sent}


def webhooks() -> dict[str, Any]:
    """The `webhooks` section of the document: a request for each kind of event, as endpoints receive it."""
    return {kind: {"post": _request(kind)} for kind in (*EVENTS, TEST_EVENT)}


def _request(kind: str) -> dict[str, Any]:
    members: dict[str, Schema] = {
        "type": {"type": "string", "const": kind},
        "timestamp": {"type": "string", "format": "date-time", "description": "When the fact happened."},
        "data": ref(DATA[kind].__name__),
    }
    schema = an_object(members, ("type", "timestamp", "data"))
    return {
        "operationId": f"on_{kind.replace('.', '_')}",
        "summary": kind,
        "tags": ["Webhooks"],
        "description": "docs/webhooks.md tells when it is sent, how it is signed and what an answer means.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": said}
            for name, said in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": event_examples()[kind]}},
        },
        "responses": {
            "2XX": {"description": "The message is safe: it is not sent again."},
            "410": {"description": "The endpoint is no more: nothing is sent there until somebody resumes it."},
        },
    }


@cache
def event_examples() -> dict[str, Any]:
    """An example of each kind of event, as docs/webhooks.md shows it."""
    found: dict[str, Any] = msgspec.json.decode(_EXAMPLES.read_bytes())
    return found
