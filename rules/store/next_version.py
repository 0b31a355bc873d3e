"""What a version would hold after some edits: documents read strictly, then rows and content."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.policy.policy import BASE
from houblon.rules.checks.checks import Touched
from houblon.rules.model.content import KINDS, Content, Row, Version, canonical
from houblon.rules.model.moves import Move
from houblon.rules.model.ranks import ranked
from houblon.rules.model.rule_values import settled_document
from houblon.rules.model.schema import read_document
from houblon.rules.model.statements import MEMBERS, Edit, statements_of
from houblon.rules.store.documents import content_hash
from houblon.rules.store.history import History

Documents = dict[str, dict[str, Mapping[str, Any]]]


class NextVersion(msgspec.Struct, frozen=True, eq=False):
    """The next version as it would be: its changed rows, and all that it holds."""

    version: Version
    rows: Sequence[Row]
    content: Content
    moves: tuple[Move, ...] = ()

    @property
    def changed_groups(self) -> frozenset[str]:
        return self._changed("group")

    @property
    def touched(self) -> Touched:
        buyers = frozenset(move.buyer for move in self.moves)
        scenarios, guardrails = self._changed("scenario"), self._changed("guardrail")
        return Touched(self.changed_groups, self._changed("cycle"), scenarios, buyers, guardrails)

    def _changed(self, kind: str) -> frozenset[str]:
        return frozenset(row["id"] for row in self.rows if row["kind"] == kind)


def next_version(history: History, edits: Iterable[Edit], version: Version, moves: Iterable[Move] = ()) -> NextVersion:
    """The content that `version` would have, with who moves; its hash is filled in. Raises Invalid with every fault."""
    before = history.newest_content()
    documents = edited(before, edits)
    version = msgspec.structs.replace(version, hash=content_hash(documents))
    rows = _changed_rows(before, documents, version.number)
    moves = tuple(moves)
    brought = MappingProxyType({move.buyer: move.after for move in moves})
    return NextVersion(
        version, rows, msgspec.structs.replace(history.next_content(version, rows), moved=brought), moves
    )


def version_header(history: History, author: str, note: str, at: datetime) -> Version:
    """The head of the version after the newest one; its hash is not known yet."""
    return Version(history.next_number, author, note, at, at, "")


def edited(before: Content | None, edits: Iterable[Edit]) -> Documents:
    """All documents after the edits, each read by its schema. Raises Invalid with every fault."""
    documents: Documents = {kind: dict(before.documents(kind)) if before else {} for kind in KINDS}
    faults = Faults()
    for edit in edits:
        pointer = step("", f"{edit.kind}s", edit.id)
        if edit.document is None:
            if (edit.kind, edit.id) == ("group", BASE):
                faults.add("base", pointer, "Tous ne se retire pas.", "Tous can't be removed.")
            documents[edit.kind].pop(edit.id, None)
            continue
        with faults.gather(pointer):
            documents[edit.kind][edit.id] = read_edit(edit)
    faults.raise_if_any()
    if BASE not in documents["group"]:
        raise refuse("base", f"/groups/{BASE}", "Le groupe Tous manque.", "The group Tous is missing.")
    documents["group"] = dict(ranked(documents["group"]))
    return documents


def read_edit(edit: Edit) -> dict[str, Any]:
    """The edit's document in its one written form. Raises Invalid, placed in the document."""
    document = read_document(edit.kind, settled_document(edit.kind, edit.document))
    if document["id"] != edit.id:
        raise refuse("id", "/id", "Un identifiant ne change pas.", "An id does not change.")
    return document


def _changed_rows(before: Content | None, documents: Documents, number: int) -> list[Row]:
    rows: list[Row] = []
    for kind in KINDS:
        old = before.documents(kind) if before else {}
        for id in sorted(old.keys() | documents[kind].keys()):
            document = documents[kind].get(id)
            if canonical(document) != canonical(old.get(id)):
                since = _since(before, kind, old.get(id), document, number)
                rows.append({"kind": kind, "id": id, "version": number, "document": document, "since": since})
    return rows


def _since(
    before: Content | None, kind: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, number: int
) -> dict[str, int]:
    """In which version each statement of a group was last changed."""
    if kind != "group" or new is None:
        return {}
    known = before.groups[new["id"]].since if before and old is not None else {}
    then, now = _inheritable(old), _inheritable(new)
    return {path: known.get(path, number) if then.get(path) == value else number for path, value in now.items()}


def _inheritable(document: Mapping[str, Any] | None) -> dict[str, bytes]:
    statements = statements_of("group", document)
    return {path: canonical(value) for path, value in statements.items() if path not in MEMBERS}
