"""Changes in words: where, what, before and after."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP
from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, Rule, rule_of
from houblon.engine.policy.sentences import rule_sentence
from houblon.engine.policy.settings import SETTINGS
from houblon.engine.proofs.claims import claim_text, read_claim, read_when
from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content, canonical
from houblon.rules.model.merge import MergeConflict
from houblon.rules.model.moves import MEMBERSHIP
from houblon.rules.model.statements import ABSENT, MEMBERS, RULES, statements_of
from houblon.web.presentation import cycle_text
from houblon.web.presentation.rule_parts import rule_parts
from houblon.web.presentation.scenario_text import expectation_text, moment_text, order_parts, order_text
from houblon.web.presentation.setting_forms import FORMS, LETTER_PARTS
from houblon.web.presentation.setting_text import value_text


class Detail(msgspec.Struct, frozen=True):
    """One member of what a change is about; `colours` are those of before and after, where it is one."""

    what: Text
    before: Text
    after: Text
    colours: tuple[str, str] = ("", "")


class ChangeText(msgspec.Struct, frozen=True):
    """One change as a person reads it; `place` is its form's address: kind, document and path.

    `details` are each member of what is new or removed, and what a sentence alone does not tell.
    """

    place: tuple[str, str, str]
    where: str
    what: Text
    before: Text
    after: Text
    details: tuple[Detail, ...] = ()
    colours: tuple[str, str] = ("", "")


def describe_change(change: Change, *contents: Content) -> ChangeText:
    """The change in words, in the content after it, then the one before it, then others that know the names."""
    after, before = _content(contents, 0), _content(contents, 1)
    return ChangeText(
        (change.kind, change.id, change.path),
        name_of(change.kind, change.id, *contents),
        what_of(change),
        _state(change, change.before, before),
        _state(change, change.after, after),
        tuple(_details(change, before, after)),
        _colours(change),
    )


def _content(contents: tuple[Content, ...], place: int) -> Content | None:
    return contents[min(place, len(contents) - 1)] if contents else None


def _details(change: Change, before: Content | None, after: Content | None) -> Iterator[Detail]:
    if change.path == "":
        yield from _members(change, before, after)
    elif change.kind == "group" and change.path.startswith(RULES):
        same = _state(change, change.before, before) == _state(change, change.after, after)
        for part in rule_parts(change.before, change.after, same):
            yield Detail(*part)
    elif (change.kind, change.path) == ("scenario", "order"):
        for part in order_parts(change.before, change.after):
            yield Detail(*part)
    elif isinstance(change.before, dict) and isinstance(change.after, dict):
        yield from _both_languages(change.before, change.after)


def _both_languages(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Detail]:
    """A text, or a letter of two: who reads it in one language must see that the other one changed."""
    if before.keys() == after.keys() == _LANGUAGES.keys():
        for language, label in _LANGUAGES.items():
            old, new = before[language], after[language]
            if old != new:
                yield Detail(label, Text(old, old), Text(new, new))
    elif before.keys() == after.keys() == LETTER_PARTS.keys():
        for name, part in LETTER_PARTS.items():
            for each in _both_languages(before[name], after[name]):
                what = Text(f"{part.fr}, {each.what.fr}", f"{part.en}, {each.what.en}")
                yield Detail(what, each.before, each.after)


def _members(change: Change, before: Content | None, after: Content | None) -> Iterator[Detail]:
    """Each statement of a document that is made or removed."""
    old, new = (statements_of(change.kind, None if side is ABSENT else side) for side in (change.before, change.after))
    for path in dict.fromkeys((*old, *new)):
        if path == "name":
            continue  # it names the document already
        part = Change(change.kind, change.id, path, old.get(path, ABSENT), new.get(path, ABSENT))
        left = _ABSENT if part.before is ABSENT else _state(part, part.before, before)
        right = _ABSENT if part.after is ABSENT else _state(part, part.after, after)
        yield Detail(what_of(part), left, right, _colours(part))
        yield from _details(part, before, after)


def _colours(change: Change) -> tuple[str, str]:
    if (change.kind, change.path) != ("group", "colour"):
        return "", ""
    before, after = ("" if side is ABSENT else side for side in (change.before, change.after))
    return before, after


def describe_conflict(
    conflict: MergeConflict, groups: Mapping[str, str], retailers: Mapping[str, str], *contents: Content
) -> tuple[ChangeText, Text]:
    """The conflict as the proposal's change, and what was published in its place; names are by id."""
    if conflict.kind == MEMBERSHIP:
        before, mine, theirs = (_groups(each, groups) for each in (conflict.before, conflict.mine, conflict.theirs))
        return ChangeText((MEMBERSHIP, conflict.id, ""), retailers[conflict.id], _GROUPS, before, mine), theirs
    change = Change(conflict.kind, conflict.id, conflict.path, conflict.before, conflict.mine)
    return describe_change(change, *contents), _state(change, conflict.theirs, _content(contents, 1))


def _groups(ids: Iterable[str], names: Mapping[str, str]) -> Text:
    said = ", ".join(names.get(id, id) for id in ids)
    return Text(said, said) if said else _NO_GROUP


def name_of(kind: str, id: str, *contents: Content) -> str:
    for content in contents:
        document = content.document(kind, id)
        if document is not None:
            return document_name(document, id)
    return id


def document_name(document: Mapping[str, Any], id: str) -> str:
    """What a document is called; a guardrail has a label in both languages instead of a name."""
    label = document.get("label")
    return str(label["fr"] if isinstance(label, dict) and "fr" in label else document.get("name", id))


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
        if change.kind in ("scenario", "guardrail") and change.path in _PARTS:
            return _PARTS[change.path]
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


def _state(change: Change, value: Any, content: Content | None) -> Text:
    if change.path == "":
        return _whole(change, value)
    if value is ABSENT:
        return _inherited(change, content) if change.kind == "group" else _ABSENT
    if change.path in FORMS:
        return value_text(change.path, value)
    if change.path.startswith(RULES):
        return _NONE if value is None else _rule(change, value)
    if change.kind == "group":
        return _member(change, value, content)
    if change.kind == "cycle" and change.path in cycle_text.MEMBERS:
        return _of_cycle(change, value, content)
    if change.kind == "scenario" and change.path in _OF_SCENARIO:
        return _OF_SCENARIO[change.path](value)
    if change.kind == "guardrail":
        return _of_guardrail(change.path, value)
    text = value if isinstance(value, str) else canonical(value).decode()
    return Text(text, text)


def _of_cycle(change: Change, value: Any, content: Content | None) -> Text:
    """A member of a cycle in words; a rhythm that leaves the day to its start needs to know it."""
    document = content.document("cycle", change.id) if content is not None else None
    said = cycle_text.member_text(change.path, value, document)
    if change.path != "rrule" or change.before == change.after or ABSENT in (change.before, change.after):
        return said
    other = change.after if value == change.before else change.before
    # Two that words can't tell apart are told as they are written.
    same = cycle_text.member_text(change.path, other, document) == said
    return Text(f"{said.fr} ({value})", f"{said.en} ({value})") if same else said


def _of_guardrail(path: str, value: Any) -> Text:
    """A member of a guardrail in words; without a group or a condition it speaks of all orders."""
    if value is None:
        return _EVERY
    if path == "claim":
        return claim_text(read_claim(value))
    if path == "when":
        condition = read_when(value)
        return _ABSENT if condition is None else condition_phrase(condition)
    return Text(value["fr"], value["en"]) if isinstance(value, dict) else Text(str(value), str(value))


def _rule(change: Change, value: Any) -> Text:
    return rule_text(rule_of(change.path.removeprefix(RULES), value, Provenance(change.id, 0)))


def rule_text(rule: Rule) -> Text:
    """The rule's sentence, and whether it rests."""
    said = rule_sentence(rule)
    return said if rule.enabled else Text(f"Au repos{NBSP}: {said.fr}", f"Resting: {said.en}")


def _inherited(change: Change, content: Content | None) -> Text:
    """What counts where the group itself states nothing: what Tous says."""
    if change.path in MEMBERS:
        return _ABSENT
    if change.id == BASE and change.path in FORMS and not SETTINGS[change.path].is_required:
        # Tous inherits nothing: a setting that came later was not stated yet.
        return value_text(change.path, SETTINGS[change.path].unstated)
    if change.id == BASE and change.path.startswith(RULES):
        return _no_rule(change)
    if content is None or change.id == BASE:
        return _INHERITED
    base = content.groups[BASE]
    if change.path.startswith(RULES):
        rule = base.rules.get(change.path.removeprefix(RULES))
        if rule is None:
            return _no_rule(change)
        said = rule_text(rule)
    elif change.path in base.settings:
        said = value_text(change.path, base.settings[change.path])
    else:
        return _INHERITED
    return Text(f"{_INHERITED.fr}{NBSP}: {said.fr}", f"{_INHERITED.en}: {said.en}")


def _no_rule(change: Change) -> Text:
    """Where a rule is not stated, and nobody else states one: it was not there, or is not any more."""
    return _ABSENT if change.before is ABSENT else _REMOVED_RULE


def _member(change: Change, value: Any, content: Content | None) -> Text:
    """A group's name, colour or rank: a colour by its name, a rank as a place among the others."""
    if change.path == "colour":
        return COLOUR_NAMES.get(value, Text(value, value))
    if change.path == "rank" and content is not None:
        return _place(change.id, value, content)
    return Text(str(value), str(value))


def _place(id: str, rank: int, content: Content) -> Text:
    others = [each for each in content.ranked() if each.id not in (id, BASE)]
    above = [each for each in others if each.rank > rank]
    place, count = len(above) + 1, len(others) + 1
    fr = "1er" if place == 1 else f"{place}e"
    after_fr, after_en = (f", après {above[-1].name}", f", after {above[-1].name}") if above else ("", "")
    return Text(f"{fr} sur {count}{after_fr}", f"{place} of {count}{after_en}")


def _whole(change: Change, value: Any) -> Text:
    """What becomes of a whole document: made, removed, or left in place."""
    if value is ABSENT:
        return _ABSENT if change.before is ABSENT else _REMOVED
    return _MADE if change.before is ABSENT else _THERE


_GROUPS = Text("groupes du détaillant", "the retailer’s groups")
_NO_GROUP = Text("aucun groupe", "no group")
_INHERITED = Text("hérité de Tous", "inherited from Tous")
_LANGUAGES = {"fr": Text("en français", "in French"), "en": Text("en anglais", "in English")}
# What the choice of a group's colour offers.
COLOUR_NAMES = {
    "#2c6a3c": Text("vert", "green"),
    "#1c5d99": Text("bleu", "blue"),
    "#6b3fa0": Text("violet", "purple"),
    "#b45309": Text("orange", "orange"),
    "#a32a22": Text("rouge", "red"),
    "#586055": Text("gris", "grey"),
}
_NONE = Text("ne s’applique pas", "does not apply")
_ABSENT, _THERE = Text("—", "—"), Text("en place", "in place")
_EVERY = Text("toutes les commandes", "all orders")
_REMOVED_RULE = Text("retirée", "removed")
_MADE, _REMOVED = Text("créé", "made"), Text("retiré", "removed")
_MEMBERS = {"name": Text("nom", "name"), "colour": Text("couleur", "colour"), "rank": Text("rang", "rank")}
_OF_SCENARIO: Mapping[str, Callable[[Any], Text]] = {
    "order": order_text,
    "expect": expectation_text,
    "accepted_at": moment_text,
}
_PARTS = {
    "name": Text("nom", "name"),
    "order": Text("commande", "order"),
    "expect": Text("décision attendue", "expected decision"),
    "accepted_at": Text("acceptée le", "accepted at"),
    "label": Text("nom", "name"),
    "when": Text("condition", "condition"),
    "claim": Text("affirmation", "claim"),
    "group": Text("groupe", "group"),
}
KINDS = {
    "group": Text("le groupe", "the group"),
    "cycle": Text("cycle de livraison", "delivery cycle"),
    "scenario": Text("cas de test", "scenario"),
    "guardrail": Text("garde-fou", "guardrail"),
}
