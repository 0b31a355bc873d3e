"""Where in what people write a fault is, in their words: the group and the setting, never an address for machines."""

import re

from houblon.engine.core.problem import Text
from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content
from houblon.rules.model.statements import ABSENT
from houblon.web.presentation.change_text import name_of, statement_label, what_of

_PLACE = re.compile(r"/(?P<kind>group|cycle|scenario|guardrail)s/(?P<id>[^/]+)(?:/(?P<path>.+))?")
_FIELDS = {
    "/effective_from": Text("début", "beginning"),
    "/until": Text("fin", "end"),
    "/name": Text("nom", "name"),
    "/description": Text("pourquoi", "why"),
    "/comment": Text("commentaire", "comment"),
    "/order": Text("commande", "order"),
}


def fault_place(pointer: str, content: Content) -> Text | None:
    """« Bars · Minimum d’articles »; None where the pointer names nothing that a person has a word for."""
    found = _PLACE.match(pointer)
    if found is None:
        return _FIELDS.get(pointer)
    kind, id, rest = found["kind"], _read(found["id"]), found["path"] or ""
    where = name_of(kind, id, content)
    if rest == "":
        return Text(where, where)
    part = _part(kind, id, rest, content)
    return Text(f"{where} · {part.fr}", f"{where} · {part.en}") if part else Text(where, where)


def _part(kind: str, id: str, rest: str, content: Content) -> Text | None:
    """What of the document: a setting, a rule by its name, or another member."""
    names = rest.split("/")
    if kind == "group" and names[0] == "rules" and len(names) > 1:
        rule = content.groups[id].rules.get(_read(names[1])) if id in content.groups else None
        label = rule.label if rule else Text(_read(names[1]), _read(names[1]))
        return Text(f"règle « {label.fr} »", f"rule “{label.en}”")
    if kind == "group" and names[0] == "settings":
        return statement_label(_read(names[1])) if len(names) > 1 else None
    try:
        return what_of(Change(kind, id, names[0], ABSENT, ABSENT))
    except KeyError:
        return None


def _read(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
