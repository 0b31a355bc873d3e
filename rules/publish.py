"""Edits to a version: everything is checked, then one transaction makes the next version."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from engine.policy import BASE, check_policy
from engine.problem import Faults, refuse, step
from rules.content import KINDS, Content, Row, Version, canonical
from rules.inherit import resolve
from rules.names import looks
from rules.schema import read_document
from rules.store import Store, content_hash

Documents = dict[str, dict[str, Mapping[str, Any]]]


class Edit(msgspec.Struct, frozen=True):
    """One document as it shall be; None removes it. `kind` is one of KINDS."""

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

    `base` is the version that the edits were made against; None asks for no such check. Instants
    are aware. Raises Invalid with every fault (pointers start with `/groups/<id>`, `/cycles/<id>`,
    …), Conflict when another version came first, StorageFault when the disk refuses; in any case
    nothing is written.
    """
    with store.writing() as writer:
        before = writer.newest()
        newest = before.version.number if before else 0
        if base is not None and base != newest:
            raise Conflict(base, newest)
        effective = at if effective_from is None else effective_from
        _check_not_overtaking(before, effective)
        documents = edited(before, edits)
        version = Version(newest + 1, author, note, at, effective, content_hash(documents))
        rows = _changed_rows(before, documents, version.number)
        changed = {row["id"] for row in rows if row["kind"] == "group"}
        check(writer.history.next_content(version, rows), changed)
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
            document = read_document(edit.kind, edit.document)
            if document["id"] != edit.id:
                raise refuse("id", "/id", "Un identifiant ne change pas.", "An id does not change.")
            documents[edit.kind][edit.id] = document
    faults.raise_if_any()
    if BASE not in documents["group"]:
        raise refuse("base", f"/groups/{BASE}", "Le groupe Tous manque.", "The group Tous is missing.")
    return documents


def check(content: Content, changed: Collection[str] | None = None) -> None:
    """What no document shows alone: names, ranks, and the policy of every group.

    With `changed`, policies that none of these groups has a part in are taken as checked before.
    Raises Invalid with every fault.
    """
    faults = Faults()
    _check_names(content, faults)
    _check_ranks(content, faults)
    for group in content.groups.values():
        if changed is None or group.id in changed or BASE in changed:
            chain = (BASE,) if group.id == BASE else (group.id, BASE)
            with faults.gather(step("/groups", group.id)):
                check_policy(resolve(content, chain))
    faults.raise_if_any()


def _check_not_overtaking(before: Content | None, effective: datetime) -> None:
    """A version holds all that was published before it, so it can't count before a dated one does."""
    if before is None:
        return
    last = before.version
    if last.published_at < last.effective_from and effective < last.effective_from:
        raise refuse(
            "scheduled",
            "",
            f"La version {last.number} n’entre en vigueur que le {last.effective_from:%Y-%m-%d} ; "
            "celle-ci ne peut pas la devancer.",
            f"Version {last.number} takes effect on {last.effective_from:%Y-%m-%d} only; this one can't overtake it.",
        )


def _check_names(content: Content, faults: Faults) -> None:
    # Tous first, and under its first name too: whatever it is called, nobody else gets to be Tous.
    base, taken = content.groups[BASE], {}
    for look in (*enumerate(looks(base.name)), *enumerate(looks("Tous"))):
        taken[look] = base
    for group in content.ranked():
        if group.id == BASE:
            continue
        found = [taken.setdefault(look, group) for look in enumerate(looks(group.name))]
        other = next((each for each in found if each.id != group.id), None)
        if other is not None:
            faults.add(
                "name_taken",
                step("/groups", group.id, "name"),
                f"Ce nom se confond avec celui du groupe « {other.name} ».",
                f"This name can't be told from that of the group “{other.name}”.",
            )


def _check_ranks(content: Content, faults: Faults) -> None:
    taken: dict[int, str] = {}
    for group in content.ranked():
        ahead = taken.setdefault(group.rank, group.id) if group.id != BASE else group.id
        if ahead != group.id:
            other = content.groups[ahead].name
            faults.add(
                "rank_taken",
                step("/groups", group.id, "rank"),
                f"Le groupe « {other} » a déjà ce rang.",
                f"The group “{other}” has this rank already.",
            )


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
    then, now = _statements(old or {}), _statements(new)
    return {path: known.get(path, number) if then.get(path) == value else number for path, value in now.items()}


def _statements(document: Mapping[str, Any]) -> dict[str, bytes]:
    rules = {f"rules/{id}": rule for id, rule in document.get("rules", {}).items()}
    return {path: canonical(value) for path, value in {**document.get("settings", {}), **rules}.items()}
