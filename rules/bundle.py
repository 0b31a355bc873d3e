"""Everything as one JSON bundle: byte-stable out, read strictly in."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.policy import BASE
from engine.problem import Faults, refuse, step
from rules.content import KINDS, Content
from rules.publish import Edit
from rules.schema import read_id

FORMAT = 1
_LISTS = {f"{kind}s": kind for kind in KINDS}
_MEMBERS = {"houblon", "memberships", *_LISTS}


class Bundle(msgspec.Struct, frozen=True):
    """A bundle as edits of documents, and memberships by buyer."""

    edits: tuple[Edit, ...]
    memberships: Mapping[str, tuple[str, ...]]


def read_bundle(document: object, current: Content | None) -> Bundle:
    """The bundle's edits against `current`. Raises Invalid with every fault of its frame.

    Documents are added or replaced by id, memberships by buyer; settings and rules that the bundle
    does not name for `tous` stay. What the documents hold is checked when they are published.
    """
    if not isinstance(document, dict):
        raise refuse("type", "", "Un lot est un objet JSON.", "A bundle is a JSON object.")
    faults = Faults()
    if document.get("houblon") != FORMAT:
        faults.add("format", "/houblon", f"Le format connu est {FORMAT}.", f"The format known here is {FORMAT}.")
    for member in document.keys() - _MEMBERS:
        faults.add("unknown_member", step("", member), "Ce membre n’existe pas ici.", "There is no such member here.")
    edits = [
        edit for name, kind in _LISTS.items() for edit in _edits(document.get(name, []), name, kind, current, faults)
    ]
    memberships = _memberships(document.get("memberships", {}), faults)
    faults.raise_if_any()
    return Bundle(tuple(edits), memberships)


def export_bundle(content: Content, memberships: Mapping[str, tuple[str, ...]]) -> bytes:
    """The whole installation's rules, sorted so that equal content is equal bytes."""
    document: dict[str, Any] = {
        "houblon": FORMAT,
        "memberships": {buyer: sorted(g) for buyer, g in memberships.items()},
    }
    for name, kind in _LISTS.items():
        documents = content.documents(kind)
        document[name] = [documents[id] for id in sorted(documents)]
    encoded = msgspec.json.encode(document, order="deterministic")
    return msgspec.json.format(encoded, indent=2) + b"\n"


def _edits(documents: Any, name: str, kind: str, current: Content | None, faults: Faults) -> list[Edit]:
    pointer = step("", name)
    if not isinstance(documents, list):
        faults.add("type", pointer, "Une liste de documents est attendue.", "A list of documents is expected.")
        return []
    edits: list[Edit] = []
    for index, document in enumerate(documents):
        at = step(pointer, index)
        if not isinstance(document, dict):
            faults.add("type", at, "Un objet JSON est attendu ici.", "A JSON object is expected here.")
            continue
        with faults.gather(f"{at}/id"):
            id = read_id(document.get("id"))
            if any(edit.id == id for edit in edits):
                raise refuse("repeated", "", f"« {id} » est déjà dans ce lot.", f"“{id}” is in this bundle already.")
            edits.append(Edit(kind, id, _with_base(document, current) if (kind, id) == ("group", BASE) else document))
    return edits


def _with_base(document: dict[str, Any], current: Content | None) -> dict[str, Any]:
    """Tous keeps what the bundle does not name."""
    if current is None:
        return document
    base = current.groups[BASE].document
    settings, rules = document.get("settings", {}), document.get("rules", {})
    merged = {**base, **document}
    if isinstance(settings, dict):
        merged["settings"] = {**base["settings"], **settings}
    if isinstance(rules, dict):
        merged["rules"] = {**base["rules"], **rules}
    return merged


def _memberships(document: Any, faults: Faults) -> dict[str, tuple[str, ...]]:
    if not isinstance(document, dict):
        faults.add("type", "/memberships", "Un objet « détaillant : groupes ».", 'An object "buyer: groups".')
        return {}
    kept = {}
    for buyer, groups in document.items():
        if not 1 <= len(buyer) <= 200 or not isinstance(groups, list) or not all(isinstance(g, str) for g in groups):
            faults.add(
                "type", step("/memberships", buyer), "Une liste d’identifiants de groupes.", "A list of group ids."
            )
        else:
            kept[buyer] = tuple(dict.fromkeys(group for group in groups if group != BASE))
    return kept
