"""Signed links: what lets a buyer see an invoice without an account."""

from functools import lru_cache

from itsdangerous import BadSignature, URLSafeSerializer


def invoice_link(base_url: str, secret: str, invoice_key: int) -> str:
    """The address of the invoice's page, for its buyer only."""
    return f"{base_url.rstrip('/')}/f/{_signer(secret).dumps(invoice_key)}"


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
