"""The ledger's database: many readers, and every write a durable transaction.

Embedded, it is SQLite (WAL, synchronous FULL) with one writer thread that commits concurrent work
in groups; outgrown, PostgreSQL, where each piece of work has a transaction of its own.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, create_engine, event, insert, make_url, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from houblon.orders.db.migrate import revision_of, upgrade
from houblon.orders.db.query_cache import QueryCache
from houblon.orders.db.snapshot import database_file, opened_by
from houblon.orders.db.statements import Prepared, Reader
from houblon.orders.db.tables import counters
from houblon.orders.db.write_lock import WriteLock
from houblon.orders.db.writer import T, Work, Writer

# SQLSTATEs of two transactions in each other's way: unique violation, serialization, deadlock.
_COLLISIONS = {"23505", "40001", "40P01"}
_ATTEMPTS = 5
_PROOFS = "proofs"
_PROVE = Prepared(
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)


class Collision(Exception):
    """Another transaction came first to what this one read: on PostgreSQL, it is done anew."""


class LedgerMissing(Exception):
    """There is no ledger at the address: nothing, or a database without anything in it."""


class Ledger:
    """Reads with `reading()`, writes with `write(work)`; `close()` finishes what was begun.

    It never makes the database: only `make_ledger` does.
    """

    def __init__(self, url: str):
        self.url = url
        self.is_embedded = url.startswith("sqlite")
        path = make_url(url).database if self.is_embedded else None
        self.query_cache = QueryCache(path)
        if path is not None:
            if not Path(path).is_file():
                raise LedgerMissing(f"there is no ledger at {path}")
            self.engine = _sqlite(url, "BEGIN", pool_size=10, max_overflow=30)
            self.write_engine = _sqlite(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
            self._writer = Writer(self.write_engine, WriteLock(path))
            # Connections by which nobody looks just now: nothing to begin or to end. Threads come and go, and one
            # that took its connection with it would leave it open until cycles are collected.
            self._glances: list[sqlite3.Connection] = []
        else:
            self.engine = self.write_engine = create_engine(
                url, pool_size=10, max_overflow=30, pool_pre_ping=True, hide_parameters=True
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of what is committed."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def looking_up(self) -> Iterator[Reader]:
        """For look-ups that each stand alone: every one sees what is committed by then."""
        if not self.is_embedded:
            with self.reading() as connection:
                yield connection
            return
        try:
            own = self._glances.pop()
        except IndexError:
            own = _alone(self.engine)
        try:
            yield own
        finally:
            self._glances.append(own)

    def write(self, work: Work[T]) -> T:
        """Do `work` in a durable transaction and return what it returns, once it is committed.

        What `work` raises is raised here and leaves nothing behind. Work may be done anew when
        transactions collide or a group fails, so it must depend on nothing but the connection.
        """
        try:
            return self.record(work)
        finally:
            self.query_cache.clear()

    def record(self, work: Work[T]) -> T:
        """`write`, for the stream of orders and messages: work that changes nothing which `memory` answers."""
        if self.is_embedded:
            return self._writer.do(work)
        return _write_alone(self.engine, work)

    def record_all(self, works: Sequence[Work[T]]) -> list[tuple[T | None, BaseException | None]]:
        """`record` for many at once, embedded only: what each returned, or why it failed."""
        return self._writer.do_all(works)

    @property
    def waiting(self) -> int:
        """How much work waits to be committed by this process."""
        return self._writer.waiting if self.is_embedded else 0

    def close(self) -> None:
        if self.is_embedded:
            self._writer.close()
            for own in self._glances:
                own.close()
        self.engine.dispose()


def prove(connection: Connection) -> None:
    """Write something, so that the commit shows whether the disk takes it: a read alone would not."""
    if _PROVE.scalar(connection, {"counter": _PROOFS}) is None:
        connection.execute(insert(counters), {"name": _PROOFS, "value": 1})


def make_ledger(url: str) -> Ledger:
    """A new ledger at a database URL, or the one that is there, its schema brought up to date. Raises NewerLedger."""
    make_file(url)
    return _with(url, upgrade)


def open_ledger(url: str) -> Ledger:
    """The ledger at a database URL, its schema brought up to date. Raises LedgerMissing, NewerLedger."""
    return _with(url, _upgrade_known)


def make_file(url: str) -> None:
    """Make the file of an embedded ledger, its owner's alone, unless it is there."""
    path = database_file(url)
    if path is not None:
        # SQLite gives the mode of this file to those that it makes beside it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _with(url: str, work: Work[None]) -> Ledger:
    ledger = Ledger(url)
    try:
        ledger.write(work)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _upgrade_known(connection: Connection) -> None:
    if revision_of(connection) is None:
        raise LedgerMissing("the database is empty")
    upgrade(connection)


def _sqlite(url: str, begin: str, **pool: int) -> Engine:
    path = database_file(url)
    assert path is not None

    def connect() -> sqlite3.Connection:
        # A file that was removed meanwhile is missed, not made anew.
        return sqlite3.connect(opened_by(path, "rw"), uri=True, timeout=30, check_same_thread=False)

    # What a statement failed with is told in logs; the values in it are people's.
    engine = create_engine(url, creator=connect, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy says when a transaction begins, not the driver
        for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    def do_begin(dbapi_connection: PoolProxiedConnection) -> None:
        # By the driver itself: as a statement of SQLAlchemy's it takes as long as one of an order's own. What it
        # raises is told, and counted, as that of a statement is.
        dbapi_connection.execute(begin)

    engine.dialect.do_begin = do_begin  # type: ignore[method-assign]  # the driver's own begins nothing
    return engine


def _alone(engine: Engine) -> sqlite3.Connection:
    """A connection of SQLite's own that belongs to no pool."""
    pooled = engine.raw_connection()
    own = pooled.driver_connection
    pooled.detach()
    assert isinstance(own, sqlite3.Connection)
    return own


def _write_alone(engine: Engine, work: Work[T]) -> T:
    """A transaction of its own; done anew when another one came first to the same row."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with engine.begin() as connection:
                return work(connection)
        except Collision:
            if attempt == _ATTEMPTS:
                raise
        except DBAPIError as failure:
            if attempt == _ATTEMPTS or getattr(failure.orig, "sqlstate", None) not in _COLLISIONS:
                raise
    raise AssertionError("the last attempt returns or raises")
