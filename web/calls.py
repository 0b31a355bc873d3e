"""What every request gets: an id that names it in the logs, its time in the metrics, its line in the log."""

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from web import metrics

log = structlog.get_logger("houblon.requests")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_QUIET = {"static", "health.alive", "health.ready", "health.measures"}


def register(app: Flask) -> None:
    """Name, time and log every request."""

    # First of all, so that whatever refuses a request is told with its id.
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    rate = g.get("rate")
    if rate is not None:
        rate.write(response)
    seconds = time.perf_counter() - g.began
    # The route, not the address: a signed link to an invoice is in the address.
    route = request.url_rule.rule if request.url_rule else ""
    metrics.REQUESTS.labels(route, request.method, response.status_code).observe(seconds)
    if request.endpoint not in _QUIET:
        key = g.get("api_key")
        log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            **({"key": key.name} if key else {}),
        )
    return response
