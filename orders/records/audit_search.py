"""The audit log looked through: by who, what, on what and when; and when it was last verified."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select

from houblon.orders.db.tables import audit, verifications
from houblon.orders.records.audit import Verified, verify
from houblon.rules.model.entry import Entry


class Search(msgspec.Struct, frozen=True):
    """What to look for; what is empty asks nothing; `until` is left out."""

    who: str = ""
    act: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def search(connection: Connection, asked: Search, before: int | None = None, limit: int = 50) -> Sequence[Row[Any]]:
    """The entries that answer, the newest first; `before` is the key of the last one seen."""
    query = _asked(asked).order_by(audit.c.key.desc()).limit(limit)
    return connection.execute(query if before is None else query.where(audit.c.key < before)).all()


def lines(connection: Connection, asked: Search) -> Iterator[bytes]:
    """The entries that answer as JSON Lines, the oldest first, with what the chain is made of."""
    for row in connection.execute(_asked(asked).order_by(audit.c.key)).yield_per(500):
        entry = {name: getattr(row, name) for name in Entry.__struct_fields__}
        yield msgspec.json.encode({"key": row.key, **entry, "previous": row.previous, "hash": row.hash}) + b"\n"


def known_acts(connection: Connection) -> list[str]:
    """Every kind of act that the log holds: a step of the index a kind, however long the log is."""
    found: list[str] = []
    while True:
        following = select(func.min(audit.c.act))
        if found:
            following = following.where(audit.c.act > found[-1])
        act = connection.execute(following).scalar_one()
        if act is None:
            return found
        found.append(act)


def last_verification(connection: Connection) -> Row[Any] | None:
    """How far the log was found sound the last time that somebody asked."""
    return connection.execute(select(verifications).order_by(verifications.c.key.desc()).limit(1)).one_or_none()


def count_since(connection: Connection, count: int) -> int:
    """How many entries came after the first `count`."""
    newest = connection.execute(select(func.max(audit.c.key))).scalar_one() or 0
    return max(0, newest - count)


def check_chain(connection: Connection) -> Verified:
    """Recompute the chain; the head of the last sound verification must still be in it."""
    last = select(verifications.c.head).where(verifications.c.broken_at.is_(None), verifications.c.count > 0)
    head = connection.execute(last.order_by(verifications.c.key.desc()).limit(1)).scalar_one_or_none()
    return verify(connection, head)


def keep_verification(connection: Connection, found: Verified, who: str, at: datetime) -> None:
    values = {"at": at, "who": who, "count": found.count, "head": found.head, "broken_at": found.broken_at}
    connection.execute(insert(verifications).values(**values))


def _asked(asked: Search) -> Select[Any]:
    query = select(audit)
    for column, value in ((audit.c.who, asked.who), (audit.c.act, asked.act), (audit.c.subject, asked.subject)):
        if value:
            query = query.where(column == value)
    if asked.since is not None:
        query = query.where(audit.c.at >= asked.since)
    if asked.until is not None:
        query = query.where(audit.c.at < asked.until)
    return query
