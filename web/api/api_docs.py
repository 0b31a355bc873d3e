"""`/api/docs`: the API's document as a page of our own, drawn here from the OpenAPI document; no script, no CDN."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import msgspec
from flask import Blueprint, render_template
from markupsafe import Markup

from houblon.web.api.document import document
from houblon.web.foundation.answers import CODES, CONFLICTS, TITLES

blueprint = Blueprint("api_docs", __name__, url_prefix="/api/docs")
_ORDER = ("Decisions", "Groups", "Documents", "Proposals", "Versions", "Simulations", "Orders", "Invoices", "Payments")


class Member(msgspec.Struct, frozen=True):
    """One member of a shape, parameter or body: its type in words, and where the type is told."""

    name: str
    type: str
    shape: str | None
    is_required: bool
    description: str


class Operation(msgspec.Struct, frozen=True):
    """One operation as the page tells it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    parameters: tuple[Member, ...]
    body: tuple[str, ...]
    answers: tuple[tuple[str, str, str | None], ...]
    examples: tuple["Shown", ...]


class Shown(msgspec.Struct, frozen=True):
    """An example as the page shows it: what is sent, and what is answered; empty where there is none."""

    summary: str
    body: str
    answer: str


@blueprint.app_template_filter("coded")
def coded(text: str) -> Markup:
    """The document's text with what stands between backticks as code."""
    return Markup("").join(
        Markup("<code>%s</code>" if is_code else "%s") % part  # nosec B704 - escaped by %
        for part, is_code in zip(text.split("`"), cycle((False, True)), strict=False)
    )


@blueprint.get("")
def show() -> str:
    """Every operation by its room, and every shape."""
    spec = document()
    rooms: dict[str, list[Operation]] = {}
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                made = _operation(path, method, operation, item.get("parameters", []))
                rooms.setdefault(operation["tags"][0], []).append(made)
    shapes = [(name, schema, tuple(_members(schema))) for name, schema in sorted(spec["components"]["schemas"].items())]
    ranked = sorted(rooms.items(), key=lambda room: _ORDER.index(room[0]) if room[0] in _ORDER else len(_ORDER))
    return render_template("api_docs.html", info=spec["info"], rooms=ranked, shapes=shapes)


class ProblemCode(msgspec.Struct, frozen=True):
    """A problem's code, the status that it comes with, and what it says."""

    code: str
    status: int
    says: str


@blueprint.get("/problems")
def problems() -> str:
    """Every code of a problem, where its `type` leads."""
    by_status = [ProblemCode(code, status, TITLES[status].en) for status, code in CODES.items()]
    known = {each.code for each in by_status}
    conflicts = [
        ProblemCode(code, kind.status, kind.what.en) for kind in CONFLICTS for code in kind.codes if code not in known
    ]
    return render_template("api_problems.html", problems=by_status, conflicts=conflicts)


def _operation(path: str, method: str, operation: dict[str, Any], shared: list[dict[str, Any]]) -> Operation:
    parameters = [
        Member(
            each["name"],
            f"{_type(each['schema'])}, {each['in']}",
            None,
            each.get("required", False),
            each.get("description", ""),
        )
        for each in (*shared, *operation.get("parameters", ()))
    ]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = [
        (status, answer.get("description", ""), next(_shapes(answer.get("content", {})), None))
        for status, answer in sorted(operation["responses"].items())
        if status != "default"
    ]
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        tuple(scope for each in operation.get("security", ()) for scopes in each.values() for scope in scopes),
        tuple(parameters),
        tuple(_shapes(content)),
        tuple(answers),
        tuple(_examples(operation)),
    )


def _examples(operation: dict[str, Any]) -> Iterator[Shown]:
    """Each example once, with both of its sides."""
    done: dict[str, Any] = next(
        (answer for status, answer in operation["responses"].items() if status.startswith("2")), {}
    )
    sides = [_examples_in(each.get("content", {})) for each in (operation.get("requestBody", {}), done)]
    for summary in dict.fromkeys([*sides[0], *sides[1]]):
        yield Shown(summary, *(_written(side[summary]) if summary in side else "" for side in sides))


def _examples_in(content: dict[str, Any]) -> dict[str, Any]:
    return {each["summary"]: each["value"] for media in content.values() for each in media.get("examples", {}).values()}


def _written(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _members(schema: dict[str, Any]) -> Iterator[Member]:
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        description = each.get("description", "")
        yield Member(name, _type(each), next(_shapes(each), None), name in required, description)


def _shapes(schema: Any) -> Iterator[str]:
    """The names of the shapes that a schema refers to."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "$ref":
                yield value.rpartition("/")[2]
            else:
                yield from _shapes(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from _shapes(each)


def _type(schema: dict[str, Any]) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(_type(each) for each in schema[union]))
    if "enum" in schema:
        return " | ".join(f'"{each}"' if isinstance(each, str) else "null" for each in schema["enum"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        kind = " | ".join(kind)
    if kind == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return f"{kind} ({schema['format']})" if "format" in schema else kind
