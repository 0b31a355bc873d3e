"""What every request gets: an id that names it in the logs, its time in the metrics, its line in the log."""

import itertools
import re
import threading
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from houblon.web.foundation import metrics
from houblon.web.foundation.logs import note
from houblon.web.limits import sizes

_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
HEADER = "X-Request-Id"
# A name for each request that asks the system for nothing: this process's own beginning, and a number.
_PROCESS, _NUMBERS = uuid.uuid4().hex[:22], itertools.count(1)
# What this thread's request came to, for its line.
_event = threading.local()
_QUIET = {"static", "health.alive", "health.ready", "health.measures"}


def register(app: Flask) -> None:
    """Name, time and log every request."""

    # First of all, so that whatever refuses a request is told with its id.
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def begin(given: str) -> str:
    """Name the request that this thread answers: the id that came with it if it is one, else a new one."""
    name = given if _ID.fullmatch(given) else f"{_PROCESS}{next(_NUMBERS):010x}"
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=name)
    log_as("request")
    return name


def log_as(event: str, **facts: object) -> None:
    """Say in the request's own line what came of it: a line more would cost as much as all the rest of the log."""
    _event.event, _event.facts = event, facts


def end(method: str, route: str, status: int, seconds: float, key: str | None, quietly: bool = False) -> None:
    """Count the request, and log it unless it is to be quiet.

    `route`, not the address: a signed link to an invoice is in the address. `key` names the API key.
    """
    # A method is any word that a caller likes; a label of a metric is kept for ever.
    method = method if method in sizes.METHODS else "other"
    metrics.answered(route, method, status, seconds)
    if not quietly:
        facts = {"key": key, **_event.facts} if key else _event.facts
        note(_event.event, method=method, route=route, status=status, ms=round(seconds * 1000, 2), **facts)


def _begin() -> None:
    g.request_id = begin(request.headers.get(HEADER, ""))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    rate, key = g.get("rate"), g.get("api_key")
    if rate is not None:
        response.headers.update(rate.headers())
    route = request.url_rule.rule if request.url_rule else ""
    seconds, quietly = time.perf_counter() - g.began, request.endpoint in _QUIET
    end(request.method, route, response.status_code, seconds, key and key.name, quietly)
    return response
