"""What is kept in memory so that it need not be read or worked out again.

`TtlCache` keeps one reading of what changes for two milliseconds; `LruCache` keeps the last answers of what never
changes. Whether a file changed is asked for every order, and each time that a thread asks the system it may
lose its turn to another one, which costs far more than the question. So what another process
changes is known here at most that late; what this process changes, at once.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
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


class LruCache(Generic[K, T]):
    """The last `most` answers, by what they depend on; threads share it."""

    def __init__(self, most: int):
        self._most = most
        self._lock = threading.Lock()
        self._answers: OrderedDict[K, T] = OrderedDict()

    def get(self, key: K, make: Callable[[], T]) -> T:
        """What `make` answers, or answered before for the same key. Raises what `make` raises."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        # Without the lock: what takes long to make must not make others wait.
        made = make()
        with self._lock:
            self._answers[key] = made
            self._answers.move_to_end(key)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return made
