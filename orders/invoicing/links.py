"""Signed links: what lets a buyer see an invoice without an account."""

import hmac
from functools import lru_cache

from itsdangerous import BadSignature, Signer, URLSafeSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import SigningAlgorithm


def invoice_link(base_url: str, secret: str, invoice_key: int) -> str:
    """The address of the invoice's page, for its buyer only."""
    return f"{base_url.rstrip('/')}/f/{_sealer(secret).sign(base64_encode(str(invoice_key))).decode()}"


def read_token(secret: str, token: str) -> int | None:
    """The invoice's key; None when the token was not signed here."""
    try:
        key = _signer(secret).loads(token)
    except BadSignature:
        return None
    return key if isinstance(key, int) else None


@lru_cache(maxsize=8)
def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="invoice")


@lru_cache(maxsize=8)
def _sealer(secret: str) -> Signer:
    """Signs what `_signer` reads, its key derived once: a link is made for every invoice."""
    signer = _signer(secret).make_signer("invoice")
    return Signer(signer.derive_key(), sep=signer.sep, key_derivation="none", algorithm=_AtOnce())


class _AtOnce(SigningAlgorithm):
    """itsdangerous's own HMAC-SHA1, in one call of the library below."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha1")
