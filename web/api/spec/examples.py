"""Examples of calls and of their answers, one after the other as a test sends them to a real server.

`calls/ROOM.json` holds a room's calls: `operation`, `summary`, `parameters` of its path and `query`, `body`, and
the `answer`.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_FOLDER = Path(__file__).with_name("calls")


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call and its answer; without an `answer` the answer is a file, or nothing."""

    operation: str
    summary: str
    parameters: dict[str, Any] = {}
    query: dict[str, Any] = {}
    body: Any = None
    answer: Any = None


@cache
def examples_of(room: str) -> tuple[Example, ...]:
    """The examples of a room, in the order in which they work."""
    return msgspec.json.decode((_FOLDER / f"{room}.json").read_bytes(), type=tuple[Example, ...])


def rooms() -> tuple[str, ...]:
    """The rooms that have examples."""
    return tuple(sorted(each.stem for each in _FOLDER.glob("*.json")))


def add_examples(document: dict[str, Any]) -> None:
    """Put every example where its operation takes its body and gives its answer."""
    operations = dict(_operations(document))
    for example in (each for room in rooms() for each in examples_of(room)):
        operation = operations[example.operation]
        if example.body is not None:
            _put(operation["requestBody"]["content"], example.summary, example.body)
        if example.answer is not None:
            for status, answer in operation["responses"].items():
                if status.startswith("2"):
                    _put(answer["content"], example.summary, example.answer)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                yield operation["operationId"], operation


def _put(content: dict[str, Any], summary: str, value: Any) -> None:
    name = summary.lower().replace(" ", "-")
    for media in content.values():
        media.setdefault("examples", {})[name] = {"summary": summary, "value": value}
