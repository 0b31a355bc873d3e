"""The API's blueprint, and the one decorator by which a room describes and guards an operation."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NoReturn

from flask import Response, abort, current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from houblon.engine.core.problem import Faults, Invalid, step
from houblon.engine.core.strict_json import read_json
from houblon.rules.model.faults import check_text, problems_of
from houblon.web.api import keys
from houblon.web.api.bodies import Query
from houblon.web.api.idempotency import once

_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "The same key with the same call gets the answer that the first one got.",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The entity tag of the state that this call is about.",
}
_FAULTS = {
    401: "Without a known key.",
    403: "The key has not the scope.",
    404: "There is no such thing.",
    409: "The call contradicts what is done.",
    410: "What is asked for is not kept any more.",
    412: "Somebody changed it meanwhile: read it again.",
    413: "The body is too large.",
    422: "The call has faults; all of them are listed.",
    428: "If-Match is missing.",
    429: "Too many calls; Retry-After says when to go on.",
}


class Parser(FlaskParser):
    """webargs, speaking Problems; a body is JSON whatever its content type says, and a schema says what is unknown."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None}

    def load_json(self, req: Any, schema: Any) -> Any:
        return read_json(req.get_data() or b"{}")

    def handle_error(self, error: ValidationError, req: Any, schema: Any, **_: Any) -> Any:
        raise Invalid(problems_of(next(iter(error.messages.values()))))  # type: ignore[union-attr]


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    ARGUMENTS_PARSER = Parser()


blueprint = ApiBlueprint("api", __name__, url_prefix="/api/v1")


def operation(
    method: str,
    path: str,
    *,
    scope: str,
    room: str,
    answer: str,
    status: int = 200,
    again: int | None = None,
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    request_body: dict[str, Any] | None = None,
    faults: Sequence[int] = (),
    etag: bool = False,
    if_match: bool | None = None,
    media: str = "application/json",
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """One operation: who may call it, what it takes and answers, as the document describes it.

    `answer` names a shape; `again` is the status where the same was done before; `if_match` says whether the header is
    needed (True), heeded (False) or means nothing; `media` is what the answer is, where it is a file. The view gets the
    query's and the body's members as dictionaries.
    """
    is_write = method in ("POST", "PATCH", "PUT", "DELETE")
    named = query is not None and "after" in query._declared_fields
    said = {*faults, *_likely(is_write, if_match)}
    parameters: list[dict[str, Any]] = [_IDEMPOTENCY] if method == "POST" else []
    if if_match is not None:
        parameters.append(_IF_MATCH | {"required": if_match})

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        if body is not None:
            view = blueprint.arguments(body, location="json", as_kwargs=False, required=False)(view)
        if query is not None:
            view = blueprint.arguments(query, location="query", as_kwargs=False)(view)

        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> Response:
            keys.admit(scope, current_app.extensions[keys.RATES])
            check_query(query or Query)
            if method == "POST":
                return once(lambda: view(*arguments, **named))
            return view(*arguments, **named)

        described: dict[str, Any] = {
            "operationId": view.__name__,
            "security": [{"key": [scope]}],
            "responses": {
                **{str(each): _answer(answer, etag, named, media) for each in (status, again) if each is not None},
                **_refusals(said, scope),
            },
            **({"parameters": parameters} if parameters else {}),
            **({"requestBody": request_body} if request_body else {}),
        }
        documented: Callable[..., Response] = blueprint.doc(**described)(guarded)
        blueprint.add_url_rule(path, view.__name__, documented, methods=[method], tags=[room])
        return documented

    return decorate


def check_query(schema: type[Schema] = Query) -> None:
    """The query string says what is known, once, as a schema reads it. Raises Invalid with every fault."""
    faults = Faults()
    with faults.gather():
        blueprint.ARGUMENTS_PARSER.parse(schema, request, location="query")
    for name, values in request.args.lists():
        if len(values) > 1:
            faults.add("repeated", step("", name), "Ce paramètre vient deux fois.", "This parameter comes twice.")
    faults.raise_if_any()


def check_texts(document: object) -> None:
    """Refuse text that can't be kept: half characters. Raises Invalid."""
    check_text(document)


def not_found() -> NoReturn:
    abort(404)


def _answer(shape: str, etag: bool, paged: bool, media: str) -> dict[str, Any]:
    headers = {"X-Request-Id": {"schema": {"type": "string"}, "description": "Names this call in the logs."}}
    if etag:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "Names the state that was read."}
    if paged:
        headers["Link"] = {"schema": {"type": "string"}, "description": 'The next page: rel="next".'}
    return {
        "description": "Done." if shape == "Empty" else f"{shape}.",
        "headers": headers,
        "content": {media: {"schema": {"$ref": f"#/components/schemas/{shape}"}}},
    }


def _likely(is_write: bool, if_match: bool | None) -> set[int]:
    """The refusals that any operation of this sort may give."""
    matching = set() if if_match is None else {412, *((428,) if if_match else ())}
    return {401, 403, 422, 429} | ({409, 413} if is_write else set()) | matching


def _refusals(statuses: set[int], scope: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said = _FAULTS | {403: f"The key has not the scope `{scope}`."}
    return {str(status): {"description": said[status], "content": content} for status in sorted(statuses)}
