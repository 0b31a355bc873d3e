"""Processes that write to one SQLite file, each in its turn.

SQLite lets whoever asks at the right instant write; the others ask again after a while, and one that
writes all the time leaves them waiting for seconds. Here who comes first goes first: there is a lock
for who is next and one for whose turn it is, and who had a turn must be next again before another.
Only fairness hangs on it: that one writes at a time stays SQLite's own doing.
"""

import contextlib
import os
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # no such locks on this system: SQLite's own order is taken
    fcntl = None  # type: ignore[assignment]


class Turns:
    """The turns at the database of a path, for one writer; `close()` it after use."""

    def __init__(self, path: str):
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._next, self._turn = (os.open(f"{path}-{name}", flags, 0o600) for name in ("next", "turn"))

    @contextlib.contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for the turn, and have it meanwhile."""
        if fcntl is None:
            yield
            return
        fcntl.flock(self._next, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._next, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def close(self) -> None:
        for each in (self._next, self._turn):
            os.close(each)
