"""What somebody typed into a form that can't be taken as things are now: kept, and shown."""

from flask import request

# What a form carries beside what a person typed, and what no page shows again.
_OF_THE_PAGE = {"csrf_token", "etag", "revision", "base", "do", "view", "checked", "id", "connu", "etat", "vu"}


def carried() -> list[tuple[str, str]]:
    """Every field of the form but its token, in its order; none where there is a password among them."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return [] if any("password" in name for name, _ in fields) else fields


def typed() -> list[tuple[str, str]]:
    """What a person typed or chose."""
    return [(name, value) for name, value in carried() if value.strip() and name not in _OF_THE_PAGE]
