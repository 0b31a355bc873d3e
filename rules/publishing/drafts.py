"""What a proposal says: begun, revised statement by statement, resolved where others published first."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.core.problem import Faults, step
from houblon.engine.core.texts import clean_id
from houblon.engine.policy.policy import BASE
from houblon.rules.exchange.bundle import read_memberships
from houblon.rules.model.content import Content
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.moves import MEMBERSHIP, Memberships, with_archived
from houblon.rules.model.names import clean_name, id_of
from houblon.rules.model.proposal import Proposal, rebase
from houblon.rules.model.statements import ABSENT, Document, Edit, Statement, pointer_of, stated
from houblon.rules.publishing.keep_both import keep_both
from houblon.rules.publishing.proposals import change, read_description
from houblon.rules.store.documents import EntryOf, Store
from houblon.rules.store.history import History
from houblon.rules.store.next_version import NextVersion, next_version, read_edit, version_header

MINE, THEIRS, BOTH = "mine", "theirs", "both"
NOBODY: Memberships = MappingProxyType({})

Documents = dict[tuple[str, str], Document | None]


def begin(
    store: Store,
    name: str,
    *,
    by: str,
    at: datetime,
    description: str = "",
    edits: Iterable[Edit] = (),
    memberships: Memberships = NOBODY,
    kept: Memberships = NOBODY,
    is_named: bool = True,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """A new proposal against the newest version; its id is made from its name.

    `memberships` come with it, `kept` are those of now. Raises Invalid with every fault of the name, the description and the edits' documents.
    """
    with store.writing() as writer:
        history, faults = writer.history, Faults()
        title, text = "", ""
        with faults.gather():
            title = clean_name(name, "/name")
        with faults.gather():
            text = read_description(description)
        moved: tuple[Edit, ...] = ()
        with faults.gather():
            moved = moving(history.content(history.number), edits)
        faults.raise_if_any()
        proposal = Proposal(
            id_of(title, history.proposals),
            title,
            text,
            by,
            history.number,
            moved,
            1,
            at,
            at,
            (by,),
            with_archived(memberships, kept, groups_there(history.content(history.number), moved)),
            stood={buyer: tuple(sorted(kept.get(buyer, ()))) for buyer in memberships},
            is_named=is_named,
        )
        writer.keep(proposal, entry_of)
    return proposal


def moving(content: Content, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits that change something in `content`, in their one written form. Raises Invalid with every fault."""
    return _moved(content, _checked({(edit.kind, edit.id): edit.document for edit in edits}))


def revise(
    store: Store,
    id: str,
    statements: Iterable[Statement],
    *,
    by: str,
    at: datetime,
    seen: int | None = None,
    kept: Memberships = NOBODY,
    name_of: Callable[[History, Proposal], str] | None = None,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Make statements in the proposal, all or none. Any approval is void.

    One of the kind `membership` says of a retailer the groups that the proposal puts them into, or, ABSENT, that it
    leaves them where they are; `kept` are the memberships of now. `seen` is the revision that they were made on; `name_of` calls it by its content, as long as nobody named it. Raises Invalid (pointers start with
    `/groups/<id>`, …), Stale, UnknownProposal.
    """

    def work(history: History, proposal: Proposal) -> Proposal:
        revised = _with(history, proposal, statements, kept)
        if name_of is None or revised.is_named:
            return revised
        return msgspec.structs.replace(revised, name=clean_name(name_of(history, revised), "/name"))

    return change(store, id, seen, work, by, at, entry_of=entry_of)


def preview_statements(
    history: History, proposal: Proposal | None, statements: Iterable[Statement], *, by: str, at: datetime
) -> NextVersion:
    """What publishing would make if the statements stood in the proposal too; nothing is kept.

    Without a proposal, they stand alone on the newest version. Raises Invalid.
    """
    if proposal is None:
        proposal = Proposal("", "", "", by, history.number, (), 0, at, at, ())
    return preview(history, _with(history, proposal, statements), at)


def _with(
    history: History, proposal: Proposal, statements: Iterable[Statement], kept: Memberships = NOBODY
) -> Proposal:
    """The proposal with the statements made in it; any approval is void. Raises Invalid."""
    base, documents = _ground(history, proposal)
    faults, placing = Faults(), dict[str, Any]()
    for each in statements:
        if each.kind == MEMBERSHIP:
            placing[each.id] = each.value
            if each.path:
                pointer = pointer_of(MEMBERSHIP, each.id, each.path)
                faults.add("path", pointer, "Une adhésion n’a pas de chemin.", "A membership has no path.")
            continue
        key = (each.kind, each.id)
        document = documents.get(key) if key in documents else base.document(*key)
        try:
            documents[key] = stated(document, each)
        except LookupError:
            pointer = step("", f"{each.kind}s", each.id)
            faults.add("unknown", pointer, "Ce document n’existe plus.", "This document is no longer there.")
    exist = groups_there(base, [Edit(*key, document) for key, document in documents.items()])
    memberships, stood = _placed(proposal, placing, exist, kept, faults)
    faults.raise_if_any()
    edits = _moved(base, _checked(documents))
    return msgspec.structs.replace(
        proposal, base=base.version.number, edits=edits, memberships=memberships, stood=stood, approval=None
    )


def groups_there(content: Content | None, edits: Iterable[Edit]) -> set[str]:
    """The groups of a content, if there is one yet, once the edits are made."""
    changed = {edit.id: edit.document is not None for edit in edits if edit.kind == "group"}
    return {id for id in (*(content.groups if content else ()), *changed) if changed.get(id, True)}


def _placed(
    proposal: Proposal, placing: Mapping[str, Any], exist: Collection[str], kept: Memberships, faults: Faults
) -> tuple[Memberships, Memberships]:
    """The proposal's memberships and how those buyers stood, with some placed otherwise or taken out (ABSENT)."""
    placed = read_memberships({buyer: value for buyer, value in placing.items() if value is not ABSENT}, exist, faults)
    left = {clean_id(buyer) for buyer, value in placing.items() if value is ABSENT}
    memberships = {**proposal.memberships, **with_archived(placed, kept, exist)}
    # Of a buyer who was in it already, it stays what they were moved from when that was first written.
    stood = {**{buyer: tuple(sorted(kept.get(buyer, ()))) for buyer in placed}, **proposal.stood}
    return (
        {buyer: groups for buyer, groups in memberships.items() if buyer not in left},
        {buyer: groups for buyer, groups in stood.items() if buyer in memberships and buyer not in left},
    )


def resolve(
    store: Store,
    id: str,
    choices: Mapping[tuple[str, str, str], str],
    *,
    by: str,
    at: datetime,
    seen: int | None = None,
    kept: Memberships | None = None,
    entry_of: EntryOf | None = None,
) -> Proposal:
    """Resolve every conflict, by (kind, id, path), for `mine`, `theirs` or, of what is new on both sides, `both`.

    The base is the newest version then, and memberships those `kept`. Raises Invalid with a `choice` for each
    conflict that has none.
    """

    def work(history: History, proposal: Proposal) -> Proposal:
        newest = history.content(history.number)
        rebased = rebase(proposal, history.content(proposal.base), newest, kept)
        chosen = [(each, choices.get((each.kind, each.id, each.path))) for each in rebased.conflicts]
        _check_choices(chosen)
        documents: Documents = {(e.kind, e.id): e.document for e in rebased.edits}
        memberships: Memberships = {move.buyer: move.after for move in rebased.moves}
        for conflict in (each for each, choice in chosen if choice == THEIRS):
            if conflict.kind == MEMBERSHIP:
                memberships = {buyer: groups for buyer, groups in memberships.items() if buyer != conflict.id}
                continue
            key = (conflict.kind, conflict.id)
            document = documents.get(key) if key in documents else newest.document(*key)
            documents[key] = stated(document, Statement(conflict.kind, conflict.id, conflict.path, conflict.theirs))
        both = [each for each, choice in chosen if choice == BOTH]
        documents, memberships = keep_both(history, proposal, documents, memberships, both)
        edits = _moved(newest, _checked(documents))
        stood = {move.buyer: move.before for move in rebased.moves}
        return msgspec.structs.replace(
            proposal, base=newest.version.number, edits=edits, memberships=memberships, stood=stood, approval=None
        )

    return change(store, id, seen, work, by, at, entry_of=entry_of)


def _check_choices(chosen: Iterable[tuple[MergeConflict, str | None]]) -> None:
    faults = Faults()
    for conflict, choice in chosen:
        if choice not in ((MINE, THEIRS, BOTH) if conflict.twice else (MINE, THEIRS)):
            pointer = pointer_of(conflict.kind, conflict.id, conflict.path)
            faults.add("choice", pointer, "Choisissez l’une des deux valeurs.", "Choose one of the two values.")
    faults.raise_if_any()


def preview(history: History, proposal: Proposal, at: datetime, kept: Memberships | None = None) -> NextVersion:
    """What publishing the proposal at `at` would make, its own statements winning where they conflict.

    Raises Invalid when a document can't be read by its schema.
    """
    rebased = rebase(proposal, history.content(proposal.base), history.content(history.number), kept)
    header = version_header(history, proposal.author, proposal.name, at)
    return next_version(history, rebased.edits, header, rebased.moves)


def _ground(history: History, proposal: Proposal) -> tuple[Content, Documents]:
    """What the next statements are made on: the newest version, unless the proposal conflicts with it."""
    base, newest = history.content(proposal.base), history.content(history.number)
    rebased = rebase(proposal, base, newest)
    if rebased.conflicts:
        return base, {(edit.kind, edit.id): edit.document for edit in proposal.edits}
    return newest, {(edit.kind, edit.id): edit.document for edit in rebased.edits}


def _checked(documents: Documents) -> Documents:
    """The documents in their one written form. Raises Invalid with every fault."""
    faults = Faults()
    kept: Documents = {}
    for (kind, id), document in documents.items():
        pointer = step("", f"{kind}s", id)
        if document is None:
            if (kind, id) == ("group", BASE):
                faults.add("base", pointer, "Tous ne se retire pas.", "Tous can't be removed.")
            kept[kind, id] = None
            continue
        with faults.gather(pointer):
            kept[kind, id] = read_edit(Edit(kind, id, document))
    faults.raise_if_any()
    return kept


def _moved(base: Content, documents: Documents) -> tuple[Edit, ...]:
    """The documents that differ from the base's, as edits."""
    return tuple(Edit(*key, document) for key, document in documents.items() if document != base.document(*key))
