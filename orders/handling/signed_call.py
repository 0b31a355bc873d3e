"""A signed call and what becomes of it: the same when it comes, and when a person tries it again later.

1. what it is about: an order, or one that was called off (`orders/intake/topics.py`);
2. its payload to a decoded order, or every fault in it (`orders/intake/incoming.py`);
3. decided and recorded durably, once (`orders/handling/order_writer.py`);
4. where the order is settled already, what its sender says of its payment (`orders/handling/sender_news.py`).
"""

from datetime import datetime

import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.credentials.credentials import STANDARD, Sender
from houblon.orders.handling.order_writer import IngestResult, OrderWriter
from houblon.orders.handling.sender_news import Heard, call_off, follow
from houblon.orders.intake.decode import parse_json
from houblon.orders.intake.incoming import read_incoming
from houblon.orders.intake.sources import ids_in, mapping_of
from houblon.orders.intake.topics import About, about, changed_at
from houblon.orders.services import Conflict, Services

SETTLED, REUSED = "already_settled", "webhook_id_reused"


class SignedCall(msgspec.Struct, frozen=True):
    """What a source signed and sent; of `kind` is its signature, `topic` says what a shop's call is about."""

    sender: Sender
    kind: str
    topic: str
    body: bytes
    at: datetime
    webhook_id: str | None

    @property
    def is_of_a_shop(self) -> bool:
        """Whether the sender writes as its own kind does, and not as the house: it can't mend what it sends."""
        return mapping_of(self.sender, self.kind) is not None


def take(services: Services, writer: OrderWriter, call: SignedCall) -> IngestResult | Heard:
    """What became of a call, once that is durable. Raises Invalid, Conflict."""
    subject = About.ORDER if call.kind == STANDARD else about(call.kind, call.topic, lambda: parse_json(call.body))
    if subject is About.CALLED_OFF:
        payload = parse_json(call.body)
        order_id = _order_id(services, call, payload)
        return call_off(services, call.sender.source, order_id, call.at, changed_at(call.kind, payload))
    incoming = read_incoming(services, call.sender, call.kind, call.body, at=call.at, webhook_id=call.webhook_id)
    try:
        return writer.ingest(services, incoming)
    except Conflict as conflict:
        if conflict.code != SETTLED or not call.is_of_a_shop:
            raise
        heard = follow(services, incoming, is_payment=subject is About.PAYMENT)
        if heard is None:
            raise
        return heard


def _order_id(services: Services, call: SignedCall, payload: object) -> str:
    """The id of an order of which nothing else needs to be read. Raises Invalid."""
    order_id, _ = ids_in(call.sender, call.kind, payload, services.installation.zone)
    if order_id is None:
        raise refuse(
            "required",
            "/id",
            "On ne sait pas de quelle commande cet envoi parle.",
            "Nobody knows of which order this call speaks.",
        )
    return order_id
