"""Where two drafts made something new under one id, both are kept: the later one gets an id of its own."""

import re
from collections.abc import Collection, Iterable, Mapping

from houblon.engine.core.texts import identity
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.proposal import Proposal
from houblon.rules.model.statements import RULES, Document, Statement, stated
from houblon.rules.store.history import History

Documents = dict[tuple[str, str], Document | None]
Memberships = Mapping[str, tuple[str, ...]]


def keep_both(
    history: History, proposal: Proposal, documents: Documents, memberships: Memberships, both: Iterable[MergeConflict]
) -> tuple[Documents, Memberships]:
    """The proposal's documents and memberships with new ids for what is its own of each conflict in `both`."""
    kept, ids = dict(documents), dict[tuple[str, str], str]()
    for conflict in both:
        if conflict.path.startswith(RULES) and history.content(proposal.base).document("group", conflict.id):
            _rename_rule(history, kept, conflict, ids)
        else:
            _rename_document(history, proposal, kept, conflict, ids)
    groups = {old: new for (kind, old), new in ids.items() if kind == "group"}
    return kept, {
        buyer: tuple(sorted(groups.get(each, each) for each in named)) for buyer, named in memberships.items()
    }


def _rename_rule(
    history: History, documents: Documents, conflict: MergeConflict, ids: dict[tuple[str, str], str]
) -> None:
    """One new id for a rule, in whichever of the proposal's groups it stands."""
    old = conflict.path.removeprefix(RULES)
    rule = ("rule", old)
    if rule not in ids:
        ids[rule] = fresh_id(old, {*history.rule_ids_taken(), *ids.values()})
    key = (conflict.kind, conflict.id)
    without = stated(documents[key], Statement(*key, conflict.path, conflict.theirs))
    documents[key] = stated(without, Statement(*key, f"{RULES}{ids[rule]}", conflict.mine))


def _rename_document(
    history: History,
    proposal: Proposal,
    documents: Documents,
    conflict: MergeConflict,
    ids: dict[tuple[str, str], str],
) -> None:
    key = (conflict.kind, conflict.id)
    if key in ids:
        return
    mine = next(edit.document for edit in proposal.edits if (edit.kind, edit.id) == key)
    ids[key] = fresh_id(conflict.id, {*history.ids_taken(conflict.kind), *ids.values()})
    documents.pop(key, None)
    documents[conflict.kind, ids[key]] = {**(mine or {}), "id": ids[key]}


def fresh_id(id: str, taken: Collection[str]) -> str:
    """The next id of the same stem that nothing has: `regle-1` → `regle-2`, `bars` → `bars-2`."""
    given = set(map(identity, taken))
    found = re.fullmatch(r"(.+?)-(\d{1,6})", id)
    stem, number = (found[1], int(found[2])) if found else (id, 1)
    while True:
        number += 1
        if identity(made := f"{stem[:50]}-{number}") not in given:
            return made
