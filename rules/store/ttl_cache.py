"""One reading of what changes serves every thread for two milliseconds.

Whether a file changed is asked for every order, and each time that a thread asks the system it may
lose its turn to another one, which costs far more than the question. So what another process
changes is known here at most that late; what this process changes, at once.
"""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
LASTS = 0.002  # seconds


class TtlCache(Generic[T]):
    """What `see` answered, at most `LASTS` seconds ago and since the last `invalidate()`."""

    def __init__(self, see: Callable[[], T], seconds: Callable[[], float] = time.monotonic):
        self._see, self._seconds = see, seconds
        self._turn = 0
        # Until when, in which turn, and what was seen: read and replaced as one, so that threads need no lock.
        self._seen: tuple[float, int, T] | None = None

    def __call__(self) -> T:
        """What is there. Raises what `see` raises."""
        seen, now = self._seen, self._seconds()
        if seen is not None and now < seen[0] and seen[1] == self._turn:
            return seen[2]
        turn = self._turn
        found = self._see()
        self._seen = (now + LASTS, turn, found)
        return found

    def invalidate(self) -> None:
        """This process changed something: whoever asks from now on looks for themselves."""
        self._turn += 1
