"""Logs as one JSON object a line on stderr: what happened, to which ids, in which request; no personal data."""

import contextlib
import logging
import os
import re
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from importlib import metadata
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import structlog

from houblon.web.limits.repeats import OncePerSecond


def _without_addresses(_: Any, __: str, event: Any) -> Any:
    """Leave out what is somebody's from where a fault happened, and from what a library says."""
    for name in ("event", "exception") if "_record" in event else ("exception",):
        if isinstance(event.get(name), str):
            event[name] = _PERSONAL.sub("…", event[name])
    return event


_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
_SHARED = (
    structlog.contextvars.merge_contextvars,
    _stamp,
    structlog.processors.format_exc_info,
    _without_addresses,
)

VERSION = metadata.version("houblon")
_STDERR = 2
# How the server tells its other processes which file its log is in: a rotation gives that file another name.
LOG_NAME = "HOUBLON_LOG_NAME"

# What is somebody's, in lines that are not of our own making: mail addresses, and links that open an invoice or an account.
_PERSONAL = re.compile(
    r"[^\s<>\"'(),;:=]{1,64}@[^\s<>\"'(),;:=]{1,190}|(?<=/)(?:f|invitation|mot-de-passe)/[^\s\"'<>]+"
)

# Where lines of `note` go at once, once it is known that they go there as they are.
_paced: "Paced | None" = None
_plainly = structlog.get_logger("houblon.requests")

_LAST = 0  # what else a process does to end, it does before


def configure(level: int = logging.INFO, stream: BinaryIO | None = None, for_good: bool = True) -> None:
    """Send what the house and its libraries log to `stream`; unless given to stderr, in batches.

    Loggers keep what they are told first, unless it is not `for_good`.
    """
    global _paced
    out: Any = Paced(sys.stderr.buffer, reopen_log) if stream is None else stream
    _paced = out if isinstance(out, Paced) and level <= logging.INFO else None
    limit = OncePerSecond()
    structlog.configure(
        processors=[structlog.processors.add_log_level, limit, *_SHARED, structlog.processors.JSONRenderer(_encode)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(out),
        cache_logger_on_first_use=for_good,
    )
    handler = logging.StreamHandler(_Text(out))
    handler.addFilter(limit)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.processors.add_log_level, *_SHARED, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(lambda event, **_: _encode(event).decode()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def note(event: str, **facts: object) -> None:
    """Log, as `info`, what holds no fault: the same line, without the steps that only faults need. They take longer
    than the rest of a request's logging."""
    if _paced is None:
        _plainly.info(event, **facts)
        return
    line: Any = {**facts, "event": event, "level": "info"}
    for add in (structlog.contextvars.merge_contextvars, _stamp):
        line = add(None, "info", line)
    _paced.write(_encode(line) + b"\n")


def remember_log() -> None:
    """Note which file standard error is, where it is one and the system tells, for `reopen_log` in any process."""
    os.environ.pop(LOG_NAME, None)
    with contextlib.suppress(OSError):
        if stat.S_ISREG(os.fstat(_STDERR).st_mode):
            os.environ[LOG_NAME] = os.readlink(f"/proc/self/fd/{_STDERR}")


def reopen_log() -> None:
    """Go on in the file of the log's name, where a rotation renamed the one that is open."""
    name = os.environ.get(LOG_NAME)
    if name is None:
        return
    # Where none may be made there, lines go on into the one that is open: none is lost.
    with contextlib.suppress(OSError):
        if Path(name).exists() and os.path.samestat(os.stat(name), os.fstat(_STDERR)):
            return
        opened = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(opened, _STDERR)
        os.close(opened)


class Paced:
    """Lines leave together, ten times a second: a write for each request would cost more than its decision.

    A process that is killed (-9) takes the last tenth of a second's lines with it; what was decided is in
    the ledger. One that is told to end writes them all first. What libraries and faults log leaves at once, and all before it.
    """

    def __init__(self, out: BinaryIO, before: Callable[[], None] = lambda: None):
        self._out, self._lines, self._before = out, deque[bytes](), before
        self._leaving = threading.Lock()
        # Not by `atexit` alone: a worker is forked, and such a process ends without it.
        Finalize(None, self.leave, exitpriority=_LAST)
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, line: bytes) -> None:
        self._lines.append(line)

    def flush(self) -> None:
        """Nothing: the lines leave in their time."""

    def leave(self) -> None:
        """Write everything now."""
        with self._leaving:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if lines:
                self._before()
                self._out.write(b"".join(lines))
                self._out.flush()

    def _run(self) -> None:
        while True:
            time.sleep(0.1)
            with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
                self.leave()


class _Text:
    """A stream of bytes as the standard library's handlers write text."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        leave = getattr(self._stream, "leave", self._stream.flush)
        leave()


def _encode(event: Any, **_: Any) -> bytes:
    # An order's id may hold what UTF-8 can't: it is shown with its escapes.
    try:
        return msgspec.json.encode(event, enc_hook=str)
    except UnicodeEncodeError:
        return msgspec.json.encode({name: repr(value) for name, value in event.items()})
