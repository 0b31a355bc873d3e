"""The shops' own signatures: the base64 of HMAC-SHA256 over the raw body, with the shop's secret."""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def is_signed(secrets: Iterable[str], signature: str, body: bytes) -> bool:
    """Whether one of `secrets` signed the body; the signature counts only as it is written.

    Every secret is compared, in constant time, so that time tells nothing about which one matched.
    """
    given = signature.encode("utf-8", "replace")
    expected = [shop_signature(secret, body).encode() for secret in secrets]
    return any([hmac.compare_digest(mine, given) for mine in expected])  # noqa: C419 - all, whichever matches: it takes one time


def shop_signature(secret: str, body: bytes) -> str:
    """What Shopify and WooCommerce put into their header."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
