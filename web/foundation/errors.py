"""Faults as people and machines read them: RFC 9457 problems at machines' addresses, pages elsewhere."""

import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Flask, Response, abort, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, NotFound

from houblon.engine.core.problem import Problem
from houblon.web.foundation.answers import (
    JSON,
    RETRY_AFTER,
    TITLES,
    Answer,
    fault_answer,
    fault_headers,
    header_of,
    language_asked,
    problem_answer,
    status_of,
)
from houblon.web.foundation.typed import typed
from houblon.web.limits import sizes

log = logging.getLogger("houblon.web")
BODY_FAULT = "houblon.body_fault"  # in the environ: the status that says why there is no body
MACHINE_DOORS = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics")


def json_response(document: Any, status: int = 200, **headers: str) -> Response:
    return Response(msgspec.json.encode(document), status, headers, mimetype=JSON)


def as_response(answer: Answer) -> Response:
    """A handler's answer, as Flask sends it."""
    return Response(answer.body, answer.status, answer.headers, content_type=answer.content_type)


def spoken() -> str:
    """The language in which a machine's caller reads sentences: English unless it says French."""
    return language_asked(header_of(request.environ))


def problem_response(status: int, problems: Iterable[Problem] = (), detail: str | None = None) -> Response:
    """An `application/problem+json` answer (RFC 9457) with every problem."""
    return as_response(problem_answer(status, spoken(), problems, detail))


def is_machine_door() -> bool:
    return request.path.startswith(MACHINE_DOORS)


def _tell_of_the_body() -> None:
    """Refuse a request whose body is not there, as the server found (web/app/buffering.py), or is too long."""
    request.max_content_length = sizes.BODIES.get(request.path, sizes.BODY)
    status = request.environ.get(BODY_FAULT)
    if status is not None:
        abort(status)


def register(app: Flask) -> None:
    """Answer every fault in the form that its reader expects; nothing of the inside shows."""
    # Before anything looks for a form in it.
    app.before_request_funcs.setdefault(None, []).insert(0, _tell_of_the_body)

    @app.errorhandler(HTTPException)
    @app.errorhandler(Exception)
    def _answer(fault: Exception) -> Any:
        if isinstance(fault, HTTPException) and fault.response is not None:
            return fault.response
        if isinstance(fault, CSRFError):
            # Its sentences are a few, of the library's own. Behind a proxy that does not pass the port on, the host
            # seen here is not the one that people see.
            log.warning("form refused on %s: %s (host %.100r)", request.url_rule, fault.description, request.host)
        if is_machine_door():
            return as_response(fault_answer(fault, spoken(), _named()))
        return _page(fault)


def _page(fault: Exception) -> Response:
    """The page on which a person reads what is wrong."""
    if isinstance(fault, NotFound) and request.method == "POST" and (kept := typed()):
        return Response(render_template("gone.html", typed=kept), 404)
    status, problems = status_of(fault, _named())
    title = TITLES.get(status, TITLES[400])
    page = Response(render_template("error.html", status=status, title=title, problems=problems), status)
    page.headers.extend(fault_headers(fault, _named()))
    if status == 503:
        page.headers["Retry-After"] = RETRY_AFTER
    return page


def _named() -> str:
    """The request by its route, not its address: a signed link to an invoice is in the address."""
    return f"{request.method[:20]} {request.url_rule}"
