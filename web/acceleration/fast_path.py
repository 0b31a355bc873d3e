"""The fast path: what machines ask all day is answered before Flask is asked.

What Flask does for one request takes longer than a decision. A plain call to one of the two busiest addresses is
answered here, well or with its faults, by the handlers that Flask's views call too; any other goes on to Flask.

An order that another process records is read by the event loop, which answers when that process does: no thread waits
for it. Only for what is well; all that is wrong is a thread's to tell.
"""

import io
import time
from collections.abc import Callable, Coroutine, Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Flask

from houblon.orders.credentials.credentials import STANDARD
from houblon.web.api import keys
from houblon.web.api.decision_handler import decide
from houblon.web.foundation import request_log
from houblon.web.foundation.answers import (
    LATER,
    Answer,
    Header,
    Later,
    fault_answer,
    header_of,
    language_asked,
    problem_answer,
)
from houblon.web.foundation.composition import House
from houblon.web.foundation.errors import BODY_FAULT
from houblon.web.ingest.handler import answer_of, ingest_signed, read_signed
from houblon.web.limits import sizes

Environ = dict[str, Any]


class Handled(NamedTuple):
    """An answer, and the name of the API key that asked, if one did."""

    answer: Answer
    key: str | None = None


Handler = Callable[[Header, bytes], Handled]
_HANDLERS = "houblon.fast_path"
_ORDERS = "/webhooks/orders"
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def put_before(app: Flask, house: House) -> None:
    """Put the fast path before `app`."""
    inner, rates = app.wsgi_app, app.extensions[keys.RATES]
    handlers: dict[str, Handler] = {
        "/api/v1/decisions": lambda header, body: _decision(house, rates, header, body),
        _ORDERS: lambda header, body: Handled(ingest_signed(house, header, body)),
    }
    app.extensions[_HANDLERS] = handlers

    def fast_path(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        handler = handlers.get(environ["PATH_INFO"])
        later: Later | None = environ.get(LATER)
        if later is not None:
            if handler is not None and (body := _plain_body(environ)) is not None:
                later.answer = _answer_later(house, environ, body, start_response)
            return ()
        if handler is None or (body := _plain_body(environ)) is None:
            return inner(environ, start_response)
        return (_answer(handler, environ, body, start_response),)

    app.wsgi_app = fast_path  # type: ignore[method-assign]


def is_for_later(house: House, environ: Environ) -> bool:
    """Whether the event loop is to ask: for orders, while another process records them."""
    return environ["PATH_INFO"] == _ORDERS and house.writer.is_apart


def close_fast_path(app: Flask) -> None:
    """Let Flask answer everything from now on."""
    app.extensions.get(_HANDLERS, {}).clear()


def _plain_body(environ: Environ) -> bytes | None:
    """The body of a POST that asks for nothing special and says how long it is; None for any other."""
    length = environ.get("CONTENT_LENGTH", "")
    is_plain = (
        environ["REQUEST_METHOD"] == "POST"
        and BODY_FAULT not in environ
        and not environ.get("QUERY_STRING")
        and "HTTP_IDEMPOTENCY_KEY" not in environ
        and "HTTP_TRANSFER_ENCODING" not in environ
        and length.isascii()
        and length.isdigit()
        and len(length) < 10  # Python itself reads no number of thousands of digits
        and int(length) <= sizes.BODY
    )
    if not is_plain:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) == int(length):
        return body
    # It broke off: Flask says what it says of every such call.
    environ["wsgi.input"] = io.BytesIO(body)
    return None


def _answer(handler: Handler, environ: Environ, body: bytes, start_response: Callable[..., Any]) -> bytes:
    """Answer a call as Flask would: named, timed, logged, its faults told as Problems."""
    began, header, route = time.perf_counter(), header_of(environ), environ["PATH_INFO"]
    name = request_log.begin(header(request_log.HEADER))
    try:
        answer, key = handler(header, body)
    except Exception as fault:
        answer, key = fault_answer(fault, language_asked(header), f"POST {route}"), None
    request_log.end("POST", route, answer.status, time.perf_counter() - began, key)
    return _begin_answer(start_response, answer, name)


def _begin_answer(start_response: Callable[..., Any], answer: Answer, name: str) -> bytes:
    start_response(
        _STATUS_LINES[answer.status],
        [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            (request_log.HEADER, name),
            *answer.headers,
        ],
    )
    return answer.body


def _answer_later(
    house: House, environ: Environ, body: bytes, start_response: Callable[..., Any]
) -> Coroutine[Any, Any, bytes | None] | None:
    """Have an order recorded, and answer when it is. Nothing here waits for anything else; None where all is not well."""
    began, header = time.perf_counter(), header_of(environ)
    try:
        incoming = read_signed(house, header, body)
        asked = None if incoming is None else house.writer.ingest_later(incoming)
    except Exception:  # a thread meets it again, and tells of it
        return None
    if incoming is None or asked is None:
        return None

    async def answer() -> bytes | None:
        result = await asked
        if result is None:
            return None
        # Only now, and all at once: other requests have been in this thread's hands since.
        name = request_log.begin(header(request_log.HEADER))
        said = answer_of(STANDARD, incoming.source, incoming.webhook_id, result)
        request_log.end("POST", _ORDERS, said.status, time.perf_counter() - began, None)
        return _begin_answer(start_response, said, name)

    return answer()


def _decision(house: House, rates: Any, header: Header, body: bytes) -> Handled:
    language = language_asked(header)
    admission = keys.admission(house, rates, "decide", header("Authorization"))
    if admission.refusal is not None:
        answer = problem_answer(admission.refusal, language)
    else:
        # The key is told in the log, and what is left to it in the headers, of a fault too.
        try:
            answer = Answer(200, decide(house, body, language))
        except Exception as fault:
            answer = fault_answer(fault, language, "POST /api/v1/decisions")
    rate = admission.spent.headers() if admission.spent else ()
    return Handled(answer._replace(headers=(*answer.headers, *rate)), admission.key and admission.key.name)
