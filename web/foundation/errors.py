"""Faults as people and machines read them: RFC 9457 problems at the doors, pages elsewhere."""

import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Flask, Response, render_template, request
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.orders.services import Conflict
from houblon.rules.store.storage import StorageFault

log = logging.getLogger("houblon.web")
RETRY_AFTER = "10"  # seconds
MACHINE_DOORS = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics")
_TITLES = {
    400: Text("La demande ne se lit pas.", "The request can't be read."),
    401: Text("La signature ou la clé manque, ou n’est pas la bonne.", "The signature or key is missing or wrong."),
    403: Text("Cela ne vous est pas permis.", "You may not do this."),
    404: Text("Il n’y a rien à cette adresse.", "There is nothing at this address."),
    405: Text("Cette adresse ne prend pas cette méthode.", "This address does not take this method."),
    409: Text("La demande contredit ce qui est déjà fait.", "The request contradicts what is done."),
    412: Text(
        "Quelqu’un l’a changé depuis : relisez, puis recommencez.", "It was changed since: read it again, then retry."
    ),
    413: Text("Le corps est trop grand.", "The body is too large."),
    415: Text("Le corps doit être du JSON.", "The body must be JSON."),
    422: Text("La demande a des défauts.", "The request has faults."),
    428: Text("L’en-tête If-Match manque : dites l’état que vous avez lu.", "If-Match is missing: say what you read."),
    429: Text("Trop de demandes ; attendez un peu.", "Too many requests; wait a little."),
    503: Text(
        "Houblon ne peut rien écrire pour l’instant ; rien n’a été enregistré, envoyez de nouveau.",
        "Houblon can write nothing for now; nothing was recorded, send it again.",
    ),
    500: Text(
        "Une erreur de Houblon ; rien n’a été enregistré à moitié.", "An error of Houblon; nothing was half-written."
    ),
}


def json_response(document: Any, status: int = 200, **headers: str) -> Response:
    return Response(msgspec.json.encode(document), status, headers, mimetype="application/json")


def spoken() -> str:
    """The language in which a machine's caller reads sentences: English unless it says French."""
    return request.accept_languages.best_match(["en", "fr"]) or "en"


def problem_response(status: int, problems: Iterable[Problem] = (), detail: str | None = None) -> Response:
    """An `application/problem+json` answer (RFC 9457) with every problem."""
    language = spoken()
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, _TITLES[400]).in_(language),
        "status": status,
        "errors": [each.as_json(language) for each in problems],
    }
    if detail is not None:
        document["detail"] = detail
    return Response(msgspec.json.encode(document), status, mimetype="application/problem+json")


def is_machine_door() -> bool:
    return request.path.startswith(MACHINE_DOORS)


def register(app: Flask) -> None:
    """Answer every fault in the form that its reader expects; nothing of the inside shows."""

    @app.errorhandler(Invalid)
    def _invalid(invalid: Invalid) -> Any:
        if is_machine_door():
            return problem_response(422, invalid.problems)
        return render_template("error.html", status=422, title=_TITLES[422], problems=invalid.problems), 422

    @app.errorhandler(Conflict)
    def _conflict(conflict: Conflict) -> Any:
        text = Text(conflict.fr, conflict.en)
        problems = (Problem(conflict.code, "", text),)
        if is_machine_door():
            return problem_response(409, problems)
        return render_template("error.html", status=409, title=_TITLES[409], problems=problems), 409

    @app.errorhandler(OperationalError)
    @app.errorhandler(InterfaceError)
    @app.errorhandler(StorageFault)
    def _not_now(fault: Exception) -> Any:
        """The disk or the database refuses: the sender keeps the order and sends it again."""
        log.error("nothing could be written on %s %s: %s", request.method, request.url_rule, fault)
        if is_machine_door():
            answer = problem_response(503)
        else:
            page = render_template("error.html", status=503, title=_TITLES[503], problems=())
            answer = Response(page, 503)
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer

    @app.errorhandler(HTTPException)
    def _http(fault: HTTPException) -> Any:
        if fault.response is not None:
            return fault.response
        status = fault.code or 500
        if is_machine_door():
            return problem_response(status)
        title = _TITLES.get(status, _TITLES[400])
        # What a fault of ours has to say beyond its status: which role it takes.
        problems = getattr(fault, "problems", ())
        return render_template("error.html", status=status, title=title, problems=problems), status

    @app.errorhandler(Exception)
    def _unexpected(fault: Exception) -> Any:
        # The route, not the address: a signed link to an invoice is in the address.
        log.exception("unexpected fault on %s %s", request.method, request.url_rule)
        if is_machine_door():
            return problem_response(500)
        return render_template("error.html", status=500, title=_TITLES[500], problems=()), 500
