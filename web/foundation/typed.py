"""What somebody typed into a form that can't be taken as things are now: kept, and shown."""

import re
from collections.abc import Mapping

from flask import request

# What a form carries beside what a person typed, and what no page shows again.
_OF_THE_PAGE = {"csrf_token", "etag", "revision", "base", "do", "view", "checked", "id", "connu", "etat", "vu"}
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)


def carried() -> list[tuple[str, str]]:
    """Every field of the form but its token, in its order; none where there is a password among them."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return [] if any("password" in name for name, _ in fields) else fields


def typed() -> list[tuple[str, str]]:
    """What a person typed or chose."""
    return [(name, value) for name, value in carried() if value.strip() and name not in _OF_THE_PAGE]


def numbered(form: Mapping[str, str], head: str) -> dict[int, str]:
    """What the fields `head-1`, `head-2` … of a form say, by their number, in the form's order."""
    found: dict[int, str] = {}
    for name, written in form.items():
        start, _dash, number = name.partition("-")
        if start == head and _NUMBER.fullmatch(number):
            found.setdefault(int(number), written)
    return found
