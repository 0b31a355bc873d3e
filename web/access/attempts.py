"""Guesses and asked-for mails, counted in the ledger: they hold over a restart, and for every process.

They are counted before anything is checked, in one transaction: of many at once, no more are checked than may be.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from houblon.web.access.accounts import attempts

# No limit looks further back.
_FORGOTTEN_AFTER = timedelta(days=1)


class Limit(msgspec.Struct, frozen=True):
    """So many in so long a time, counted back from each moment."""

    count: int
    within: timedelta


def take(connection: Connection, wanted: Sequence[tuple[str, Limit]], now: datetime) -> list[int] | timedelta:
    """Count one attempt for each of these; the counted ones' keys, or how long to wait where one is at its limit.

    Nothing is counted of what is refused: whoever goes on trying is not kept out the longer for it.
    """
    _wait_for_turn(connection, sorted({_hashed(who) for who, _ in wanted}))
    waits = [wait for who, limit in wanted if (wait := _wait(connection, _hashed(who), limit, now)) is not None]
    if waits:
        return max(waits)
    connection.execute(delete(attempts).where(attempts.c.at < now - _FORGOTTEN_AFTER))
    keys = []
    for who, _ in wanted:
        made = connection.execute(insert(attempts).values(who=_hashed(who), at=now)).inserted_primary_key
        assert made is not None
        keys.append(made[0])
    return keys


def give_back(connection: Connection, keys: Sequence[int]) -> None:
    """Count these no more: what was tried was right."""
    connection.execute(delete(attempts).where(attempts.c.key.in_(keys)))


def forgive(connection: Connection, who: str) -> None:
    """Count nothing more of what was tried so far."""
    connection.execute(delete(attempts).where(attempts.c.who == _hashed(who)))


def _wait(connection: Connection, who: str, limit: Limit, now: datetime) -> timedelta | None:
    """How long until one more may be tried; None when it may be now."""
    mine = attempts.c.who == who, attempts.c.at > now - limit.within
    if connection.execute(select(func.count()).where(*mine)).scalar_one() < limit.count:
        return None
    # The one that must have left the window before there is room.
    last = select(attempts.c.at).where(*mine).order_by(attempts.c.at.desc()).offset(limit.count - 1).limit(1)
    at: datetime = connection.execute(last).scalar_one()
    return at + limit.within - now


def _wait_for_turn(connection: Connection, whose: Sequence[str]) -> None:
    """On PostgreSQL, have attempts of the same one come after each other; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        for each in whose:
            connection.execute(select(func.pg_advisory_xact_lock(int(each[:15], 16))))


def _hashed(who: str) -> str:
    return hashlib.sha256(who.encode(errors="surrogatepass")).hexdigest()
