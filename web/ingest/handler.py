"""The webhook handler: a signed order's headers and bytes to its answer, whoever serves it.

1. who signed the raw bytes, before anything reads them (`_sender`);
2. the bytes to a decoded order, or every fault in them (`orders/intake/incoming.py`);
3. decided and recorded durably, once, by whoever writes here (`orders/handling/order_writer.py`);
4. logged, counted and answered.

Flask's views and the fast path are shells around this.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import msgspec
import structlog
from werkzeug.exceptions import Unauthorized

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.credentials.credentials import SHOPIFY, STANDARD, WOOCOMMERCE, Sender, known_senders
from houblon.orders.handling.order_writer import IngestResult, OrderWriter
from houblon.orders.intake.incoming import IncomingOrder, read_incoming
from houblon.orders.services import Conflict, Services
from houblon.web.foundation import metrics, request_log
from houblon.web.foundation.answers import JSON, Answer, Header
from houblon.web.foundation.composition import House
from houblon.web.ingest.shop_signatures import is_signed
from houblon.web.ingest.signatures import Unsigned, verify

log = structlog.get_logger("houblon.webhooks")
T = TypeVar("T")
_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PING = re.compile(rb"webhook_id=\d{1,12}")
_DELIVERY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_REPLAY = (("Idempotent-Replay", "true"),)


class Shop(msgspec.Struct, frozen=True):
    """Where a shop writes its signature, its topic and its delivery's id, and which topic is an order."""

    kind: str
    signature: str
    topic: str
    delivery: str
    takes: str


SHOPS = {
    SHOPIFY: Shop(SHOPIFY, "X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id", "orders/create"),
    WOOCOMMERCE: Shop(
        WOOCOMMERCE, "X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID", "order.created"
    ),
}


def ingest_signed(house: House, header: Header, body: bytes) -> Answer:
    """The decision about an order that one of our own senders signed. Raises Unauthorized, Invalid, Conflict."""
    services, now, headers = house.recent_services, house.now(), {name: header(name) for name in _SIGNED}
    sender, webhook_id = _sender(services, STANDARD, lambda sender: verify(sender.secrets, headers, body, now))
    return _ingest(house.writer, services, sender, STANDARD, body, at=now, webhook_id=webhook_id)


def read_signed(house: House, header: Header, body: bytes) -> IncomingOrder | None:
    """The order that one of our own senders signed, where nothing is wrong with it and it needs no mapping. None tells
    nobody of a fault: `ingest_signed` does."""
    services, now, headers = house.recent_services, house.now(), {name: header(name) for name in _SIGNED}
    for sender in known_senders(services.ledger, STANDARD):
        with suppress(Unsigned, Invalid):
            webhook_id = verify(sender.secrets, headers, body, now)
            if sender.mapping is not None or sender.groups:
                return None
            return read_incoming(services, sender, STANDARD, body, at=now, webhook_id=webhook_id)
    return None


def ingest_from_shop(house: House, kind: str, header: Header, body: bytes) -> Answer:
    """The decision about an order that a shop of a kind signed. Raises Unauthorized, Invalid, Conflict."""
    shop, services = SHOPS[kind], house.recent_services
    if kind == WOOCOMMERCE and not header(shop.signature) and _PING.fullmatch(body):
        # It comes unsigned when a webhook is set up; that it is answered is all.
        return Answer(200, b'{"status":"ok"}')

    def proves(sender: Sender) -> None:
        if not is_signed(sender.secrets, header(shop.signature), body):
            raise Unsigned("no signature matches")

    sender, _ = _sender(services, kind, proves)
    if header(shop.topic) != shop.takes:
        raise refuse(
            "topic",
            "",
            f"Cette adresse prend « {shop.takes} » ; abonnez-la à cela seulement.",
            f"This address takes “{shop.takes}”: subscribe it to that alone.",
        )
    # The shops sign the body alone: without a usable id, the order's own id and content still keep it once.
    delivery = header(shop.delivery)
    webhook_id = delivery if _DELIVERY.fullmatch(delivery) else None
    return _ingest(house.writer, services, sender, kind, body, at=house.now(), webhook_id=webhook_id)


def _sender(services: Services, kind: str, proves: Callable[[Sender], T]) -> tuple[Sender, T]:
    """The source that signed the body, and what its proof says. Raises Unauthorized where none did."""
    reason = "no source has a secret"
    for sender in known_senders(services.ledger, kind):
        try:
            return sender, proves(sender)
        except Unsigned as unsigned:
            reason = str(unsigned)
    log.warning("webhook.unsigned", kind=kind, reason=reason)
    metrics.called(kind, "unsigned")
    raise Unauthorized()


def _ingest(
    writer: OrderWriter,
    services: Services,
    sender: Sender,
    kind: str,
    body: bytes,
    *,
    at: datetime,
    webhook_id: str | None,
) -> Answer:
    """Decode, decide and record, answer; the same call again gets the stored answer."""
    incoming = read_incoming(services, sender, kind, body, at=at, webhook_id=webhook_id)
    try:
        result = writer.ingest(services, incoming)
    except Conflict as conflict:
        about = {"source": incoming.source, "order": incoming.order.id, "webhook": webhook_id}
        log.warning("webhook.conflict", code=conflict.code, **about)
        metrics.called(kind, "conflict")
        raise
    return answer_of(kind, incoming, result)


def answer_of(kind: str, incoming: IncomingOrder, result: IngestResult) -> Answer:
    """What became of an order, logged and counted."""
    event = "replayed" if result.replayed else "taken"
    request_log.log_as(
        f"webhook.{event}",
        outcome=result.outcome,
        version=result.version,
        source=incoming.source,
        order=result.order_id,
        webhook=incoming.webhook_id,
    )
    metrics.called(kind, event)
    if not result.replayed:
        metrics.decided("webhook", result.outcome)
    return Answer(200, result.document, JSON, _REPLAY if result.replayed else ())
