"""A fault that comes with every request is told once a second: a disk that is full is not filled with tracebacks of it."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import structlog

EVERY = 1.0  # seconds
_KINDS = 256  # of faults that are told apart


class OncePerSecond(logging.Filter):
    """Lets one line a second through of each kind of fault, with the number of those that it kept back.

    A kind is where a line comes from and what it says before values are put in. Below an error all go through: a
    request's own line is its record.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic):
        super().__init__()
        self._seconds, self._gate = seconds, threading.Lock()
        self._kinds: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """For the standard library's loggers."""
        if record.levelno < logging.ERROR:
            return True
        kept_back = self._kept_back(record.name, str(record.msg))
        if kept_back:
            record.msg = f"{record.msg} (and {kept_back} more of this)"
        return kept_back is not None

    def __call__(self, logger: Any, method: str, event: Any) -> Any:
        """For structlog's, as a processor. Raises DropEvent."""
        if event.get("level") not in ("error", "critical"):
            return event
        kept_back = self._kept_back("", str(event.get("event")))
        if kept_back is None:
            raise structlog.DropEvent
        return {**event, "kept_back": kept_back} if kept_back else event

    def _kept_back(self, *kind: str) -> int | None:
        """How many of the kind were kept back since the last that was not; None for one that is to be kept back."""
        now = self._seconds()
        name = (kind[0], kind[1][:200])
        with self._gate:
            told_at, count = self._kinds.get(name, (-EVERY, 0))
            if now - told_at < EVERY:
                self._kinds[name] = (told_at, count + 1)
                return None
            self._kinds[name] = (now, 0)
            self._kinds.move_to_end(name)
            while len(self._kinds) > _KINDS:
                self._kinds.popitem(last=False)
            return count
