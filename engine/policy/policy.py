"""Policy, Setting, Rule: what is in force for one chain; settings lowered to rules."""

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.conditions.pattern import MAX_IN_A_POLICY, cost_of
from houblon.engine.conditions.tree import Condition, Term, comparisons_of, condition_document
from houblon.engine.conditions.vocabulary import ACTIONS, FACTS
from houblon.engine.core.places import province_of
from houblon.engine.core.problem import Faults, Text, refuse, step
from houblon.engine.core.texts import is_text
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.settings import SETTINGS

BASE = "tous"
MAX_RULES = 500
_RULE_MEMBERS = ("label", "message", "conditions", "actions", "enabled")
_RULE_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
VOCABULARY: Mapping[str, Term] = MappingProxyType(
    {
        fact.name: Term(
            fact.kind,
            fact.options if fact.closed else (),
            text_only=True,
            canonical=province_of if fact.name == "province" else None,
        )
        for fact in FACTS.values()
    }
)


class Action(msgspec.Struct, frozen=True):
    """What a rule does when its condition holds: a name of the vocabulary and its parameters."""

    name: str
    params: dict[str, Any]


class Rule(msgspec.Struct, frozen=True):
    """A named condition and its actions. `message` is what a reason says, the label unless stated.

    `provenance` is None for what is built in; a rule that is not `enabled` is kept but never runs.
    """

    id: str
    label: Text
    condition: Condition
    actions: tuple[Action, ...]
    provenance: Provenance | None
    message: Text | None = None
    enabled: bool = True


class Setting(msgspec.Struct, frozen=True):
    """A value in force and where it came from. None means explicitly none."""

    value: Any
    provenance: Provenance


class Policy(msgspec.Struct, frozen=True):
    """Settings and rules in force for `chain` (highest rank first, then `tous`) at `version`."""

    chain: tuple[str, ...]
    version: int
    settings: Mapping[str, Setting]
    rules: tuple[Rule, ...]
    hash: str

    def __hash__(self) -> int:
        return hash(self.hash)


def policy_of(chain: tuple[str, ...], version: int, settings: Mapping[str, Setting], rules: tuple[Rule, ...]) -> Policy:
    """A policy with its hash: the same content has the same hash at any version, on any machine.

    Which group of the chain states a rule is part of the content: it settles whose terms win.
    """
    content = {
        "chain": chain,
        # What is as it was before there was such a setting leaves the hash as it was.
        "settings": {path: each.value for path, each in settings.items() if each.value != SETTINGS[path].unstated},
        "rules": {rule.id: [rule.provenance and rule.provenance.group, rule_document(rule)] for rule in rules},
    }
    encoded = msgspec.json.encode(content, order="deterministic")
    return Policy(chain, version, settings, rules, "sha256:" + hashlib.sha256(encoded).hexdigest())


def check_policy(policy: Policy) -> None:
    """Faults that no single setting shows. Raises Invalid with pointers such as `/settings/…`."""
    faults = Faults()
    terms = policy.settings["invoicing.terms"].value
    if terms["kind"] == "other" and policy.settings["invoicing.trigger"].value == "on_acceptance":
        faults.add(
            "terms_without_due_date",
            "/settings/invoicing.terms",
            "Des modalités « autres » n’ont pas d’échéance : elles ne vont pas avec la facturation automatique.",
            "Terms of the kind “other” have no due date: they can't go with automatic invoicing.",
        )
    if len(policy.rules) > MAX_RULES:
        faults.add(
            "too_many",
            "/rules",
            f"Pas plus de {MAX_RULES} règles par politique.",
            f"No more than {MAX_RULES} rules in a policy.",
        )
    if sum(_pattern_cost(rule.condition) for rule in policy.rules) > MAX_IN_A_POLICY:
        faults.add(
            "too_many",
            "/rules",
            "Les motifs de ces règles sont trop grands, ensemble : raccourcissez leurs répétitions.",
            "The patterns of these rules are too large together: shorten what they repeat.",
        )
    faults.raise_if_any()


def _pattern_cost(condition: Condition) -> int:
    return sum(cost_of(each.value) for each in comparisons_of(condition) if each.operator == "matches_regex")


def rule_of(id: str, document: object, provenance: Provenance) -> Rule:
    """The rule that people wrote. Raises Invalid with every fault, placed in the rule's document."""
    faults = Faults()
    if not isinstance(document, dict):
        raise refuse("type", "", "Une règle est un objet.", "A rule is an object.")
    if not _RULE_ID.fullmatch(id):
        faults.add(
            "id",
            "",
            "L’identifiant d’une règle : a-z, 0-9 et traits d’union, au plus 80 caractères.",
            "A rule's id: a-z, 0-9 and hyphens, at most 80 characters.",
        )
    for member in document:
        if member not in _RULE_MEMBERS:
            faults.add(
                "unknown_member", step("", member), "Ce membre n’existe pas ici.", "There is no such member here."
            )
    label, message, condition = Text(id, id), None, None
    if document.get("label") is not None:
        with faults.gather("/label"):
            label = read_text(document["label"])
    if document.get("message") is not None:
        with faults.gather("/message"):
            message = read_text(document["message"])
    if "conditions" in document:
        with faults.gather():
            condition = parse_conditions(document["conditions"], VOCABULARY, "/conditions")
    else:
        faults.add("required", "/conditions", "Une règle a des conditions.", "A rule has conditions.")
    enabled = document.get("enabled", True)
    if not isinstance(enabled, bool):
        faults.add("type", "/enabled", "Répondez par vrai ou faux.", "Answer true or false.")
    actions = _read_actions(document.get("actions"), faults)
    faults.raise_if_any()
    assert condition is not None
    return Rule(id, label, condition, actions, provenance, message, enabled)


def rule_document(rule: Rule) -> dict[str, Any]:
    """The rule in business-rules JSON, with the label and message that people gave it."""
    document: dict[str, Any] = {
        "label": msgspec.to_builtins(rule.label),
        "conditions": condition_document(rule.condition),
        "actions": [{"name": action.name, "params": dict(action.params)} for action in rule.actions],
    }
    if rule.message is not None:
        document["message"] = msgspec.to_builtins(rule.message)
    if not rule.enabled:
        document["enabled"] = False
    return document


def read_text(document: object) -> Text:
    """`{"fr": "…", "en": "…"}`, both short and not empty. Raises Invalid."""
    faults = Faults()
    if not isinstance(document, dict) or set(document) != {"fr", "en"}:
        raise refuse(
            "type", "", "Un texte dans les deux langues : « fr » et « en ».", 'A text in both languages: "fr" and "en".'
        )
    for language, text in document.items():
        if not is_text(text, 300) or not text.strip():
            faults.add(
                "text",
                step("", language),
                "Un texte d’une ligne, de 1 à 300 caractères.",
                "A text of one line, 1 to 300 characters.",
            )
    faults.raise_if_any()
    return Text(document["fr"], document["en"])


def _read_actions(document: object, faults: Faults) -> tuple[Action, ...]:
    if not isinstance(document, list) or not document:
        faults.add("required", "/actions", "Une règle a au moins une action.", "A rule has at least one action.")
        return ()
    actions = []
    for index, each in enumerate(document):
        with faults.gather(step("/actions", index)):
            actions.append(_read_action(each))
    names = [action.name for action in actions]
    for name in dict.fromkeys(names):
        if names.count(name) > 1 and name not in ("notify_team", "tag"):
            faults.add(
                "repeated",
                "/actions",
                f"« {name} » ne se dit qu’une fois par règle.",
                f"“{name}” can be said only once in a rule.",
            )
    return tuple(actions)


def _read_action(document: object) -> Action:
    if not isinstance(document, dict) or not set(document) <= {"name", "params"}:
        raise refuse("type", "", "Une action a « name » et « params ».", 'An action has "name" and "params".')
    name = document.get("name")
    kind = ACTIONS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise refuse(
            "unknown_action",
            "/name",
            f"Cette action n’existe pas ; choisissez parmi {', '.join(ACTIONS)}.",
            f"There is no such action; choose among {', '.join(ACTIONS)}.",
        )
    given = document.get("params")
    given = {} if given is None else given
    names = {param.name for param in kind.params}
    if not isinstance(given, dict) or set(given) != names:
        raise refuse(
            "params", "/params", f"« {name} » prend : {', '.join(names)}.", f"“{name}” takes: {', '.join(names)}."
        )
    faults = Faults()
    for param in kind.params:
        _check_param(param.kind, given[param.name], step("/params", param.name), faults)
    faults.raise_if_any()
    return Action(kind.name, dict(given))


def _check_param(kind: str, value: object, pointer: str, faults: Faults) -> None:
    if kind == "days":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 365:
            faults.add("range", pointer, "Un nombre entier de jours, de 0 à 365.", "A whole number of days, 0 to 365.")
    elif kind == "code":
        if not isinstance(value, str) or not _CODE.fullmatch(value):
            faults.add(
                "code",
                pointer,
                "Un code en minuscules, chiffres et traits bas, comme « gros_montant ».",
                "A code of lower-case letters, digits and underscores, such as “large_amount”.",
            )
    elif not is_text(value, 100) or not str(value).strip():
        faults.add(
            "text", pointer, "Un texte d’une ligne, de 1 à 100 caractères.", "A text of one line, 1 to 100 characters."
        )
