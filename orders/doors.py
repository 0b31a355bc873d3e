"""Who may knock: webhook sources with their secrets, API keys with their scopes."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.problem import refuse
from orders.ledger import Ledger
from orders.prepared import Prepared, Reader
from orders.tables import api_keys, sources

SCOPES = ("decide", "read", "write")
_KEY_PREFIX = "hbl_"
Random = Callable[[int], bytes]

# Asked for at every request.
_SECRETS = Prepared(select(sources.c.name, sources.c.secret).where(sources.c.active))
_KEY = Prepared(
    select(api_keys.c.scopes, api_keys.c.last_used_at).where(api_keys.c.hash == bindparam("hash"), api_keys.c.active)
)


def add_source(connection: Connection, name: str, random: Random, at: datetime) -> str:
    """Give a source a new secret beside those it has, and return it: `whsec_…`. Raises Invalid."""
    _check_name(name)
    secret = "whsec_" + base64.b64encode(random(24)).decode()
    connection.execute(insert(sources).values(name=name, secret=secret, created_at=at, active=True))
    return secret


def active_secrets(reader: Reader) -> Sequence[tuple[str, str]]:
    """`(source, secret)` of every active secret."""
    return [(row.name, row.secret) for row in _SECRETS.all(reader)]


def known_secrets(ledger: Ledger) -> Sequence[tuple[str, str]]:
    """`active_secrets` of now, from memory while nothing changed."""

    def read() -> Sequence[tuple[str, str]]:
        with ledger.glancing() as reader:
            return active_secrets(reader)

    return ledger.memory.ask("secrets", read)


def known_key(ledger: Ledger, key: str) -> Any:
    """`find_key` of now, from memory while nothing changed."""

    def read() -> Any:
        with ledger.glancing() as reader:
            return find_key(reader, key)

    return ledger.memory.ask(("key", _hash(key)), read)


def add_key(connection: Connection, name: str, scopes: Sequence[str], random: Random, at: datetime) -> str:
    """Make an API key and return it; only its hash is kept. Raises Invalid."""
    _check_name(name)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise refuse(
            "unknown_option", "/scope", f"Portées connues : {', '.join(SCOPES)}.", f"Known scopes: {', '.join(SCOPES)}."
        )
    key = _KEY_PREFIX + base64.urlsafe_b64encode(random(24)).decode()
    connection.execute(
        insert(api_keys).values(name=name, hash=_hash(key), scopes=list(scopes), created_at=at, active=True)
    )
    return key


def find_key(reader: Reader, key: str) -> Any:
    """The active key's `scopes` and `last_used_at`; None when it is not known or no longer active."""
    return _KEY.first(reader, {"hash": _hash(key)})


def touch_key(connection: Connection, key: str, at: datetime) -> None:
    """Note when the key was last used."""
    connection.execute(update(api_keys).where(api_keys.c.hash == _hash(key)).values(last_used_at=at))


def _hash(key: str) -> str:
    # A key is 24 random bytes: a plain hash can't be searched, and is looked up in one step.
    return hashlib.sha256(key.encode()).hexdigest()


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= 60 or not name.isprintable() or name != name.strip():
        raise refuse("name", "/name", "Un nom de 1 à 60 caractères.", "A name of 1 to 60 characters.")
