"""Edits to a version: everything is checked, then one transaction makes the next version."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from engine.policy import BASE, check_policy
from engine.problem import Faults, refuse, step
from rules.content import KINDS, Content, Version, content_of
from rules.inherit import resolve
from rules.names import skeleton
from rules.schema import READERS
from rules.store import Row, Store, content_hash

Documents = dict[str, dict[str, Mapping[str, Any]]]


class Edit(msgspec.Struct, frozen=True):
    """One document as it shall be; None removes it."""

    kind: str
    id: str
    document: Mapping[str, Any] | None


class Conflict(Exception):
    """Somebody published since the version that the edits were made against."""

    def __init__(self, base: int, newest: int):
        self.base, self.newest = base, newest
        super().__init__(f"version {newest} was published since version {base}")


def publish(
    store: Store,
    edits: Sequence[Edit],
    *,
    author: str,
    note: str,
    at: datetime,
    base: int | None = None,
    effective_from: datetime | None = None,
) -> Version:
    """Make the next version of `edits`, immutable and complete.

    `base` is the version that the edits were made against; None asks for no such check. Raises
    Invalid with every fault (pointers start with `/groups/<id>`, `/cycles/<id>`, …), Conflict when
    another version came first; either way nothing is written.
    """
    with store.writing() as writer:
        before = writer.newest()
        newest = before.version.number if before else 0
        if base is not None and base != newest:
            raise Conflict(base, newest)
        documents = edited(before, edits)
        version = Version(newest + 1, author, note, at, effective_from or at, content_hash(documents))
        rows = _changed_rows(before, documents, version.number)
        check(content_of(version, _rows_after(before, rows, store, newest)))
        writer.publish(rows, version)
    return version


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
            document = READERS[edit.kind](dict(edit.document))
            if document["id"] != edit.id:
                raise refuse("id", "/id", "Un identifiant ne change pas.", "An id does not change.")
            documents[edit.kind][edit.id] = document
    faults.raise_if_any()
    if BASE not in documents["group"]:
        raise refuse("base", f"/groups/{BASE}", "Le groupe Tous manque.", "The group Tous is missing.")
    return documents


def check(content: Content) -> None:
    """What no document shows alone: names, ranks, and the policy of every group. Raises Invalid."""
    faults = Faults()
    _check_unique(content, faults)
    for group in content.groups.values():
        chain = (BASE,) if group.id == BASE else (group.id, BASE)
        with faults.gather(step("/groups", group.id)):
            check_policy(resolve(content, chain))
    faults.raise_if_any()


def _check_unique(content: Content, faults: Faults) -> None:
    names: dict[str, str] = {skeleton(content.groups[BASE].name): BASE}
    ranks: dict[int, str] = {}
    for group in content.ranked():
        if group.id == BASE:
            continue
        pointer, taken = step("/groups", group.id), names.setdefault(skeleton(group.name), group.id)
        if taken != group.id:
            other = content.groups[taken].name
            faults.add(
                "name_taken",
                f"{pointer}/name",
                f"Ce nom se confond avec celui du groupe « {other} ».",
                f"This name can't be told from that of the group “{other}”.",
            )
        ahead = ranks.setdefault(group.rank, group.id)
        if ahead != group.id:
            other = content.groups[ahead].name
            faults.add(
                "rank_taken",
                f"{pointer}/rank",
                f"Le groupe « {other} » a déjà ce rang.",
                f"The group “{other}” has this rank already.",
            )


def _changed_rows(before: Content | None, documents: Documents, number: int) -> list[Row]:
    rows: list[Row] = []
    for kind in KINDS:
        old = before.documents(kind) if before else {}
        for id in sorted(old.keys() | documents[kind].keys()):
            document = documents[kind].get(id)
            if document != old.get(id):
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
    then, now = _statements(old or {}), _statements(new)
    missing = object()
    return {
        path: known.get(path, number) if then.get(path, missing) == value else number for path, value in now.items()
    }


def _statements(document: Mapping[str, Any]) -> dict[str, Any]:
    rules = {f"rules/{id}": rule for id, rule in document.get("rules", {}).items()}
    return {**document.get("settings", {}), **rules}


def _rows_after(before: Content | None, rows: list[Row], store: Store, newest: int) -> list[Row]:
    changed = {(row["kind"], row["id"]): row for row in rows}
    kept = [row for row in store.rows_at(newest) if (row["kind"], row["id"]) not in changed] if before else []
    return [row for row in (*kept, *rows) if row["document"] is not None]
