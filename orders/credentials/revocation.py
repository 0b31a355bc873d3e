"""Looks after the doors: which keys there are, when they were used, and taking keys and secrets back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from houblon.orders.db.tables import api_keys, sources


def list_keys(connection: Connection) -> Sequence[Row[Any]]:
    """Every API key, those that work first, the newest first."""
    return connection.execute(select(api_keys).order_by(api_keys.c.active.desc(), api_keys.c.key.desc())).all()


def revoke_key(connection: Connection, key: int) -> str | None:
    """Shut a key out for good; its name, or None when it did not work any more."""
    name = connection.execute(select(api_keys.c.name).where(api_keys.c.key == key)).scalar_one_or_none()
    shut = update(api_keys).where(api_keys.c.key == key, api_keys.c.active).values(active=False)
    return name if connection.execute(shut).rowcount else None


def retire_secret(connection: Connection, key: int) -> str | None:
    """Take a signing secret back; its source's name, or None when it did not work any more."""
    name = connection.execute(select(sources.c.name).where(sources.c.key == key)).scalar_one_or_none()
    shut = update(sources).where(sources.c.key == key, sources.c.active).values(active=False)
    return name if connection.execute(shut).rowcount else None
