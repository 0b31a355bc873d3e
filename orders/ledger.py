"""The ledger's database: many readers, and every write a durable transaction.

Embedded, it is SQLite (WAL, synchronous FULL) with one writer thread that commits concurrent work
in groups; outgrown, PostgreSQL, where each piece of work has a transaction of its own.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from orders.migrate import upgrade

T = TypeVar("T")
Work = Callable[[Connection], T]
MAX_GROUP = 64


class Ledger:
    """Reads with `reading()`, writes with `write(work)`; `close()` finishes what was begun."""

    def __init__(self, url: str):
        self.url = url
        self.is_embedded = url.startswith("sqlite")
        self.engine = _sqlite(url, "BEGIN") if self.is_embedded else create_engine(url, pool_size=10)
        self._writer = _Writer(_sqlite(url, "BEGIN IMMEDIATE")) if self.is_embedded else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of what is committed."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def write(self, work: Work[T]) -> T:
        """Do `work` in a durable transaction and return what it returns, once it is committed.

        What `work` raises is raised here and leaves nothing behind. On PostgreSQL work may be done
        anew when two transactions collide, so it must depend on nothing but the connection.
        """
        if self._writer is not None:
            return self._writer.do(work)
        with self.engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()


def open_ledger(url: str) -> Ledger:
    """The ledger at a database URL, its schema brought up to date."""
    ledger = Ledger(url)
    ledger.write(upgrade)
    return ledger


def _sqlite(url: str, begin: str) -> Engine:
    engine = create_engine(url, poolclass=None if begin == "BEGIN" else NullPool, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy says when a transaction begins, not the driver
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class _Item:
    def __init__(self, work: Work[Any]):
        self.work = work
        self.future: Future[Any] = Future()


class _Writer:
    """One thread that owns the write connection and commits what waits in groups.

    SQLite's lock is unfair among many writers; one thread is faster and keeps every wait short.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def do(self, work: Work[T]) -> T:
        item = _Item(work)
        self._queue.put(item)
        return item.future.result()

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = self._gather(first)
            self._commit(group)
            if last:
                break
        self._engine.dispose()

    def _gather(self, first: _Item) -> tuple[list[_Item], bool]:
        """What waits now, up to a group; and whether it is time to close."""
        group = [first]
        while len(group) < MAX_GROUP and not self._queue.empty():
            item = self._queue.get()
            if item is None:
                return group, True
            group.append(item)
        return group, False

    def _commit(self, group: list[_Item]) -> None:
        done: list[tuple[_Item, Any]] = []
        try:
            with self._engine.begin() as connection:
                for item in group:
                    self._attempt(connection, item, done)
        except BaseException as failure:
            self._after_failure(group, failure)
        else:
            for item, result in done:
                item.future.set_result(result)

    def _attempt(self, connection: Connection, item: _Item, done: list[tuple[_Item, Any]]) -> None:
        """One member in a savepoint: its failure is its own."""
        try:
            with connection.begin_nested():
                done.append((item, item.work(connection)))
        except Exception as failure:
            item.future.set_exception(failure)

    def _after_failure(self, group: list[_Item], failure: BaseException) -> None:
        """The commit itself failed: each member that isn't settled tries alone."""
        waiting = [item for item in group if not item.future.done()]
        if len(group) == 1:
            for item in waiting:
                item.future.set_exception(failure)
            return
        for item in waiting:
            self._commit([item])
