"""What differs between two versions, and the edits that lead from one to the other."""

from collections.abc import Iterator
from typing import Any

import msgspec

from houblon.rules.model.content import KINDS, Content
from houblon.rules.model.statements import ABSENT, Document, Edit, statements_of


class Change(msgspec.Struct, frozen=True):
    """One statement that differs: `before` or `after` is ABSENT where it is not stated.

    `path` is a setting's path, `rules/<id>`, a member such as `name`, or empty for a whole document.
    """

    kind: str
    id: str
    path: str
    before: Any
    after: Any


def changes(before: Content, after: Content) -> tuple[Change, ...]:
    """Every statement that differs, by kind, document and path."""
    found: list[Change] = []
    for kind in KINDS:
        old, new = before.documents(kind), after.documents(kind)
        for id in sorted(old.keys() | new.keys()):
            found += changes_of(kind, id, old.get(id), new.get(id))
    return tuple(found)


def changes_of(kind: str, id: str, old: Document | None, new: Document | None) -> Iterator[Change]:
    """Every statement of one document that differs."""
    if old is None or new is None:
        if old is not new:
            yield Change(kind, id, "", ABSENT if old is None else old, ABSENT if new is None else new)
        return
    then, now = statements_of(kind, old), statements_of(kind, new)
    for path in [*then, *(path for path in now if path not in then)]:
        before, after = then.get(path, ABSENT), now.get(path, ABSENT)
        if before != after:
            yield Change(kind, id, path, before, after)


def edits_to(current: Content, wanted: Content) -> list[Edit]:
    """The edits that make `current` hold what `wanted` holds."""
    edits: list[Edit] = []
    for kind in KINDS:
        have, want = current.documents(kind), wanted.documents(kind)
        edits += [
            Edit(kind, id, want.get(id)) for id in sorted(have.keys() | want.keys()) if have.get(id) != want.get(id)
        ]
    return edits
