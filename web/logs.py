"""Logs as one JSON object a line on stderr: what happened, to which ids, in which request; no personal data."""

import logging
import sys
from typing import Any, BinaryIO

import msgspec
import structlog

_SHARED = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def configure(level: int = logging.INFO, stream: BinaryIO | None = None) -> None:
    """Send what the house and its libraries log to `stream` (stderr unless given)."""
    out = sys.stderr.buffer if stream is None else stream
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer(_encode)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Text(out))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name],
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


class _Text:
    """A stream of bytes as the standard library's handlers write text."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        self._stream.flush()


def _encode(event: Any, **_: Any) -> bytes:
    # An order's id may hold what UTF-8 can't: it is shown with its escapes.
    try:
        return msgspec.json.encode(event, enc_hook=str)
    except UnicodeEncodeError:
        return msgspec.json.encode({name: repr(value) for name, value in event.items()})
