"""Signed links: what lets a buyer see an invoice without an account."""

import hmac
from datetime import datetime
from functools import lru_cache

from itsdangerous import BadSignature, Signer, URLSafeSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import SigningAlgorithm

from houblon.orders.services import Services


def invoice_link(base_url: str, secret: str, invoice_key: int, number: int = 0) -> str:
    """The address of the invoice's page, for its buyer only; `number` counts the links that took each other's place."""
    signed = _sealer(secret, number).sign(base64_encode(str(invoice_key))).decode()
    return f"{base_url.rstrip('/')}/f/{f'{number}{_MARK}' if number else ''}{signed}"


def read_link(services: Services, token: str) -> tuple[int, datetime | None] | None:
    """The invoice's key, and before when it must have been issued where a former secret signed; None for no link."""
    key = read_token(services.secret, token)
    if key is not None:
        return key, None
    opened = ((read_token(each.key, token), each.until) for each in services.former)
    return next(((key, until) for key, until in opened if key is not None), None)


def read_token(secret: str, token: str) -> int | None:
    """The invoice's key; None when the token was not signed here."""
    number, signed = _parts(token)
    try:
        key = _signer(secret, number).loads(signed)
    except BadSignature:
        return None
    return key if isinstance(key, int) else None


def number_of(token: str) -> int:
    """Which of its invoice's links a token is; only one that `read_token` reads is what it says."""
    return _parts(token)[0]


# Between a link's number and what is signed: the first link of an invoice has neither.
_MARK = "~"


def _parts(token: str) -> tuple[int, str]:
    number, mark, signed = token.rpartition(_MARK)
    is_number = number.isascii() and number.isdecimal() and len(number) < 10 and not number.startswith("0")
    return (int(number), signed) if mark and is_number else (0, token)


def _salt(number: int) -> str:
    """Each number signs with a key of its own, so that no link can be made into another."""
    return f"invoice {number}" if number else "invoice"


@lru_cache(maxsize=8)
def _signer(secret: str, number: int) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_salt(number))


@lru_cache(maxsize=8)
def _sealer(secret: str, number: int) -> Signer:
    """Signs what `_signer` reads, its key derived once: a link is made for every invoice."""
    signer = _signer(secret, number).make_signer(_salt(number))
    return Signer(signer.derive_key(), sep=signer.sep, key_derivation="none", algorithm=_AtOnce())


class _AtOnce(SigningAlgorithm):
    """itsdangerous's own HMAC-SHA1, in one call of the library below."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha1")
