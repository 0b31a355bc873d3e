"""An order as it came in: bytes and their sender, decoded once and carried to whoever records it."""

import hashlib
from datetime import datetime

import msgspec

from houblon.engine.core.order import Order
from houblon.orders.credentials.credentials import Sender
from houblon.orders.intake.decode import content_hash, read_order_and_hash
from houblon.orders.intake.sources import order_body
from houblon.orders.services import Services


class IncomingOrder(msgspec.Struct, frozen=True, array_like=True):
    """The order's bytes, what they decode to and the hash of what they say; who sent it, when it came.

    `webhook_id` names the call, where one does, and `call_hash` is the hash of the very bytes that were sent.
    """

    source: str
    webhook_id: str | None
    at: datetime
    body: bytes
    content_hash: str
    call_hash: str
    order: Order


def read_incoming(
    services: Services, sender: Sender, kind: str, sent: bytes, *, at: datetime, webhook_id: str | None
) -> IncomingOrder:
    """The order in what a sender of `kind` sent, mapped first where its source says so. Raises Invalid with every
    fault."""

    def groups() -> frozenset[str]:
        return frozenset(services.policies.live(at).groups)

    body = order_body(sender, kind, sent, groups, services.installation.zone)
    order, said = read_order_and_hash(body)
    return IncomingOrder(sender.source, webhook_id, at, body, said, _hash(sent), order)


def incoming_of(
    body: bytes,
    order: Order,
    *,
    source: str,
    at: datetime,
    webhook_id: str | None = None,
    sent: bytes | None = None,
) -> IncomingOrder:
    """An order that was decoded from `body`; `sent` is what came, where `body` was made of it."""
    call_hash = _hash(body if sent is None else sent)
    return IncomingOrder(source, webhook_id, at, body, content_hash(body), call_hash, order)


def _hash(sent: bytes) -> str:
    return hashlib.sha256(sent).hexdigest()
