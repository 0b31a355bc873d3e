"""Small answers of the ledger, remembered until anything is committed, by whatever process.

Who knocks and which groups a retailer is in is asked at every request and changes a few times a
day. Whatever is committed to SQLite is written to its log first, so that one look at that file
tells whether an answer still stands. Under a stream of orders even that look is too many: one look
serves for two milliseconds, so that what another process changes is known here at most that late.
"""

import os
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
# A file's time moves in ticks of some milliseconds: a log written just now may be written again within its tick.
_SETTLED = 0.1  # seconds
_ONE_LOOK = 0.002  # seconds
_MOST = 10_000


class _Known(NamedTuple):
    """Answers, the log's stamp that they stand under, and when to look at it again."""

    until: float
    stamp: tuple[int, int, int] | None
    answers: dict[Hashable, Any]


class Memory:
    """Answers about the SQLite database at `path`; without one, nothing is remembered."""

    def __init__(self, path: str | None, seconds: Callable[[], float] = time.monotonic):
        self._log = path and f"{path}-wal"
        self._seconds = seconds
        # Read and replaced as one, so that threads need no lock.
        self._known = _Known(0, None, {})

    def ask(self, about: Hashable, read: Callable[[], T]) -> T:
        """What `read` answers, or answered before in the same state of the database."""
        if self._log is None:
            return read()
        known, now = self._known, self._seconds()
        if now >= known.until:
            known = self._looked(known, now)
        try:
            return known.answers[about]
        except KeyError:
            # Kept under the stamp of before the reading: what is committed meanwhile changes it.
            answer = known.answers[about] = read()
            return answer

    def forget(self) -> None:
        """This process changed something: nothing that was remembered is answered any more."""
        self._known = _Known(0, None, {})

    def _looked(self, known: _Known, now: float) -> _Known:
        stamp = self._stamp()
        stands = stamp is not None and stamp == known.stamp and len(known.answers) < _MOST
        self._known = _Known(now + _ONE_LOOK, stamp, known.answers if stands else {})
        return self._known

    def _stamp(self) -> tuple[int, int, int] | None:
        """The log's time, size and place; None while it is too young to tell."""
        try:
            found = os.stat(self._log)  # type: ignore[arg-type]
        except OSError:
            return None
        if abs(time.time() - found.st_mtime) < _SETTLED:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
