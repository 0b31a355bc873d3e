"""Everything as one JSON bundle: byte-stable out, read strictly in."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.core.problem import Faults, Invalid, Problem, refuse, step
from houblon.engine.core.texts import MAX_ID, clean_id, is_id
from houblon.engine.policy.policy import BASE
from houblon.rules.exchange.patterns import check_patterns
from houblon.rules.model.content import KINDS, Content, Group, canonical
from houblon.rules.model.faults import check_text
from houblon.rules.model.statements import Edit

FORMAT = 1
_BY_SOURCE = "memberships_by_source"
_LISTS = {f"{kind}s": kind for kind in KINDS}
_MEMBERS = {"houblon", "memberships", _BY_SOURCE, *_LISTS}


class Bundle(msgspec.Struct, frozen=True):
    """A bundle as edits of documents, and memberships by buyer, or by source and what it calls the buyer.

    `places` tells where each document stands in the bundle: "/groups/bars" → "/groups/3".
    """

    edits: tuple[Edit, ...]
    memberships: Mapping[str, tuple[str, ...]]
    places: Mapping[str, str]
    by_source: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType({})

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Let the faults of publishing these edits name their places in the bundle."""
        try:
            yield
        except Invalid as invalid:
            raise Invalid([self._placed(problem) for problem in invalid.problems]) from None

    def _placed(self, problem: Problem) -> Problem:
        """`/groups/bars/name` → `/groups/3/name`; what is not of this bundle keeps its pointer."""
        tokens = problem.pointer.split("/")
        place = self.places.get("/".join(tokens[:3]))
        if place is None:
            return problem
        return Problem(problem.code, "/".join([place, *tokens[3:]]), problem.message)


def read_bundle(document: object, current: Content | None) -> Bundle:
    """The bundle's edits against `current`. Raises Invalid with every fault of its frame.

    Documents are added or replaced by id, memberships by buyer; settings and rules that the bundle
    does not name for `tous` stay. What the documents hold is checked when they are published.
    """
    if not isinstance(document, dict):
        raise refuse("type", "", "Un lot est un objet JSON.", "A bundle is a JSON object.")
    check_text(document)
    check_patterns(document)
    faults = Faults()
    if document.get("houblon") is True or document.get("houblon") != FORMAT:
        faults.add("format", "/houblon", f"Le format connu est {FORMAT}.", f"The format known here is {FORMAT}.")
    for member in document:
        if member not in _MEMBERS:
            faults.add(
                "unknown_member", step("", member), "Ce membre n’existe pas ici.", "There is no such member here."
            )
    edits: list[Edit] = []
    places: dict[str, str] = {}
    for name, kind in _LISTS.items():
        for place, each in _documents(document.get(name, []), step("", name), faults):
            known = step("", name, each["id"])
            if known in places:
                faults.add(
                    "repeated",
                    step(place, "id"),
                    f"« {each['id']} » est déjà dans ce lot.",
                    f"“{each['id']}” is in this bundle already.",
                )
            places[known] = place
            whole = _with_base(each, current) if (kind, each["id"]) == ("group", BASE) else each
            edits.append(Edit(kind, each["id"], whole))
    groups = {edit.id for edit in edits if edit.kind == "group"} | set(current.groups if current else ())
    memberships = read_memberships(document.get("memberships", {}), groups, faults)
    by_source = _by_source(document.get(_BY_SOURCE, {}), groups, faults)
    faults.raise_if_any()
    return Bundle(tuple(edits), memberships, places, by_source)


def export_bundle(content: Content, memberships: Mapping[str, tuple[str, ...]]) -> bytes:
    """The whole installation's rules, sorted so that equal content is equal bytes.

    Memberships in groups that are archived are not in it: no bundle can name them.
    """
    named = {buyer: sorted(id for id in groups if id in content.groups) for buyer, groups in memberships.items()}
    document: dict[str, Any] = {
        "houblon": FORMAT,
        "memberships": {buyer: groups for buyer, groups in named.items() if groups or not memberships[buyer]},
    }
    for name, kind in _LISTS.items():
        documents = content.documents(kind)
        document[name] = [documents[id] for id in sorted(documents)]
    return written(document)


def export_group(group: Group) -> bytes:
    """A bundle of one group alone; the retailers that belong to it stay where they are."""
    return written({"houblon": FORMAT, "groups": [group.document]})


def written(document: Any) -> bytes:
    """Indented JSON with sorted keys and a last line end, so that git diffs read well."""
    return msgspec.json.format(canonical(document), indent=2) + b"\n"


def _documents(documents: Any, pointer: str, faults: Faults) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of one list that have an id, each with its place."""
    if not isinstance(documents, list):
        faults.add("type", pointer, "Une liste de documents est attendue.", "A list of documents is expected.")
        return
    for index, document in enumerate(documents):
        place = step(pointer, index)
        if not isinstance(document, dict):
            faults.add("type", place, "Un objet JSON est attendu ici.", "A JSON object is expected here.")
        elif not isinstance(document.get("id"), str):
            faults.add("id", step(place, "id"), "Un identifiant est attendu.", "An id is expected.")
        else:
            yield place, document


def _with_base(document: dict[str, Any], current: Content | None) -> dict[str, Any]:
    """Tous keeps what the bundle does not name."""
    if current is None:
        return document
    base = current.groups[BASE].document
    merged = {**base, **document}
    for member in ("settings", "rules"):
        named = document.get(member, {})
        if isinstance(named, dict):
            merged[member] = {**base[member], **named}
    return merged


def _by_source(document: Any, exist: Collection[str], faults: Faults) -> dict[tuple[str, str], tuple[str, ...]]:
    place = step("", _BY_SOURCE)
    if not isinstance(document, dict):
        faults.add("type", place, "Un objet « source : noms ».", 'An object "source: names".')
        return {}
    return {
        (source, name): groups
        for source, names in document.items()
        for name, groups in read_memberships(names, exist, faults, step(place, source)).items()
    }


def read_memberships(
    document: Any, exist: Collection[str], faults: Faults, place: str = "/memberships"
) -> dict[str, tuple[str, ...]]:
    """Groups by buyer, each of a group that is among those that `exist`; what is wrong is added to the faults."""
    if not isinstance(document, dict):
        faults.add("type", place, "Un objet « détaillant : groupes ».", 'An object "buyer: groups".')
        return {}
    kept: dict[str, tuple[str, ...]] = {}
    for said, groups in document.items():
        buyer, pointer = clean_id(said), step(place, said)
        if not is_id(buyer):
            faults.add(
                "type",
                pointer,
                f"Un identifiant de 1 à {MAX_ID} caractères visibles.",
                f"An id of 1 to {MAX_ID} visible characters.",
            )
            continue
        if buyer in kept:
            faults.add(
                "repeated", pointer, f"« {buyer} » est déjà dans ce lot.", f"“{buyer}” is in this bundle already."
            )
            continue
        if not isinstance(groups, list):
            faults.add("type", pointer, "Une liste d’identifiants de groupes.", "A list of group ids.")
            continue
        for index, group in enumerate(groups):
            # A misspelt « payeurs-a-risque » would leave its buyers to Tous, and nobody would know.
            if not isinstance(group, str) or group not in exist:
                faults.add("unknown_group", step(pointer, index), "Ce groupe n’existe pas.", "There is no such group.")
        if all(isinstance(group, str) for group in groups):
            kept[buyer] = tuple(dict.fromkeys(group for group in groups if group != BASE))
    return kept
