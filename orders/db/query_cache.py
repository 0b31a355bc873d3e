"""Small answers of the ledger, remembered until anything is committed, by whatever process.

Who knocks and which groups a retailer is in is asked at every request and changes a few times a
day. Whatever is committed to SQLite is written to its log first, so that one look at that file
tells whether an answer still stands.
"""

import os
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from houblon.rules.store.caches import TtlCache

T = TypeVar("T")
# A file's time moves in ticks of some milliseconds: a log written just now may be written again within its tick.
_SETTLED = 0.1  # seconds
_MOST = 10_000


class QueryCache:
    """Answers about the SQLite database at `path`; without one, nothing is remembered."""

    def __init__(self, path: str | None):
        self._log = path and f"{path}-wal"
        self._answers = TtlCache(self._valid_answers)
        # Read and replaced as one, so that threads need no lock.
        self._known: tuple[Any, dict[Hashable, Any]] = (None, {})

    def get(self, about: Hashable, read: Callable[[], T]) -> T:
        """What `read` answers, or answered before in the same state of the database."""
        if self._log is None:
            return read()
        answers = self._answers()
        try:
            answer: T = answers[about]
        except KeyError:
            # Kept under the stamp of before the reading: what is committed meanwhile changes it.
            answer = answers[about] = read()
        return answer

    def clear(self) -> None:
        """This process changed something that is remembered."""
        self._answers.invalidate()

    def _valid_answers(self) -> dict[Hashable, Any]:
        """The answers that still stand; new ones while the log is too young to tell."""
        stamp, (known_at, answers) = self._stamp(), self._known
        if stamp is None or stamp != known_at or len(answers) > _MOST:
            answers = {}
            self._known = (stamp, answers)
        return answers

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
