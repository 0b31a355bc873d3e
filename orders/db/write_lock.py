"""Processes that write to one SQLite file, each in its turn.

SQLite lets whoever asks at the right instant write; the others ask again after a while, and one that
writes all the time leaves them waiting for seconds. Here who comes first goes first: there is a lock
for who is next and one for whose turn it is, and who had a turn must be next again before another.
Only fairness hangs on it: that one writes at a time stays SQLite's own doing.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

try:
    import fcntl
except ImportError:  # no such locks on this system: SQLite's own order is taken
    fcntl = None  # type: ignore[assignment]  # it is asked before each use

_AGAIN = 0.0005  # seconds until a lock that somebody has is asked for again


class WriteLock:
    """The turns at the database of a path, for one writer; `close()` it after use.

    Who waits for longer than `longest` seconds waits for somebody who was stopped, and goes on.
    """

    def __init__(
        self,
        path: str,
        longest: float = 30.0,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._longest, self._seconds, self._sleep = longest, seconds, sleep
        self._next, self._turn = (_open(f"{path}-{name}") for name in ("next", "turn"))

    @contextlib.contextmanager
    def acquire(self) -> Iterator[None]:
        """Wait for the turn, and have it meanwhile."""
        end = self._seconds() + self._longest
        self._wait_for(self._next, end)
        self._wait_for(self._turn, end)
        _unlock(self._next)
        try:
            yield
        finally:
            _unlock(self._turn)

    def _wait_for(self, file: int | None, end: float) -> None:
        """Wait for the lock until `end`; where a file system has none, go on: no write may fail for want of fairness."""
        if fcntl is None or file is None:
            return
        with contextlib.suppress(OSError):
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    if self._seconds() > end:
                        return
                    self._sleep(_AGAIN)

    def close(self) -> None:
        for each in (self._next, self._turn):
            if each is not None:
                os.close(each)


def _open(path: str) -> int | None:
    """The file to lock; None where it can't be opened, as where somebody else made it: no ledger stays shut for want
    of fairness."""
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    return None


def _unlock(file: int | None) -> None:
    if fcntl is not None and file is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)
