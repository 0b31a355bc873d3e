"""Whether the outbox's worker lives: it says so at each round, and `/readyz` listens."""

import threading
import time
from collections.abc import Callable

# A round may wait for a slow mail server for half a lease, and a little more.
SILENCE = 180.0  # seconds


class Heartbeat:
    """`beat()` from the worker; `is_alive` from anywhere."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._last = seconds()
        self._thread: threading.Thread | None = None

    def beat(self) -> None:
        self._thread, self._last = threading.current_thread(), self._seconds()

    @property
    def is_alive(self) -> bool:
        """Heard lately, from a thread that still runs (or is about to begin)."""
        running = self._thread is None or self._thread.is_alive()
        return running and self._seconds() - self._last < SILENCE
