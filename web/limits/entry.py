"""What a page's caller may send, asked before anything looks at it: how long a text is, where a way back leads."""

import re
from collections.abc import Iterable

from flask import Flask, abort, request

from houblon.engine.core.problem import refuse, step
from houblon.web.limits import sizes

# A path of this house as every browser reads it: no second slash of either kind, no character that it drops.
_LOCAL = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


def register(app: Flask) -> None:
    """Stand before every page: nothing of a form or an address is read by any other before this has seen it."""
    app.before_request(_check)


def is_local(way: str) -> bool:
    """Whether a browser that is sent there stays here."""
    return _LOCAL.fullmatch(way) is not None


def way_back(default: str) -> str:
    """Where a form says to go on to; the default where it says nothing, or a place that is not here."""
    said = request.form.get("retour", "")
    return said if is_local(said) else default


def _check() -> None:
    """Raises Invalid on a text that is too long; leaves what leads elsewhere with 400."""
    is_account = (request.endpoint or "").startswith("security.")
    for name, value in _texts():
        most = sizes.ACCOUNT_FIELD if is_account else sizes.LONG_FIELDS.get(name, sizes.FIELD)
        if len(value) > most:
            raise refuse("too_long", step("", name[:50]), f"Au plus {most} caractères.", f"At most {most} characters.")
        # The library that signs people in reads this one, less strictly than browsers ask for; it writes whole addresses.
        if name == "next" and value and not is_local(value.removeprefix(request.host_url.rstrip("/"))):
            abort(400)


def _texts() -> Iterable[tuple[str, str]]:
    yield from request.args.items(multi=True)
    yield from request.form.items(multi=True)
