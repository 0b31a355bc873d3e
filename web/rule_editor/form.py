"""A rule as a form: what stands in its fields, from the rule's JSON and back to the same JSON.

    document_of(form_of(document, language), language) == document

What a form can't show exactly (`form_of` answers None) is for the JSON view; nothing is ever dropped.
"""

import re
from typing import Any

import msgspec

from houblon.engine.conditions.vocabulary import ACTIONS, FACTS, NO_INPUT, OPERATORS, Kind
from houblon.rules.model.names import id_of
from houblon.web.presentation.two_languages import shown_texts, text_of_both
from houblon.web.presentation.typed_numbers import COUNT, MONEY, number_shown, number_typed

LONGEST_NUMBER = 40
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class Test(msgspec.Struct, frozen=True):
    """One comparison: a fact, an operator of its type, and what is typed: one text, or several of a list."""

    __test__ = False  # nothing for pytest

    fact: str
    operator: str
    typed: tuple[str, ...] = ()


class Block(msgspec.Struct, frozen=True):
    """Conditions that must hold together: `word` is `all` or `any`."""

    word: str
    members: tuple["Node", ...] = ()


Node = Test | Block


class ActionChoice(msgspec.Struct, frozen=True):
    """What the rule does, and the text typed for the action's parameter."""

    name: str
    typed: str = ""


class RuleForm(msgspec.Struct, frozen=True):
    """All fields of a rule; texts are (French, English), one empty where it says the same, both where
    there is no message."""

    label: tuple[str, str]
    root: Node
    acts: tuple[ActionChoice, ...]
    message: tuple[str, str] = ("", "")
    enabled: bool = True


_DEFAULT = {
    Kind.NUMERIC: "greater_than_or_equal_to",
    Kind.BOOLEAN: "is_true",
    Kind.STRING: "contains",
    Kind.SELECT: "contains",
    Kind.SELECT_MULTIPLE: "shares_at_least_one_element_with",
}
NEW_TEST = Test("order_value", _DEFAULT[Kind.NUMERIC])
EMPTY = RuleForm(("", ""), Block("all", (NEW_TEST,)), (ActionChoice("hold"),))


def default_operator(fact: str) -> str:
    return _DEFAULT[FACTS[fact].kind]


class _NotShown(Exception):
    """A value that fields would not give back as it is."""


def form_of(document: Any, language: str) -> RuleForm | None:
    """The form of a rule's document as `rule_document` writes it; None when fields can't hold it exactly."""
    try:
        form = RuleForm(
            shown_texts(document["label"]),
            _node(document["conditions"], language),
            tuple(_action_choice(each, language) for each in document["actions"]),
            shown_texts(document["message"]) if "message" in document else ("", ""),
            document.get("enabled", True),
        )
    except (_NotShown, LookupError, TypeError, AttributeError):
        return None
    # The last word on what can be shown: the same document again, to the type of each number.
    same = msgspec.json.encode(document_of(form, language), order="deterministic")
    return form if same == msgspec.json.encode(document, order="deterministic") else None


def document_of(form: RuleForm, language: str) -> dict[str, Any]:
    """The JSON that the form says; a number that can't be read stays the text typed, to be told as a fault."""
    document: dict[str, Any] = {
        "label": text_of_both(*form.label),
        "conditions": conditions_of(form.root, language),
        "actions": [_action_document(act, form.label[0].strip() or form.label[1], language) for act in form.acts],
    }
    if any(each.strip() for each in form.message):
        document["message"] = text_of_both(*form.message)
    if not form.enabled:
        document["enabled"] = False
    return document


def conditions_of(node: Node, language: str) -> dict[str, Any]:
    """The business-rules JSON of one condition or block."""
    if isinstance(node, Block):
        return {node.word: [conditions_of(member, language) for member in node.members]}
    return {"name": node.fact, "operator": node.operator, "value": _value_of(node, language)}


def _value_of(test: Test, language: str) -> Any:
    fact = FACTS.get(test.fact)
    first = test.typed[0] if test.typed else ""
    if fact is None or test.operator in NO_INPUT:
        return ""
    if fact.kind is Kind.NUMERIC:
        return number_typed(first, language, MONEY if fact.scale > 1 else COUNT)
    if fact.kind is Kind.SELECT_MULTIPLE:
        return [each.strip() for each in test.typed]
    # A text compares to the space; an option has none around it.
    return first if fact.kind is Kind.STRING else first.strip()


def _node(document: Any, language: str) -> Node:
    for word in ("all", "any"):
        if word in document:
            return Block(word, tuple(_node(member, language) for member in document[word]))
    fact, operator = FACTS[document["name"]], document["operator"]
    if operator not in OPERATORS[fact.kind]:
        raise _NotShown
    return Test(fact.name, operator, _typed(fact.kind, operator, document["value"], language, fact.scale > 1))


def _typed(kind: Kind, operator: str, value: Any, language: str, money: bool) -> tuple[str, ...]:
    if operator in NO_INPUT:
        return ()
    if kind is Kind.NUMERIC:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _NotShown
        shown = number_shown(value, language, money)
        if len(shown) > LONGEST_NUMBER:
            raise _NotShown
        return (shown,)
    values = value if kind is Kind.SELECT_MULTIPLE else [value]
    if not values or not all(_fits_a_field(each) for each in values):
        raise _NotShown
    return tuple(values)


def _fits_a_field(text: Any) -> bool:
    """Whether a field of one line shows the text and sends it back as it is; an empty one would say nothing."""
    return isinstance(text, str) and text != "" and all(ord(each) >= 32 and each not in "\x7f\x85" for each in text)


def _action_choice(document: Any, language: str) -> ActionChoice:
    (param,) = ACTIONS[document["name"]].params
    value = document["params"][param.name]
    if param.kind == "days":
        return ActionChoice(document["name"], number_shown(value, language))
    return ActionChoice(document["name"], value)


def _action_document(act: ActionChoice, label: str, language: str) -> dict[str, Any]:
    kind = ACTIONS.get(act.name)
    if kind is None:
        return {"name": act.name, "params": {}}
    (param,) = kind.params
    value: Any = act.typed.strip()
    if param.kind == "days":
        value = number_typed(act.typed, language)
    elif param.kind == "code":
        value = code_of(value) or code_of(label)
    return {"name": act.name, "params": {param.name: value}}


def code_of(words: str) -> str:
    """A reason's code from what was typed: a code stays as it is, « Gros montants » becomes `gros_montants`."""
    if _CODE.fullmatch(words):
        return words
    if not re.search(r"[^\W_]", words):
        return ""
    made = id_of(words).replace("-", "_")
    return made if _CODE.fullmatch(made) else f"motif_{made}"
