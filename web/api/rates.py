"""How often a key may call: so many calls a minute, told in `RateLimit` headers.

A fixed window in this process's memory: a library's memory storage starts a thread for each call,
which costs more than the decision that it would protect. Several processes each count their own.
Source of the headers: draft-ietf-httpapi-ratelimit-headers.
"""

import threading
import time
from collections.abc import Callable

import msgspec

WINDOW = 60  # seconds


class Spent(msgspec.Struct, frozen=True):
    """Where a caller stands in the running window; `reset` is in seconds."""

    policy: str
    limit: int
    left: int
    reset: int

    @property
    def is_allowed(self) -> bool:
        return self.left >= 0

    def headers(self) -> list[tuple[str, str]]:
        """What tells the caller."""
        headers = [
            ("RateLimit-Policy", f'"{self.policy}";q={self.limit};w={WINDOW}'),
            ("RateLimit", f'"{self.policy}";r={max(self.left, 0)};t={self.reset}'),
        ]
        if not self.is_allowed:
            headers.append(("Retry-After", str(max(self.reset, 1))))
        return headers


class Rates:
    """Counts calls by key: decisions have a rate of their own, for they are asked in streams."""

    def __init__(self, decisions: int, others: int, seconds: Callable[[], float] = time.monotonic):
        self._limits = {"decide": decisions}
        self._others = others
        self._seconds = seconds
        self._lock = threading.Lock()
        self._window, self._counts = 0, {}  # type: tuple[int, dict[tuple[int, str], int]]

    def spend(self, key: int, scope: str) -> Spent:
        """Count one call."""
        now = self._seconds()
        window, policy = int(now // WINDOW), scope if scope in self._limits else "calls"
        limit = self._limits.get(policy, self._others)
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            count = self._counts[key, policy] = self._counts.get((key, policy), 0) + 1
        return Spent(policy, limit, limit - count, int((window + 1) * WINDOW - now) + 1)
