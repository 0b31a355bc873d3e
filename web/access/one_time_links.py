"""The links that let somebody choose a password: signed, good for a time, and once.

An invitation holds the nonce that the account holds; the link of a forgotten password a digest of the account's
`fs_uniquifier`, which changes whenever a link is used, a password set, or an account ended.
"""

import hashlib
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection, Row, delete, func, literal, select

from houblon.orders.db.tables import outbox
from houblon.orders.services import Services
from houblon.web.access.account_mail import INVITED, RESET, queue_email
from houblon.web.access.account_state import Door, State, may_set_password, state_of
from houblon.web.access.accounts import accounts

WITHIN = timedelta(days=7)
RESET_WITHIN = timedelta(hours=2)


class _Nobody(msgspec.Struct, frozen=True):
    """Stands where no account has the address: as much is done for it, and nothing is kept."""

    id: int = 0
    active: bool = False
    password: str | None = None
    fs_uniquifier: str = "0" * 64
    invitation: str | None = None
    invited_at: datetime | None = None
    language: str | None = None


def new_nonce() -> str:
    return token_urlsafe(24)


def queue_invitation(
    connection: Connection, services: Services, account: int, nonce: str, email: str, language: str, at: datetime
) -> None:
    """Put the mail with the link in the outbox; the account holds the same nonce."""
    link = _invitation(services, account, nonce, at)
    queue_email(connection, services, INVITED, email, language, at, link)


def read_invitation(secret: str, token: str, now: datetime) -> tuple[int, str] | None:
    """The account and the nonce of a link; None when it was not signed here or is too old."""
    return _read(secret, "invitation", token, now)


def is_invited(account: Any, nonce: str) -> bool:
    """Whether the account, as it is now, waits for this invitation."""
    return account.invitation == nonce and may_set_password(account, Door.INVITATION)


def read_reset(secret: str, token: str, now: datetime) -> tuple[int, str] | None:
    """The account and the digest of a link to a new password; None when it was not signed here or is too old."""
    return _read(secret, "reset", token, now)


def is_resettable(account: Any, digest: str) -> bool:
    """Whether nothing happened to the account since the link with this digest was made."""
    return _digest(account.fs_uniquifier) == digest and may_set_password(account, Door.FORGOTTEN)


def queue_for_forgetful(connection: Connection, services: Services, address: str, language: str, at: datetime) -> None:
    """Write to whoever forgot their password: a link to a new one, or their invitation again, as good as it was.

    One amount of work, written out to the disk, whether the address has an account or not: a letter that nobody is
    to have is made, kept, and taken away in the same transaction.
    """
    found = connection.execute(select(accounts).where(func.lower(accounts.c.email) == address)).one_or_none()
    account: Row[Any] | _Nobody = _Nobody() if found is None else found
    reset = _link(services, "reset", [account.id, _digest(account.fs_uniquifier)], at + RESET_WITHIN)
    invited_at = account.invited_at or at - WITHIN
    again = _invitation(services, account.id, account.invitation or "", invited_at)
    is_waiting = state_of(account) is State.INVITED and account.invitation is not None and at < invited_at + WITHIN
    is_for_somebody = is_waiting or may_set_password(account, Door.FORGOTTEN)
    event, link = (INVITED, again) if is_waiting else (RESET, reset)
    id = queue_email(connection, services, event, address, account.language or language, at, link)
    connection.execute(delete(outbox).where(outbox.c.id == id, literal(is_for_somebody).is_(False)))


def _invitation(services: Services, account: int, nonce: str, invited_at: datetime) -> str:
    return _link(services, "invitation", [account, nonce], invited_at + WITHIN)


_PATHS = {"invitation": "/invitation/", "reset": "/mot-de-passe/"}


def _link(services: Services, kind: str, of: list[Any], until: datetime) -> str:
    token = URLSafeSerializer(services.secret, salt=kind).dumps([*of, int(until.timestamp())])
    return f"{services.base_url.rstrip('/')}{_PATHS[kind]}{token}"


def _read(secret: str, kind: str, token: str, now: datetime) -> tuple[int, str] | None:
    try:
        account, mark, expires = URLSafeSerializer(secret, salt=kind).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return (account, mark) if now.timestamp() <= expires else None


def _digest(uniquifier: str) -> str:
    return hashlib.sha256(uniquifier.encode()).hexdigest()[:32]
