"""Three states of a document, statement by statement: what both sides did, and where they conflict."""

from typing import Any

import msgspec

from houblon.rules.model.statements import ABSENT, RULES, Document, document_of, statements_of


class MergeConflict(msgspec.Struct, frozen=True):
    """A statement that both sides changed, each otherwise; an empty path is the whole document.

    `before` is what both started from, `mine` what the proposal says, `theirs` what was published. `twice`: both
    sides made something new under one id, so both can be kept. `met` is another group, in which a rule of that id
    was published: kept so, one would override the other, and nobody said so.
    """

    kind: str
    id: str
    path: str
    before: Any
    mine: Any
    theirs: Any
    twice: bool = False
    met: str | None = None

    @property
    def is_by_chance(self) -> bool:
        """Whether nobody meant the other's by that id. A cycle's is its distributor's name, which both knew."""
        return self.twice and self.kind != "cycle"


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
        was, own, other = (ABSENT if each is None else each for each in (before, mine, theirs))
        return Merged(mine, (MergeConflict(kind, id, "", was, own, other),))
    return _merge_statements(kind, id, *(statements_of(kind, each) for each in (before, mine, theirs)))


def _merge_statements(
    kind: str, id: str, before: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> Merged:
    kept, conflicts, is_new = {}, [], not before
    for path in [*theirs, *(path for path in mine if path not in theirs)]:
        was, own, other = (each.get(path, ABSENT) for each in (before, mine, theirs))
        if _is_one_sided(path, was, own, other, is_new=is_new):
            value = other
        else:
            value = own
            if other != was or (is_new and path != "rank"):
                twice = is_new or (path.startswith(RULES) and was is ABSENT)
                conflicts.append(MergeConflict(kind, id, path, was, own, other, twice))
        if value is not ABSENT:
            kept[path] = value
    return Merged(document_of(kind, id, kept), tuple(conflicts))


def _is_one_sided(path: str, was: Any, own: Any, other: Any, *, is_new: bool) -> bool:
    """Whether mine says nothing here that theirs does not.

    Of a document that both sides made anew under one id, neither follows the other: what differs, differs. But a
    rank that a new group does not ask for is the one that it was given.
    """
    if is_new and path != "rank":
        return bool(own == other)
    return own in (was, other)
