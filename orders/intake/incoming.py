"""An order as it came in: bytes and their sender, decoded once and carried to whoever records it."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from houblon.engine.core.order import Order
from houblon.engine.core.problem import Problem
from houblon.orders.credentials.credentials import STANDARD, Sender
from houblon.orders.intake.decode import hash_of, parse_json, read_order_and_hash
from houblon.orders.intake.sources import order_body, order_of_payload
from houblon.orders.intake.topics import changed_at
from houblon.orders.intake.unknown_members import unknown_members
from houblon.orders.retailers.names import HOUSE, with_buyer
from houblon.orders.services import Services


class IncomingOrder(msgspec.Struct, frozen=True, array_like=True):
    """The order's bytes, what they decode to and the hash of what they say; who sent it, when it came.

    `webhook_id` names the call, where one does, and `call_hash` is the hash of the very bytes that were sent.
    `changed_at` is when the source last changed the order, where it says so; what `may_be_old` was signed without its
    delivery, and can be sent again by whoever caught it.
    `buyer_source` is whose id the buyer's is: the source's own, or the house's.
    `warnings` names the members that nobody knows.
    """

    source: str
    buyer_source: str
    webhook_id: str | None
    at: datetime
    body: bytes
    content_hash: str
    call_hash: str
    changed_at: datetime | None
    may_be_old: bool
    warnings: tuple[Problem, ...]
    order: Order


def read_incoming(
    services: Services, sender: Sender, kind: str, sent: bytes, *, at: datetime, webhook_id: str | None
) -> IncomingOrder:
    """The order in what a sender of `kind` sent, mapped first where its source says so. Raises Invalid with every
    fault."""
    groups, zone = _groups(services, at), services.installation.zone
    if kind == STANDARD:
        body, changed = order_body(sender, kind, sent, groups, zone), None
    else:
        payload = parse_json(sent)
        body, changed = order_of_payload(sender, kind, payload, groups, zone), changed_at(kind, payload)
    order, said, warnings = read_order_and_hash(body)
    return IncomingOrder(
        sender.source,
        sender.buyer_source,
        webhook_id,
        at,
        body,
        said,
        hash_of_call(sent),
        changed,
        kind != STANDARD,
        warnings,
        order,
    )


def _groups(services: Services, at: datetime) -> Callable[[], frozenset[str]]:
    return lambda: frozenset(services.policies.live(at).groups)


def incoming_of(
    body: bytes,
    order: Order,
    *,
    source: str,
    at: datetime,
    webhook_id: str | None = None,
    sent: bytes | None = None,
    buyer_source: str = HOUSE,
) -> IncomingOrder:
    """An order that was decoded from `body`; `sent` is what came, where `body` was made of it."""
    call_hash, document = hash_of_call(body if sent is None else sent), msgspec.json.decode(body)
    said, warnings = hash_of(document), unknown_members(document)
    return IncomingOrder(source, buyer_source, webhook_id, at, body, said, call_hash, None, False, warnings, order)


def of_buyer(incoming: IncomingOrder, id: str) -> IncomingOrder:
    """The same, of the retailer of this id, whatever its sender calls them."""
    if incoming.order.buyer.id == id:
        return incoming
    return msgspec.structs.replace(incoming, order=with_buyer(incoming.order, id))


def hash_of_call(sent: bytes) -> str:
    """The hash of the very bytes that were sent."""
    return hashlib.sha256(sent).hexdigest()
