"""The ledger's database: many readers, and every write a durable transaction.

Embedded, it is SQLite (WAL, synchronous FULL) with one writer thread that commits concurrent work
in groups; outgrown, PostgreSQL, where each piece of work has a transaction of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from orders.migrate import upgrade
from orders.writer import T, Work, Writer

# SQLSTATEs of two transactions in each other's way: unique violation, serialization, deadlock.
_COLLISIONS = {"23505", "40001", "40P01"}
_ATTEMPTS = 5


class Ledger:
    """Reads with `reading()`, writes with `write(work)`; `close()` finishes what was begun."""

    def __init__(self, url: str):
        self.url = url
        self.is_embedded = url.startswith("sqlite")
        if self.is_embedded:
            self.engine = _sqlite(url, "BEGIN", pool_size=10, max_overflow=30)
            self.write_engine = _sqlite(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
            self._writer = Writer(self.write_engine)
        else:
            self.engine = self.write_engine = create_engine(
                url, pool_size=10, max_overflow=30, pool_pre_ping=True, hide_parameters=True
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of what is committed."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def write(self, work: Work[T]) -> T:
        """Do `work` in a durable transaction and return what it returns, once it is committed.

        What `work` raises is raised here and leaves nothing behind. Work may be done anew when
        transactions collide or a group fails, so it must depend on nothing but the connection.
        """
        if self.is_embedded:
            return self._writer.do(work)
        return _write_alone(self.engine, work)

    @property
    def waiting(self) -> int:
        """How much work waits to be committed by this process."""
        return self._writer.waiting if self.is_embedded else 0

    def close(self) -> None:
        if self.is_embedded:
            self._writer.close()
        self.engine.dispose()


def open_ledger(url: str) -> Ledger:
    """The ledger at a database URL, its schema brought up to date. Raises NewerLedger."""
    ledger = Ledger(url)
    try:
        ledger.write(upgrade)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _sqlite(url: str, begin: str, **pool: int) -> Engine:
    # What a statement failed with is told in logs; the values in it are people's.
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy says when a transaction begins, not the driver
        for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _write_alone(engine: Engine, work: Work[T]) -> T:
    """A transaction of its own; done anew when another one came first to the same row."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with engine.begin() as connection:
                return work(connection)
        except DBAPIError as failure:
            if attempt == _ATTEMPTS or getattr(failure.orig, "sqlstate", None) not in _COLLISIONS:
                raise
    raise AssertionError("the last attempt returns or raises")
