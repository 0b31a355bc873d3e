"""Links that open an account, encrypted where the outbox keeps them and written out only to be sent.

Neither a page, nor a backup, nor an export shows one that could be used.
"""

import base64
import hashlib
from html import escape
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.delivery import Refused, Transport

EARLIER_SECRET = "its link was signed by an earlier secret, and opens nothing any more"
# What stands in a letter in the place of its link.
PLACE = "https://houblon.invalid/sealed"


def encrypt(secret: str, message: dict[str, Any], link: str) -> dict[str, Any]:
    """A message whose link is PLACE, with the link itself beside it, encrypted."""
    return {**message, "sealed": _cipher(secret).encrypt(link.encode()).decode()}


class Decrypting:
    """A transport that writes a sealed link out, then hands the message on."""

    def __init__(self, transport: Transport, secret: str):
        self.transport, self._secret = transport, secret

    def send(self, id: str, recipient: str, message: dict[str, Any]) -> str | None:
        """What the transport answers. Raises what the transport raises, Refused where the link can't be read."""
        if "sealed" in message:
            try:
                link = _cipher(self._secret).decrypt(message["sealed"].encode()).decode()
            except InvalidToken:
                raise Refused(EARLIER_SECRET) from None
            words = rendered(message)
            text, html = words["text"].replace(PLACE, link), words["html"].replace(PLACE, escape(link))
            message = {"subject": words["subject"], "text": text, "html": html}
        return self.transport.send(id, recipient, message)


def _cipher(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"sealed links {secret}".encode()).digest()))
