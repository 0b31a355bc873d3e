"""Standard Webhooks signatures: who sent this body, and is it fresh?"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from standardwebhooks import Webhook

TOLERANCE = timedelta(minutes=5)
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_ID = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_MAX_SIGNATURES = 20


class Unsigned(Exception):
    """The headers do not prove who sent the body; the reason is for the log, not for the sender."""


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The `webhook-id` of a body signed by one of `secrets` within five minutes of `now` (aware).

    Raises Unsigned on anything else, however the headers are malformed. Several secrets may be
    active, so that one can be rotated.
    """
    given = {name.lower(): value for name, value in headers.items()}
    id_, stamp, signatures = (given.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not _ID.fullmatch(id_) or not _TIMESTAMP.fullmatch(stamp) or not signatures:
        raise Unsigned("a header is missing or malformed")
    # Before it is made an instant: of a number that is larger than any, there is none.
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise Unsigned("the timestamp is more than five minutes away")
    sent_at = datetime.fromtimestamp(int(stamp), UTC)
    passed = [each.encode() for each in signatures.split(" ")[:_MAX_SIGNATURES]]
    # Every secret and signature is compared, as written, so that time tells nothing about which
    # one matched and no second spelling of a signature counts.
    expected = [_signature(secret, id_, sent_at, body) for secret in secrets]
    if not any([hmac.compare_digest(mine, theirs) for mine in expected for theirs in passed]):  # noqa: C419
        raise Unsigned("no signature matches")
    return id_


def sign(secret: str, id_: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that a sender puts on `body`."""
    signature = _webhook(secret).sign(id_, sent_at.astimezone(UTC), body.decode())
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": signature,
    }


def _signature(secret: str, id_: str, sent_at: datetime, body: bytes) -> bytes:
    try:
        return _webhook(secret).sign(id_, sent_at, body.decode()).encode()
    except UnicodeDecodeError:
        # The library signs texts. Who signed these bytes is told what is wrong with them, not that nobody did.
        signed = f"{id_}.{int(sent_at.timestamp())}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
        return b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


@lru_cache(maxsize=256)
def _webhook(secret: str) -> Webhook:
    """What signs with a secret: few senders call all day."""
    return Webhook(secret)
