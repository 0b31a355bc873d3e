"""Lists by pages: cursors that are read strictly, one page, and what leads to the next one (RFC 8288 for machines).

A list is asked for one row more than a page shows: so the last page is known for the last.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, abort, request
from werkzeug.routing import IntegerConverter

T = TypeVar("T")
LIMIT, MOST = 50, 200
MAX_KEY = 2**63 - 1  # what a database's key can be
_KEY = re.compile(r"[0-9]{1,19}")
_MOMENT = re.compile(r"([0-9]{1,18})\.([0-9a-f-]{1,60})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class KeyConverter(IntegerConverter):
    """`<int:key>` of an address: a number that can be a key; any other is no address."""

    def __init__(self, map: Any, *arguments: Any, **options: Any):
        super().__init__(map, *arguments, **{"max": MAX_KEY, **options})


def register(app: Flask) -> None:
    """Before any address is: no page is asked for a key that can't be."""
    app.url_map.converters["int"] = KeyConverter


def row_key(text: str) -> int:
    """The key that a field or a cursor names. Raises ValueError for what can be none."""
    if not _KEY.fullmatch(text) or int(text) > MAX_KEY:
        raise ValueError("no row has such a key")
    return int(text)


def asked_before() -> int | None:
    """The cursor of a page's address, `?avant=`: the key that came last; 404 for what can be none."""
    return _asked(row_key)


def asked_before_moment() -> tuple[datetime, str] | None:
    """The same where a list is ordered by instant and id: see `moment_cursor`."""
    return _asked(read_moment_cursor)


def moment_cursor(at: datetime, id: str) -> str:
    """Where the next page begins, after what happened at an instant."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{id}"


def page(found: Sequence[T], limit: int, cursor: Callable[[T], object]) -> tuple[Sequence[T], str | None]:
    """The first `limit` of what was found (one more was asked for), and the cursor after it, if there is more."""
    shown = found[:limit]
    return shown, str(cursor(shown[-1])) if len(found) > limit else None


def linked(response: Response, after: str | None) -> Response:
    """The answer with a link to the page after it, asked for as this one was."""
    if after is not None:
        query = {name: value for name, value in request.args.items() if value} | {"after": after}
        response.headers["Link"] = f'<{request.path}?{urlencode(query)}>; rel="next"'
    return response


def _asked(read: Callable[[str], T]) -> T | None:
    text = request.args.get("avant", "")
    try:
        return read(text) if text else None
    except (ValueError, OverflowError):
        abort(404)


def read_moment_cursor(text: str) -> tuple[datetime, str]:
    """What `moment_cursor` wrote. Raises ValueError, OverflowError for what can be none."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("no list stops there")
    return _EPOCH + timedelta(microseconds=int(found[1])), found[2]
