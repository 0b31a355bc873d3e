"""Changes in words: where, what, before and after."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import rule_of
from houblon.engine.policy.sentences import rule_sentence
from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content, canonical
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.moves import MEMBERSHIP
from houblon.rules.model.statements import ABSENT, RULES
from houblon.web.presentation import cycle_text
from houblon.web.presentation.setting_forms import FORMS
from houblon.web.presentation.setting_text import value_text


class ChangeText(msgspec.Struct, frozen=True):
    """One change as a person reads it; `place` is its form's address: kind, document and path."""

    place: tuple[str, str, str]
    where: str
    what: Text
    before: Text
    after: Text


def describe_change(change: Change, *contents: Content) -> ChangeText:
    """The change in words; names are taken from the first content that knows the document."""
    before, after = (_state(change, value) for value in (change.before, change.after))
    return ChangeText(
        (change.kind, change.id, change.path),
        name_of(change.kind, change.id, *contents),
        what_of(change),
        before,
        after,
    )


def describe_conflict(
    conflict: MergeConflict, groups: Mapping[str, str], *contents: Content
) -> tuple[ChangeText, Text]:
    """The conflict as the proposal's change, and what was published in its place; `groups` are names by id."""
    if conflict.kind == MEMBERSHIP:
        before, mine, theirs = (_groups(each, groups) for each in (conflict.before, conflict.mine, conflict.theirs))
        return ChangeText((MEMBERSHIP, conflict.id, ""), conflict.id, _GROUPS, before, mine), theirs
    change = Change(conflict.kind, conflict.id, conflict.path, conflict.before, conflict.mine)
    return describe_change(change, *contents), _state(change, conflict.theirs)


def _groups(ids: Iterable[str], names: Mapping[str, str]) -> Text:
    said = ", ".join(names.get(id, id) for id in ids)
    return Text(said, said) if said else _NO_GROUP


def name_of(kind: str, id: str, *contents: Content) -> str:
    for content in contents:
        document = content.document(kind, id)
        if document is not None:
            return str(document.get("name", id))
    return id


def what_of(change: Change | MergeConflict) -> Text:
    """What of the document the change is about."""
    if change.path in FORMS:
        return FORMS[change.path].label
    if change.path.startswith(RULES):
        label = _label(change)
        return Text(f"règle « {label.fr} »", f"rule “{label.en}”")
    if change.path == "" or change.kind != "group":
        if change.kind == "cycle" and change.path in cycle_text.MEMBERS:
            return cycle_text.MEMBERS[change.path]
        kind = KINDS[change.kind]
        return kind if change.path == "" else Text(f"{kind.fr} ({change.path})", f"{kind.en} ({change.path})")
    return _MEMBERS[change.path]


def statement_label(path: str) -> Text:
    """A setting's label, or a rule by its id."""
    if path in FORMS:
        return FORMS[path].label
    id = path.removeprefix(RULES)
    return Text(f"règle {id}", f"rule {id}")


def _label(change: Change | MergeConflict) -> Text:
    id = change.path.removeprefix(RULES)
    for value in (getattr(change, "after", None) or getattr(change, "mine", None), change.before):
        if isinstance(value, dict) and value.get("label"):
            return Text(value["label"]["fr"], value["label"]["en"])
    return Text(id, id)


def _state(change: Change, value: Any) -> Text:
    if change.path == "":
        return _whole(change, value)
    if value is ABSENT:
        return _INHERITED if change.kind == "group" else _ABSENT
    if change.path in FORMS:
        return value_text(change.path, value)
    if change.path.startswith(RULES):
        if value is None:
            return _NONE
        return rule_sentence(rule_of(change.path.removeprefix(RULES), value, Provenance(change.id, 0)))
    if change.kind == "cycle" and change.path in cycle_text.MEMBERS:
        return cycle_text.member_text(change.path, value)
    text = value if isinstance(value, str) else canonical(value).decode()
    return Text(text, text)


def _whole(change: Change, value: Any) -> Text:
    """What becomes of a whole document: made, removed, or left in place."""
    if value is ABSENT:
        return _ABSENT if change.before is ABSENT else _REMOVED
    return _MADE if change.before is ABSENT else _THERE


_GROUPS = Text("groupes du détaillant", "the retailer’s groups")
_NO_GROUP = Text("aucun groupe", "no group")
_INHERITED = Text("hérité", "inherited")
_NONE = Text("ne s’applique pas", "does not apply")
_ABSENT, _THERE = Text("—", "—"), Text("en place", "in place")
_MADE, _REMOVED = Text("créé", "made"), Text("retiré", "removed")
_MEMBERS = {"name": Text("nom", "name"), "colour": Text("couleur", "colour"), "rank": Text("rang", "rank")}
KINDS = {
    "group": Text("le groupe", "the group"),
    "cycle": Text("cycle de livraison", "delivery cycle"),
    "scenario": Text("cas de test", "scenario"),
    "guardrail": Text("garde-fou", "guardrail"),
}
