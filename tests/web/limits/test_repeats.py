"""What fails at every request is told once a second."""

import io
import json
import logging

import structlog

from houblon.web.foundation import logs
from houblon.web.limits.repeats import OncePerSecond


def record(message, *values, level=logging.ERROR, name="houblon.web"):
    return logging.LogRecord(name, level, "x.py", 1, message, values, None)


def test_a_fault_is_told_once_a_second_with_the_number_of_those_kept_back():
    now = [0.0]
    limit = OncePerSecond(lambda: now[0])
    assert limit.filter(record("nothing could be written on %s", "/a"))
    assert not any(limit.filter(record("nothing could be written on %s", number)) for number in range(8_364))
    assert limit.filter(record("another fault"))
    now[0] = 1.0
    again = record("nothing could be written on %s", "/b")
    assert limit.filter(again) and again.getMessage() == "nothing could be written on /b (and 8364 more of this)"


def test_a_request_s_own_line_is_never_kept_back():
    limit = OncePerSecond(lambda: 0.0)
    assert all(limit.filter(record("request", level=logging.INFO)) for _ in range(3))
    assert [limit(None, "info", {"level": "info", "event": "request"})["event"] for _ in range(3)] == ["request"] * 3


def test_kinds_of_faults_are_kept_in_bounded_room():
    limit = OncePerSecond(lambda: 0.0)
    for number in range(10_000):
        limit.filter(record(f"fault {number} {'x' * 10_000}"))
    assert len(limit._kinds) <= 256


def test_the_log_that_the_server_writes_is_limited():
    stream = io.BytesIO()
    logs.configure(stream=stream, for_good=False)
    try:
        for _ in range(50):
            logging.getLogger("houblon.web").error("disk full")
            try:
                raise OSError("no room")
            except OSError:
                structlog.get_logger("houblon.health").exception("ready.ledger")
            structlog.get_logger("houblon.requests").info("request")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()
    told = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert (told.count("disk full"), told.count("ready.ledger"), told.count("request")) == (1, 1, 50)
