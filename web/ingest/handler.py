"""The webhook handler: a signed call's headers and bytes to its answer, whoever serves it.

1. who signed the raw bytes, before anything reads them (`_sender`);
2. what it is about, decided and recorded durably, once (`orders/handling/signed_call.py`);
3. what can't be recorded kept, and told to the team (`orders/handling/refusals.py`);
4. logged, counted and answered.

Flask's views and the fast path are shells around this.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec
import structlog
from werkzeug.exceptions import Unauthorized

from houblon.engine.core.problem import Invalid
from houblon.orders.credentials.credentials import SHOPIFY, STANDARD, WOOCOMMERCE, Sender, known_senders
from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.handling.refusals import keep_refused, problems_of
from houblon.orders.handling.sender_news import Heard
from houblon.orders.handling.signed_call import SignedCall, take
from houblon.orders.intake.incoming import IncomingOrder, read_incoming
from houblon.orders.services import Conflict, Services
from houblon.web.access.refused_people import team_of
from houblon.web.foundation import metrics, request_log
from houblon.web.foundation.answers import JSON, Answer, Header, fault_answer, language_asked
from houblon.web.foundation.composition import House
from houblon.web.ingest.shop_signatures import is_signed
from houblon.web.ingest.signatures import Unsigned, verify

log = structlog.get_logger("houblon.webhooks")
T = TypeVar("T")
_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PING = re.compile(rb"webhook_id=\d{1,12}")
_DELIVERY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_REPLAY = (("Idempotent-Replay", "true"),)


class Signature(msgspec.Struct, frozen=True):
    """Where a kind of shop writes its signature, its topic and its delivery's id."""

    signature: str
    topic: str
    delivery: str


SIGNATURES = {
    SHOPIFY: Signature("X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id"),
    WOOCOMMERCE: Signature("X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID"),
}


def ingest_signed(house: House, header: Header, body: bytes) -> Answer:
    """The decision about an order that one of our own senders signed. Raises Unauthorized, Invalid, Conflict."""
    services, now, headers = house.recent_services, house.now(), {name: header(name) for name in _SIGNED}
    sender, webhook_id = _sender(services, STANDARD, lambda sender: verify(sender.secrets, headers, body, now))
    return _ingest(house, services, header, SignedCall(sender, STANDARD, "", body, now, webhook_id))


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
    """What became of what a shop of a kind signed. Raises Unauthorized."""
    at, services = SIGNATURES[kind], house.recent_services
    if kind == WOOCOMMERCE and not header(at.signature) and _PING.fullmatch(body):
        # It comes unsigned when a webhook is set up; that it is answered is all.
        return Answer(200, b'{"status":"ok"}')

    def proves(sender: Sender) -> None:
        if not is_signed(sender.secrets, header(at.signature), body):
            raise Unsigned("no signature matches")

    sender, _ = _sender(services, kind, proves)
    # The shops sign the body alone: without a usable id, the order's own id and content still keep it once.
    delivery = header(at.delivery)
    webhook_id = delivery if _DELIVERY.fullmatch(delivery) else None
    return _ingest(house, services, header, SignedCall(sender, kind, header(at.topic), body, house.now(), webhook_id))


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


def _ingest(house: House, services: Services, header: Header, call: SignedCall) -> Answer:
    """Decode, decide and record, answer; the same call again gets the stored answer.

    What can't be recorded is kept for people to see. A shop that is refused often stops sending, so that it is told
    202, with what is wrong; who writes as the house does gets the code that says so.
    """
    try:
        result = take(services, house.writer, call)
    except (Invalid, Conflict) as fault:
        _refused(house, services, call, fault)
        if not call.is_of_a_shop:
            raise
        return fault_answer(fault, language_asked(header), f"webhook of a {call.kind} source")._replace(status=202)
    if isinstance(result, Heard):
        _note_heard(call, result)
        return Answer(200, msgspec.json.encode(result))
    return answer_of(call.kind, call.sender.source, call.webhook_id, result)


def _refused(house: House, services: Services, call: SignedCall, fault: Invalid | Conflict) -> None:
    """Keep what can't be recorded, log and count it."""
    keep_refused(services, call, fault, team_of(house))
    kind = "conflict" if isinstance(fault, Conflict) else "refused"
    codes = sorted({each.code for each in problems_of(fault)})
    about = {"source": call.sender.source, "topic": call.topic or None, "webhook": call.webhook_id}
    log.warning(f"webhook.{kind}", code=",".join(codes)[:200], **about)
    metrics.called(call.kind, kind)


def _note_heard(call: SignedCall, heard: Heard) -> None:
    """Log and count what a shop told of an order that is here."""
    request_log.log_as(
        "webhook.heard", source=heard.source, order=heard.order_id, topic=call.topic, state=heard.state, asks=heard.asks
    )
    metrics.called(call.kind, "taken")


def answer_of(kind: str, source: str, webhook_id: str | None, result: IngestResult) -> Answer:
    """What became of an order, logged and counted."""
    event = "replayed" if result.replayed else "taken"
    request_log.log_as(
        f"webhook.{event}",
        outcome=result.outcome,
        version=result.version,
        source=source,
        order=result.order_id,
        webhook=webhook_id,
    )
    metrics.called(kind, event)
    if not result.replayed:
        metrics.decided("webhook", result.outcome)
    return Answer(200, result.document, JSON, _REPLAY if result.replayed else ())
