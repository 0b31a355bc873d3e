"""Invitation links: signed, good for seven days, and for one use."""

import secrets
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection

from houblon.orders.services import Services
from houblon.web.access.account_mail import INVITED, queue_email

WITHIN = timedelta(days=7)


def new_nonce() -> str:
    return secrets.token_urlsafe(24)


def queue_invitation(
    connection: Connection, services: Services, account: int, nonce: str, email: str, language: str, at: datetime
) -> None:
    """Put the mail with the link in the outbox; the account holds the same nonce."""
    expires = int((at + WITHIN).timestamp())
    token = _signer(services.secret).dumps([account, nonce, expires])
    link = f"{services.base_url.rstrip('/')}/invitation/{token}"
    queue_email(connection, services, INVITED, email, language, at, link)


def read_invitation(secret: str, token: str, now: datetime) -> tuple[int, str] | None:
    """The account and the nonce of a link; None when it was not signed here or is too old."""
    try:
        account, nonce, expires = _signer(secret).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return (account, nonce) if now.timestamp() <= expires else None


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="invitation")
