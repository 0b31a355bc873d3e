"""The one form of the check that what is saved was typed over what is still there.

A page sends back the tag of what it showed; where another stands now, nothing is written and the page
says so. Machines say the same by `If-Match`.
"""

import hashlib

import msgspec

from houblon.rules.model.content import canonical


class Outdated(Exception):
    """The page that was saved from no longer shows what is there; nothing was changed."""


def tag_of(shown: object) -> str:
    """Names what a page or an answer shows."""
    return hashlib.sha256(canonical(msgspec.to_builtins(shown))).hexdigest()


def check_seen(seen: str | None, now: str) -> None:
    """Raises Outdated unless the tag that came back is that of what stands now."""
    if seen != now:
        raise Outdated
