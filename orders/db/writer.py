"""One thread that owns SQLite's write connection and commits concurrent work in groups.

SQLite's lock is unfair among many writers; one thread is faster and keeps every wait short. What
comes in while a group is being synced to disk makes the next group.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InvalidRequestError

from houblon.orders.db.write_lock import WriteLock

T = TypeVar("T")
Work = Callable[[Connection], T]
MAX_GROUP = 64


class _Item:
    """Work, and what became of it once `done` is released: lighter than a Future, of which only this is used."""

    __slots__ = ("done", "failure", "result", "work")

    def __init__(self, work: Work[Any]):
        self.work = work
        self.result: Any = None
        self.failure: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Writer:
    """`do(work)` waits until the work is durable; `close()` finishes what was begun."""

    def __init__(self, engine: Engine, lock: WriteLock):
        self._engine, self._lock = engine, lock
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How much work waits for the next group."""
        return self._queue.qsize()

    def do(self, work: Work[T]) -> T:
        """What `work` returns, once it is committed. Raises what it raises; then nothing of it is kept."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("work on the ledger can't wait for other work on it")
        item = _Item(work)
        with self._gate:
            if self._closed:
                raise RuntimeError("the ledger is closed")
            self._queue.put(item)
        item.done.acquire()
        if item.failure is not None:
            raise item.failure
        result: T = item.result
        return result

    def close(self) -> None:
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def do_all(self, works: Sequence[Work[T]]) -> list[tuple[T | None, BaseException | None]]:
        """Many pieces of work as one group, in the calling thread: what each returned, or why it failed."""
        group = [_Item(work) for work in works]
        if group:
            self._commit(group)
        return [(item.result, item.failure) for item in group]

    def _run(self) -> None:
        is_last = False
        while not is_last:
            group, is_last = self._gather()
            self._commit(group)
        self._engine.dispose()
        self._lock.close()

    def _gather(self) -> tuple[list[_Item], bool]:
        """What waits now, at least one and at most a group; and whether it is time to close."""
        group: list[_Item] = []
        while not group or (len(group) < MAX_GROUP and not self._queue.empty()):
            item = self._queue.get()
            if item is None:
                return group, True
            group.append(item)
        return group, False

    def _commit(self, group: list[_Item]) -> None:
        """One transaction for all; nobody is told anything before it is durable, refusals included."""
        # Almost always every member succeeds, and a savepoint costs as much as a small member does:
        # the first time without. Where one fails, a savepoint each; where the transaction itself
        # fails, each alone.
        for attempt in (_plainly, _in_savepoint) if len(group) > 1 else (_plainly,):
            try:
                with self._lock.acquire(), self._engine.begin() as connection:
                    answers = [attempt(connection, item.work) for item in group]
            except BaseException as failure:
                # Its connection can't be trusted any more.
                self._engine.dispose()
                failed = failure
            else:
                for item, answer in zip(group, answers, strict=True):
                    item.result, item.failure = answer
                    item.done.release()
                return
        if len(group) == 1:
            group[0].failure = failed
            group[0].done.release()
        else:
            # Whom the failure was for can't be told; a member may have met another's rows.
            for item in group:
                self._commit([item])


def _plainly(connection: Connection, work: Work[Any]) -> tuple[Any, Exception | None]:
    """One member, whose failure is that of the whole transaction."""
    result = work(connection)
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        raise InvalidRequestError("the work ended the transaction that it was in")
    return result, None


def _in_savepoint(connection: Connection, work: Work[Any]) -> tuple[Any, Exception | None]:
    """One member in a savepoint: its failure is its own."""
    driver: Any = connection.connection.driver_connection
    driver.execute("SAVEPOINT member")
    failed: Exception | None = None
    try:
        result = work(connection)
    except Exception as failure:
        try:
            driver.execute("ROLLBACK TO member")
        except sqlite3.Error:
            # SQLite gave the whole transaction up, as on a full disk; say why, not what followed.
            raise failure from None
        result, failed = None, failure
    driver.execute("RELEASE member")
    return result, failed
