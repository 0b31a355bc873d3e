"""`If-Match`: what is edited must be what was read (RFC 9110 § 13.1.1, RFC 6585 § 3)."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Response, abort, request

from houblon.orders.services import Conflict


def require_match(etag: str) -> None:
    """428 without `If-Match`, 412 when it names another state."""
    if "If-Match" not in request.headers:
        abort(428)
    check_match(etag)


def check_match(etag: str) -> None:
    """412 when `If-Match` is there and names another state."""
    if "If-Match" in request.headers and not request.if_match.contains(etag):
        abort(412)


def seen() -> Callable[[str], None]:
    """`check_match` for within a transaction, which no request reaches: it raises a Conflict of the same status."""
    asked = request.if_match if "If-Match" in request.headers else None

    def check(etag: str) -> None:
        if asked is not None and not asked.contains(etag):
            raise Conflict(
                "changed",
                "Quelqu’un l’a changé depuis : relisez, puis recommencez.",
                "It was changed since: read it again, then retry.",
            )

    return check


def tagged(response: Response, etag: str) -> Response:
    """The answer with its entity tag; 304 without a body where the caller has that state already."""
    response.set_etag(etag)
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(etag):
        response.status_code = 304
        response.set_data(b"")
    return response


def is_matching() -> bool:
    """Whether the caller says which state the call is about."""
    return "If-Match" in request.headers


def etag_of(*state: Any) -> str:
    """The entity tag of what has no revision of its own: a hash of all that a change may change."""
    return hashlib.sha256(msgspec.json.encode(state)).hexdigest()[:32]
