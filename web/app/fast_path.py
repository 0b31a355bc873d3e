"""The express lane: what machines ask all day is answered before Flask is asked.

What Flask does for one request takes longer than a decision. A call that is in every way as it
should be is answered here, by the functions that Flask's views call too. Any other goes on to
Flask as if it had not stopped here, and is told there what is wrong with it.
"""

import io
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from flask import Flask

from houblon.orders.intake.decode import MAX_BODY
from houblon.web.api import decisions, keys
from houblon.web.foundation import request_log
from houblon.web.foundation.composition import House
from houblon.web.ingest import webhooks

Environ = dict[str, Any]
Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What a door answers with status 200, and the name of the key that asked, if one did."""

    body: bytes
    headers: Iterable[tuple[str, str]] = ()
    key: str | None = None


_DOORS = "houblon.express"
Door = Callable[[House, Environ, bytes], Answer | None]


def put_before(app: Flask, house: House) -> None:
    """Put the lane before `app`."""
    inner = app.wsgi_app
    rates = app.extensions[keys.RATES]
    doors: dict[str, Door] = {
        "/api/v1/decisions": lambda house, environ, body: _decision(house, rates, environ, body),
        "/webhooks/orders": _webhook,
    }
    app.extensions[_DOORS] = doors

    def lane(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = environ["PATH_INFO"]
        door = doors.get(route)
        if door is None or (body := _plain_body(environ)) is None:
            return inner(environ, start_response)
        began = time.perf_counter()
        name = request_log.begin(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            answer = door(house, environ, body)
        except Exception:
            # Whatever it is, Flask meets it again and tells it as it tells everything else. A call
            # that was recorded by then is known by its id, and is not recorded twice.
            answer = None
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return inner(environ, start_response)
        request_log.end("POST", route, 200, time.perf_counter() - began, answer.key)
        start_response(
            "200 OK",
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(answer.body))),
                (request_log.HEADER, name),
                *answer.headers,
            ],
        )
        return (answer.body,)

    app.wsgi_app = lane  # type: ignore[method-assign]


def close_fast_path(app: Flask) -> None:
    """Let Flask answer everything from now on."""
    app.extensions[_DOORS].clear()


def _plain_body(environ: Environ) -> bytes | None:
    """The body of a POST that asks for nothing special and says how long it is; None for any other."""
    length = environ.get("CONTENT_LENGTH", "")
    is_plain = (
        environ["REQUEST_METHOD"] == "POST"
        and not environ.get("QUERY_STRING")
        and "HTTP_IDEMPOTENCY_KEY" not in environ
        and "HTTP_TRANSFER_ENCODING" not in environ
        and length.isascii()
        and length.isdigit()
        and int(length) <= MAX_BODY
    )
    return environ["wsgi.input"].read(int(length)) if is_plain else None


def _decision(house: House, rates: Any, environ: Environ, body: bytes) -> Answer | None:
    key = keys.known(house, environ.get("HTTP_AUTHORIZATION", ""))
    if key is None or "decide" not in key.scopes or keys.is_to_be_noted(key, house.now()):
        return None
    asked = decisions.read_plainly(body)
    spent = rates.spend(key.key, "decide")
    if not spent.is_allowed:
        return None
    return Answer(decisions.answer(house, asked), spent.headers(), key.name)


def _webhook(house: House, environ: Environ, body: bytes) -> Answer:
    headers = {name: environ.get(variable, "") for name, variable in _SIGNED}
    taken = webhooks.ingest_signed(house, headers, body)
    return Answer(taken.document, webhooks.replay_headers(taken).items())


_SIGNED = tuple((f"webhook-{part}", f"HTTP_WEBHOOK_{part.upper()}") for part in ("id", "timestamp", "signature"))
