"""Keyset pagination: a page, and the address of the next one in `Link` (RFC 8288)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request

T = TypeVar("T")
LIMIT, MOST = 50, 200


def page(found: Sequence[T], limit: int, cursor: Callable[[T], object]) -> tuple[Sequence[T], str | None]:
    """The first `limit` of what was found (one more was asked for), and the cursor after it, if there is more."""
    shown = found[:limit]
    return shown, str(cursor(shown[-1])) if len(found) > limit else None


def linked(response: Response, after: str | None, asked: dict[str, Any]) -> Response:
    """The answer with a link to the page after it."""
    if after is not None:
        query = {name: value for name, value in asked.items() if value not in (None, "")} | {"after": after}
        response.headers["Link"] = f'<{request.path}?{urlencode(query)}>; rel="next"'
    return response
