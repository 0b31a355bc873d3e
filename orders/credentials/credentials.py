"""Who may knock: webhook sources with their secrets, API keys with their scopes."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import is_text
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import Prepared, Reader
from houblon.orders.db.tables import api_keys, source_settings, sources

# `write` puts nothing in force and agrees to nothing: that takes `approve`.
SCOPES = ("decide", "read", "write", "approve", "metrics")
STANDARD, SHOPIFY, WOOCOMMERCE = KINDS = ("standard", "shopify", "woocommerce")
_KEY_PREFIX = "hbl_"
Random = Callable[[int], bytes]

# The source of orders that somebody enters here: no sender's.
BY_HAND = "saisie"


class Sender(msgspec.Struct, frozen=True):
    """A source, with all its active secrets and how its orders are read: see `orders/intake/sources.py`."""

    source: str
    secrets: tuple[str, ...]
    groups: tuple[str, ...]
    mapping: dict[str, Any] | None
    # Whose ids its buyers have: its own name, or nothing for the house's.
    buyer_source: str = ""


# Asked for at every request.
_SENDERS = Prepared(
    select(
        sources.c.name,
        sources.c.secret,
        source_settings.c.groups,
        source_settings.c.mapping,
        source_settings.c.own_buyers,
    )
    .join(source_settings, source_settings.c.name == sources.c.name, isouter=True)
    .where(sources.c.active, sources.c.kind == bindparam("kind"))
    .order_by(sources.c.key)
)
_BUYERS = Prepared(
    select(sources.c.kind, source_settings.c.own_buyers)
    .join(source_settings, source_settings.c.name == sources.c.name, isouter=True)
    .where(sources.c.name == bindparam("source"))
    .limit(1)
)
_KEY = Prepared(
    select(api_keys.c.key, api_keys.c.name, api_keys.c.scopes, api_keys.c.last_used_at).where(
        api_keys.c.hash == bindparam("hash"), api_keys.c.active
    )
)


def add_source(
    connection: Connection,
    name: str,
    random: Random,
    at: datetime,
    kind: str = STANDARD,
    secret: str | None = None,
) -> str:
    """Give a source a new secret beside those it has, and return it: `whsec_…`, or the one its shop gave.

    A shop's secret is made by the shop. Raises Invalid.
    """
    _check_name(name)
    if name == BY_HAND:
        raise refuse(
            "reserved",
            "/name",
            f"La source {BY_HAND} est celle des commandes saisies ici.",
            f"The source {BY_HAND} is that of orders entered here.",
        )
    _check_kind(connection, name, kind)
    if secret is None:
        if kind != STANDARD:
            raise refuse(
                "required",
                "/secret",
                "Donnez le secret que la boutique affiche.",
                "Give the secret that the shop shows.",
            )
        secret = "whsec_" + base64.b64encode(random(24)).decode()
    _check_secret(secret, kind)
    connection.execute(insert(sources).values(name=name, secret=secret, created_at=at, active=True, kind=kind))
    return secret


def senders(reader: Reader, kind: str = STANDARD) -> Sequence[Sender]:
    """Every source of a kind that has an active secret."""
    found: dict[str, Sender] = {}
    for row in _SENDERS.all(reader, {"kind": kind}):
        known = found.get(row.name)
        secrets = (*known.secrets, row.secret) if known else (row.secret,)
        buyer_source = row.name if kind != STANDARD or row.own_buyers else ""
        found[row.name] = Sender(row.name, secrets, tuple(row.groups or ()), row.mapping, buyer_source)
    return list(found.values())


def buyer_source_of(reader: Reader, name: str | None) -> str:
    """Whose ids the buyers of a source have: its own name, or nothing for the house's. Raises Invalid."""
    if name is None:
        return ""
    row = _BUYERS.first(reader, {"source": name})
    if row is None:
        raise refuse("unknown_source", "/source", f"Il n’y a pas de source « {name} ».", f"There is no source {name}.")
    return name if row.kind != STANDARD or row.own_buyers else ""


def known_buyer_source(ledger: Ledger, name: str | None) -> str:
    """`buyer_source_of` now, from memory while nothing changed."""

    def read() -> str:
        with ledger.looking_up() as reader:
            return buyer_source_of(reader, name)

    return "" if name is None else ledger.query_cache.get(("buyer_source", name), read)


def known_senders(ledger: Ledger, kind: str = STANDARD) -> Sequence[Sender]:
    """`senders` of now, from memory while nothing changed."""

    def read() -> Sequence[Sender]:
        with ledger.looking_up() as reader:
            return senders(reader, kind)

    return ledger.query_cache.get(("senders", kind), read)


def known_key(ledger: Ledger, key: str) -> Any:
    """`find_key` of now, from memory while nothing changed."""

    def read() -> Any:
        with ledger.looking_up() as reader:
            return find_key(reader, key)

    return ledger.query_cache.get(("key", _hash(key)), read)


def retire_secrets(connection: Connection, name: str, keep: int = 0) -> int:
    """Make all but the `keep` newest secrets of a source void; returns how many were."""
    newest = select(sources.c.key).where(sources.c.name == name, sources.c.active).order_by(sources.c.key.desc())
    kept = connection.execute(newest.limit(keep)).scalars().all() if keep else []
    query = update(sources).where(sources.c.name == name, sources.c.active, sources.c.key.not_in(kept))
    return connection.execute(query.values(active=False)).rowcount


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
    """The active key's `key`, `name`, `scopes` and `last_used_at`; None when it is not known or no longer active."""
    return _KEY.first(reader, {"hash": _hash(key)})


def touch_key(connection: Connection, key: str, at: datetime) -> None:
    """Note when the key was last used."""
    connection.execute(update(api_keys).where(api_keys.c.hash == _hash(key)).values(last_used_at=at))


def _hash(key: str) -> str:
    # A key is 24 random bytes: a plain hash can't be searched, and is looked up in one step.
    return hashlib.sha256(key.encode()).hexdigest()


def _check_name(name: str) -> None:
    if not name or not is_text(name, 60) or name != name.strip():
        raise refuse("name", "/name", "Un nom de 1 à 60 caractères.", "A name of 1 to 60 characters.")


def _check_kind(connection: Connection, name: str, kind: str) -> None:
    if kind not in KINDS:
        raise refuse(
            "unknown_option", "/kind", f"Choisissez parmi {', '.join(KINDS)}.", f"Choose among {', '.join(KINDS)}."
        )
    known = connection.execute(select(sources.c.kind).where(sources.c.name == name).limit(1)).scalar()
    if known is not None and known != kind:
        raise refuse(
            "kind", "/kind", f"La source {name} est de la sorte {known}.", f"The source {name} is of the kind {known}."
        )


def _check_secret(secret: str, kind: str) -> None:
    if not 8 <= len(secret) <= 200 or not secret.isascii() or not secret.isprintable():
        raise refuse("secret", "/secret", "Un secret a de 8 à 200 caractères.", "A secret has 8 to 200 characters.")
    if kind == STANDARD:
        try:
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            raise refuse("secret", "/secret", "Un secret comme « whsec_… ».", 'A secret such as "whsec_…".') from None
