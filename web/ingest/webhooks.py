"""`POST /webhooks/…`: one signed order in, its decision out; from our own senders and from shops."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
import structlog
from flask import Blueprint, Response, abort, request

from houblon.engine.core.problem import refuse
from houblon.orders.credentials.credentials import SHOPIFY, STANDARD, WOOCOMMERCE, Sender, known_senders
from houblon.orders.intake.decode import read_order_and_hash
from houblon.orders.intake.sources import order_body
from houblon.orders.services import Conflict
from houblon.orders.writer_process.server import Call, IngestResult, ingest_call
from houblon.web.foundation import metrics, request_log
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response
from houblon.web.foundation.writer_process import LOAD
from houblon.web.ingest.shop_signatures import is_signed
from houblon.web.ingest.signatures import Unsigned, verify

log = structlog.get_logger("houblon.webhooks")
blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
T = TypeVar("T")
_PING = re.compile(rb"webhook_id=\d{1,12}")
_DELIVERY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


class Shop(msgspec.Struct, frozen=True):
    """Where a shop writes its signature, its topic and its delivery's id, and which topic is an order."""

    kind: str
    signature: str
    topic: str
    delivery: str
    takes: str


_SHOPIFY = Shop(SHOPIFY, "X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id", "orders/create")
_WOOCOMMERCE = Shop(
    WOOCOMMERCE, "X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID", "order.created"
)


@blueprint.post("/orders")
def orders() -> Response:
    """Verify the raw bytes before anything reads them; answer once the decision is durable."""
    return _answered(STANDARD, lambda: ingest_signed(house(), dict(request.headers), request.get_data()))


def ingest_signed(house: House, headers: Mapping[str, str], body: bytes) -> IngestResult:
    """An order that one of our own senders signed. Raises Unsigned, Invalid, Conflict."""
    sender, webhook_id = _sender(house, STANDARD, lambda sender: verify(sender.secrets, headers, body, house.now()))
    return _ingest(house, sender, STANDARD, body, webhook_id)


@blueprint.post("/shopify/orders")
def shopify() -> Response:
    """A Shopify `orders/create`."""
    return _answered(SHOPIFY, lambda: _shop(_SHOPIFY))


@blueprint.post("/woocommerce/orders")
def woocommerce() -> Response:
    """A WooCommerce `order.created`; the unsigned ping that it sends when it is set up is answered, and is all."""
    if _WOOCOMMERCE.signature not in request.headers and _PING.fullmatch(request.get_data()):
        return json_response({"status": "ok"})
    return _answered(WOOCOMMERCE, lambda: _shop(_WOOCOMMERCE))


def _shop(shop: Shop) -> IngestResult:
    body = request.get_data()

    def proves(sender: Sender) -> None:
        if not is_signed(sender.secrets, request.headers.get(shop.signature, ""), body):
            raise Unsigned("no signature matches")

    sender, _ = _sender(house(), shop.kind, proves)
    topic, delivery = request.headers.get(shop.topic, ""), request.headers.get(shop.delivery, "")
    if topic != shop.takes:
        raise refuse(
            "topic",
            "",
            f"Cette adresse prend « {shop.takes} » ; abonnez-la à cela seulement.",
            f"This address takes “{shop.takes}”: subscribe it to that alone.",
        )
    # The shops sign the body alone: without a usable id, the order's own id and content still keep it once.
    return _ingest(house(), sender, shop.kind, body, delivery if _DELIVERY.fullmatch(delivery) else None)


def _sender(house: House, kind: str, proves: Callable[[Sender], T]) -> tuple[Sender, T]:
    """The source that signed the body, and what its proof says; raises the last Unsigned that `proves` raises."""
    unsigned = Unsigned("no source has a secret")
    for sender in known_senders(house.recent_services.ledger, kind):
        try:
            return sender, proves(sender)
        except Unsigned as failed:
            unsigned = failed
    raise unsigned


def _answered(kind: str, ingest: Callable[[], IngestResult]) -> Response:
    """The decision's answer; 401 where nobody signed."""
    try:
        taken = ingest()
    except Unsigned as unsigned:
        log.warning("webhook.unsigned", kind=kind, reason=str(unsigned))
        metrics.called(kind, "unsigned")
        abort(401)
    except Conflict as conflict:
        log.warning("webhook.conflict", code=conflict.code, **conflict.about)
        metrics.called(kind, "conflict")
        raise
    return Response(taken.document, content_type="application/json", headers=replay_headers(taken))


def replay_headers(taken: IngestResult) -> dict[str, str]:
    return {"Idempotent-Replay": "true"} if taken.replayed else {}


def _ingest(house: House, sender: Sender, kind: str, sent: bytes, webhook_id: str | None) -> IngestResult:
    """Decide, record, act; the same call again gets the stored answer."""
    services, now = house.recent_services, house.now()

    def groups() -> frozenset[str]:
        return frozenset(services.policies.live(now).groups)

    body = order_body(sender, kind, sent, groups, services.installation.zone)
    order, said = read_order_and_hash(body)
    call = Call(sender.source, webhook_id, now, body, said, None if body is sent else sent)
    taken = house.recording.ask(call)
    if taken is None:
        if services.ledger.waiting >= LOAD:
            house.recording.begin()
        try:
            taken = ingest_call(services, call)
        except Conflict as conflict:
            conflict.about = {"source": call.source, "order": order.id, "webhook": webhook_id}
            raise
    event = "replayed" if taken.replayed else "taken"
    request_log.log_as(
        f"webhook.{event}",
        outcome=taken.outcome,
        version=taken.version,
        source=call.source,
        order=taken.order_id,
        webhook=webhook_id,
    )
    metrics.called(kind, event)
    if not taken.replayed:
        metrics.decided("webhook", taken.outcome, taken.group, taken.version)
    return taken
