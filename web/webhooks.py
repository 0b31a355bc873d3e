"""`POST /webhooks/orders`: one signed order in, its decision out."""

import logging

from flask import Blueprint, Response, abort, request

from orders.doors import known_secrets
from orders.intake import read_order
from orders.receive import receive
from web.errors import json_response
from web.open import house
from web.signatures import Unsigned, verify

log = logging.getLogger("houblon.webhooks")
blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@blueprint.post("/orders")
def orders() -> Response:
    """Verify the raw bytes before anything reads them; answer once the decision is durable."""
    body, now = request.get_data(), house().now()
    source, webhook_id = _sender(body)
    order = read_order(body)
    received = receive(house().desk, body, order, source=source, at=now, webhook_id=webhook_id)
    headers = {"Idempotent-Replay": "true"} if received.replayed else {}
    log.info("order %s from %s: %s", order.id, source, received.document["outcome"])
    return json_response(received.document, **headers)


def _sender(body: bytes) -> tuple[str, str]:
    """The source that signed the body, and the webhook's id; 401 when none did."""
    secrets = known_secrets(house().desk.ledger)
    now, by_source = house().now(), {}
    for source, secret in secrets:
        by_source.setdefault(source, []).append(secret)
    reason = "no source has a secret"
    for source, known in by_source.items():
        try:
            return source, verify(known, request.headers, body, now)
        except Unsigned as unsigned:
            reason = str(unsigned)
    log.warning("webhook refused: %s", reason)
    abort(401)
