"""A document as the statements that it makes, each under a path: what edits, diffs and merges speak of."""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.core.problem import step

RULES = "rules/"
# What a group is called and where it ranks: stated by itself alone, never inherited.
MEMBERS = ("name", "colour", "rank")

Document = Mapping[str, Any]


class Absent:
    """Stands for what is not stated: another thing than null, which states that there is none."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


class Edit(msgspec.Struct, frozen=True):
    """One document as it shall be; None removes it. `kind` is one of KINDS."""

    kind: str
    id: str
    document: Document | None


class Statement(msgspec.Struct, frozen=True):
    """One statement as it shall be; ABSENT takes it back. An empty path is the whole document."""

    kind: str
    id: str
    path: str
    value: Any


def statements_of(kind: str, document: Document | None) -> dict[str, Any]:
    """The document's statements by path: a group's settings under their paths, its rules under `rules/<id>`."""
    if document is None:
        return {}
    if kind != "group":
        return {name: value for name, value in document.items() if name != "id"}
    members = {name: document[name] for name in MEMBERS if name in document}
    rules = {f"{RULES}{id}": rule for id, rule in document.get("rules", {}).items()}
    return {**members, **document.get("settings", {}), **rules}


def document_of(kind: str, id: str, statements: Mapping[str, Any]) -> dict[str, Any]:
    """The document that makes these statements; `statements_of` reads them back."""
    if kind != "group":
        return {"id": id, **statements}
    document: dict[str, Any] = {"id": id, "settings": {}, "rules": {}}
    for path, value in statements.items():
        if path in MEMBERS:
            document[path] = value
        elif path.startswith(RULES):
            document["rules"][path.removeprefix(RULES)] = value
        else:
            document["settings"][path] = value
    return document


def pointer_of(kind: str, id: str, path: str) -> str:
    """Where a statement stands: `/groups/bars/settings/acceptance.mode`, `/groups/bars/rules/retards`, …"""
    where = step("", f"{kind}s", id)
    if path == "":
        return where
    if kind == "group" and path.startswith(RULES):
        return step(where, "rules", path.removeprefix(RULES))
    return step(where, path) if kind != "group" or path in MEMBERS else step(where, "settings", path)


def stated(document: Document | None, statement: Statement) -> Document | None:
    """The document after one statement. Raises LookupError when it isn't there to be changed."""
    if statement.path == "":
        return None if statement.value is ABSENT else statement.value
    if document is None:
        raise LookupError(f"there is no {statement.kind} {statement.id}")
    statements = dict(statements_of(statement.kind, document).items())
    if statement.value is ABSENT:
        statements.pop(statement.path, None)
    else:
        statements[statement.path] = statement.value
    return document_of(statement.kind, statement.id, statements)
