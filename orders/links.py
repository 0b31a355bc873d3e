"""Signed links: what lets a buyer see an invoice without an account."""

from itsdangerous import BadSignature, URLSafeSerializer

_SALT = "invoice"


def invoice_link(base_url: str, secret: str, invoice_key: int) -> str:
    """The address of the invoice's page, for its buyer only."""
    return f"{base_url.rstrip('/')}/f/{URLSafeSerializer(secret, salt=_SALT).dumps(invoice_key)}"


def read_token(secret: str, token: str) -> int | None:
    """The invoice's key; None when the token was not signed here."""
    try:
        key = URLSafeSerializer(secret, salt=_SALT).loads(token)
    except BadSignature:
        return None
    return key if isinstance(key, int) else None
