"""Looks after the doors: which keys and secrets there are, when they were used, and taking them back."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from orders.tables import api_keys, sources, webhook_calls


class Source(msgspec.Struct, frozen=True):
    """A source, its secrets with the newest first, and when its last call was answered."""

    name: str
    secrets: tuple[Any, ...]
    last_call: Any

    @property
    def active(self) -> tuple[Any, ...]:
        return tuple(each for each in self.secrets if each.active)


def list_keys(connection: Connection) -> Sequence[Row[Any]]:
    """Every API key, those that work first, the newest first."""
    return connection.execute(select(api_keys).order_by(api_keys.c.active.desc(), api_keys.c.key.desc())).all()


def revoke_key(connection: Connection, key: int) -> str | None:
    """Shut a key out for good; its name, or None when it did not work any more."""
    name = connection.execute(select(api_keys.c.name).where(api_keys.c.key == key)).scalar_one_or_none()
    shut = update(api_keys).where(api_keys.c.key == key, api_keys.c.active).values(active=False)
    return name if connection.execute(shut).rowcount else None


def list_sources(connection: Connection) -> list[Source]:
    """Every source that ever had a secret, by name."""
    found: dict[str, list[Any]] = {}
    for row in connection.execute(select(sources).order_by(sources.c.name, sources.c.key.desc())):
        found.setdefault(row.name, []).append(row)
    last = select(func.max(webhook_calls.c.at))
    return [
        Source(name, tuple(rows), connection.execute(last.where(webhook_calls.c.source == name)).scalar_one())
        for name, rows in found.items()
    ]


def retire_secret(connection: Connection, key: int) -> str | None:
    """Take a signing secret back; its source's name, or None when it did not work any more."""
    name = connection.execute(select(sources.c.name).where(sources.c.key == key)).scalar_one_or_none()
    shut = update(sources).where(sources.c.key == key, sources.c.active).values(active=False)
    return name if connection.execute(shut).rowcount else None
