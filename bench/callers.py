"""Callers for bench.hostile: a browser without manners, a sender who signs, and many who stop amid a request."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import http.cookies
import json
import re
import secrets
import socket
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

ADMIN = "admin@houblon.example"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Answered(NamedTuple):
    status: int
    body: bytes
    location: str


class Caller:
    """One connection with its cookies; its forms carry the token of the page that they stand on."""

    def __init__(self, port: int, patience: float = 60):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        self._cookies: dict[str, str] = {}

    def close(self) -> None:
        self._connection.close()

    def call(
        self, method: str, address: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        self._connection.request(method, address, body, {**(cookies if self._cookies else {}), **(headers or {})})
        answer = self._connection.getresponse()
        for line in answer.headers.get_all("set-cookie") or ():
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return Answered(answer.status, answer.read(), answer.headers.get("location", ""))

    def submit(self, page: str, form: Mapping[str, str], to: str | None = None) -> Answered:
        """The form, with the token of `page`, sent there or `to` another address."""
        body = urllib.parse.urlencode({**form, "csrf_token": self._token(page)}).encode()
        return self.call("POST", to or page, body, {"content-type": "application/x-www-form-urlencoded"})

    def upload(self, page: str, to: str, field: str, name: str, content: bytes) -> Answered:
        border = secrets.token_hex(16)
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self._token(page)}\r\n'.encode(),
            f'--{border}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode(),
            content,
            f"\r\n--{border}--\r\n".encode(),
        ]
        return self.call("POST", to, b"".join(parts), {"content-type": f"multipart/form-data; boundary={border}"})

    def sign_in(self, email: str, password: str) -> None:
        assert self.submit("/connexion", {"email": email, "password": password}).status == 302

    def _token(self, page: str) -> str:
        found = _TOKEN.search(self.call("GET", page).body.decode())
        assert found is not None, f"{page} has no form"
        return found[1]


class Signer:
    """A source that signs as it should."""

    def __init__(self, port: int, secret: str):
        self._port, self._key = port, base64.b64decode(secret.removeprefix("whsec_"))

    def send(self, order: Mapping[str, Any], stamp: str | None = None) -> int:
        """The order, signed now or at `stamp`; the status of the answer."""
        body, id_, stamp = json.dumps(order).encode(), f"m-{secrets.token_hex(8)}", stamp or str(int(time.time()))
        digest = hmac.digest(self._key, b"%s.%s.%s" % (id_.encode(), stamp.encode(), body), hashlib.sha256)
        signature = f"v1,{base64.b64encode(digest).decode()}"
        headers = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}
        with contextlib.closing(Caller(self._port)) as caller:
            return caller.call("POST", "/webhooks/orders", body, headers).status


@contextlib.contextmanager
def stalled(port: int, sent: bytes, count: int) -> Iterator[None]:
    """While `count` callers have sent so much, and neither send nor read any more."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            caller = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            caller.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                caller.send(sent)
        yield
