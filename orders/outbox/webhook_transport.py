"""How events leave: one signed POST (Standard Webhooks) to an endpoint."""

import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import httpcore
import msgspec
from standardwebhooks import Webhook

from houblon.orders.events.webhook_addresses import Network
from houblon.orders.outbox.connections import Deadline, Forbidden, GuardedNetwork, Resolve, resolve
from houblon.orders.outbox.delivery import Gone, Refused, Unreachable

TIMEOUT = 15.0  # seconds for the whole call, as Standard Webhooks advises
MAX_ANSWER = 300  # bytes of an answer that are read: enough to show why it said no
_BUSY = {429, 502, 503, 504}


class Rejected(Exception):
    """The endpoint answered, but not that it took the message."""


class WebhookTransport:
    """Posts to one endpoint, signed by each of its secrets. Private addresses only where `allowed` names them."""

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        now: Callable[[], datetime],
        allowed: tuple[Network, ...] = (),
        timeout: float = TIMEOUT,
        resolve: Resolve = resolve,
    ):
        self._url, self._secrets, self._now = url, tuple(secrets), now
        self._allowed, self._timeout, self._resolve = allowed, timeout, resolve

    def send(self, id: str, recipient: str, message: dict[str, Any]) -> str:
        """Post the message where the endpoint is now, which may not be where it was when the fact happened.

        Raises Refused for an address that nothing is sent to, Gone for 410, Unreachable when the
        endpoint is down, busy or asks to wait, Rejected for any other answer. A redirect is not
        followed: it is an answer like another.
        """
        body = msgspec.json.encode(message)
        try:
            status, said, retry_after = self._post(signed(self._secrets, id, self._now(), body), body)
        except Forbidden as fault:
            raise Refused(str(fault)) from fault
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as fault:
            raise Unreachable(str(fault) or type(fault).__name__) from fault
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError) as fault:
            raise Refused(str(fault)) from fault
        if 200 <= status < 300:
            return f"HTTP {status}"
        answer = f"HTTP {status} {said}".strip()
        if status == 410:
            raise Gone(answer)
        if status in _BUSY:
            raise Unreachable(answer, _asked(retry_after, self._now()))
        raise Rejected(answer)

    def _post(self, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        """Status, beginning of the body on one line, and the Retry-After header of the answer."""
        network = GuardedNetwork(self._allowed, Deadline(self._timeout), self._resolve)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)
        with (
            httpcore.ConnectionPool(ssl_context=_context(), network_backend=network) as pool,
            pool.stream(
                "POST", self._url, headers=[*headers.items()], content=body, extensions={"timeout": timeouts}
            ) as answer,
        ):
            given = {name.lower(): value for name, value in answer.headers}
            said = b"" if 200 <= answer.status < 300 else _beginning(answer)
            return answer.status, _one_line(said), given.get(b"retry-after", b"").decode("latin-1")


def signed(secrets: Sequence[str], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message: the same id at every attempt, a signature for each secret."""
    at = at.astimezone(UTC)
    signatures = [Webhook(secret).sign(id, at, body.decode()) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Houblon",
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _beginning(answer: httpcore.Response) -> bytes:
    said = b""
    try:
        for part in answer.iter_stream():
            said += part
            if len(said) >= MAX_ANSWER:
                break
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        pass  # the status was answered, and that is what counts
    return said[:MAX_ANSWER]


def _one_line(said: bytes) -> str:
    text = " ".join(said.decode(errors="replace").split())
    return "".join(each for each in text if each.isprintable())


def _asked(header: str, now: datetime) -> timedelta | None:
    """How long the receiver asks to be left alone: seconds, or a date (RFC 9110, 10.2.3)."""
    if header.isascii() and header.isdigit():
        return timedelta(seconds=min(int(header[:9]), 365 * 86_400))
    try:
        then = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(then.astimezone(UTC) - now, timedelta()) if then.tzinfo else None


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities; making this takes a while, so it is made once."""
    return ssl.create_default_context()
