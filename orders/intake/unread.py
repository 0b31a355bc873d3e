"""What of a payload no rule looked at: so that a person sees what a mapping leaves out."""

from collections.abc import Iterator
from typing import Any

import msgspec

MOST = 200


class Looked:
    """What a mapping was given to read, and what of it was looked at."""

    def __init__(self) -> None:
        self.payload: object = None
        self.seen: set[tuple[int, str]] = set()

    def unread(self) -> list["Unread"]:
        return unread(self.payload, self.seen)


class Unread(msgspec.Struct, frozen=True):
    """A place in a payload as rules write it (`line_items[].grams`), and the first value that stands there."""

    path: str
    example: Any


def unread(payload: object, seen: set[tuple[int, str]]) -> list[Unread]:
    """The places of values that say something and were not looked at, the first MOST; `seen` is that of `map_order`."""
    found: dict[str, Any] = {}
    for path, value in _leaves(payload, "", True, seen):
        if len(found) >= MOST:
            break
        found.setdefault(path, value)
    return [Unread(path, example) for path, example in found.items()]


def _leaves(value: Any, path: str, is_read: bool, seen: set[tuple[int, str]]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else name, (id(value), name) in seen, seen)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, f"{path}[]", is_read, seen)
    elif not is_read and value not in (None, "", False):
        yield path, value
