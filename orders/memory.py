"""Small answers of the ledger, remembered until anything is committed, by whatever process.

Who knocks and which groups a retailer is in is asked at every request and changes a few times a
day. Whatever is committed to SQLite is written to its log first, so that one look at that file
tells whether an answer still stands.
"""

import os
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
# A file's time moves in ticks of some milliseconds: a log written just now may be written again within its tick.
_SETTLED = 0.1  # seconds
_MOST = 10_000


class Memory:
    """Answers about the SQLite database at `path`; without one, nothing is remembered."""

    def __init__(self, path: str | None):
        self._log = path and f"{path}-wal"
        # Read and replaced as one, so that threads need no lock.
        self._known: tuple[Any, dict[Hashable, Any]] = (None, {})

    def ask(self, about: Hashable, read: Callable[[], T]) -> T:
        """What `read` answers, or answered before in the same state of the database."""
        stamp = self._stamp()
        if stamp is None:
            return read()
        known_at, known = self._known
        if known_at != stamp or len(known) > _MOST:
            known = {}
            self._known = (stamp, known)
        try:
            return known[about]
        except KeyError:
            # Kept under the stamp of before the reading: what is committed meanwhile changes it.
            answer = known[about] = read()
            return answer

    def _stamp(self) -> tuple[int, int, int] | None:
        if self._log is None:
            return None
        try:
            found = os.stat(self._log)
        except OSError:
            return None
        if abs(time.time() - found.st_mtime) < _SETTLED:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
