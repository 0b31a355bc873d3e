"""Three states of a document, statement by statement: what both sides did, and where they conflict."""

from typing import Any

import msgspec

from houblon.rules.model.statements import ABSENT, Document, document_of, statements_of


class MergeConflict(msgspec.Struct, frozen=True):
    """A statement that both sides changed, each otherwise; an empty path is the whole document.

    `before` is what both started from, `mine` what the proposal says, `theirs` what was published.
    """

    kind: str
    id: str
    path: str
    before: Any
    mine: Any
    theirs: Any


class Merged(msgspec.Struct, frozen=True):
    """The document with both sides' changes (None: removed); where they conflict, mine."""

    document: Document | None
    conflicts: tuple[MergeConflict, ...]


def merge(kind: str, id: str, before: Document | None, mine: Document | None, theirs: Document | None) -> Merged:
    """Apply to `theirs` what leads from `before` to `mine`."""
    if mine == theirs or theirs == before:
        return Merged(mine, ())
    if mine == before:
        return Merged(theirs, ())
    if mine is None or theirs is None:
        return Merged(
            mine, (MergeConflict(kind, id, "", *(ABSENT if each is None else each for each in (before, mine, theirs))),)
        )
    return _merge_statements(kind, id, *(statements_of(kind, each) for each in (before, mine, theirs)))


def _merge_statements(
    kind: str, id: str, before: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> Merged:
    kept, conflicts = {}, []
    for path in [*theirs, *(path for path in mine if path not in theirs)]:
        was, own, other = (each.get(path, ABSENT) for each in (before, mine, theirs))
        if own in (was, other):
            value = other
        else:
            value = own
            if other != was:
                conflicts.append(MergeConflict(kind, id, path, was, own, other))
        if value is not ABSENT:
            kept[path] = value
    return Merged(document_of(kind, id, kept), tuple(conflicts))
