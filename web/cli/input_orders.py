"""The orders that somebody writes to a command: one a line, or one JSON document over as many lines as it likes."""

from collections.abc import Iterable, Iterator

import msgspec


def orders_in(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Each order as it was written. Lines are answered as they come, unless the first is the beginning of a document.

    What is no JSON at all is given line by line, so that each has its fault.
    """
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), b"")
    if first.strip() and not _is_whole(first):
        written = [first, *rest]
        document = b"".join(written)
        rest = iter([document] if _is_whole(document) else written)
    else:
        rest = _after(first, rest)
    for line in rest:
        if line.strip():
            yield from _orders_of(line)


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _orders_of(document: bytes) -> Iterable[bytes]:
    """The members of a list, each as it was written; else the document itself."""
    if not document.lstrip().startswith(b"["):
        return [document]
    try:
        return [bytes(each) for each in msgspec.json.decode(document, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError):
        return [document]


def _is_whole(text: bytes) -> bool:
    """Whether it is one JSON value, from its beginning to its end."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True
