"""A rule's form as the browser sends it, and the field that a Problem's pointer speaks of.

Fields are named after the tree: `c-0-1-value` is the value of the second condition of the root's first block.
"""

import re
from collections.abc import Iterator

from werkzeug.datastructures import MultiDict

from houblon.engine.conditions.parsing import MAX_CONDITIONS, MAX_NESTING
from houblon.engine.conditions.vocabulary import ACTIONS, FACTS, NO_INPUT, OPERATORS, Fact, Kind
from houblon.engine.core.problem import Problem, problem, step
from houblon.web.rule_editor.edits import Path
from houblon.web.rule_editor.form import ActionChoice, Block, Node, RuleForm, Test, default_operator

ROOT = "c"
OTHER = "*"
_MAX_ACTS = 20
_PATH = re.compile(r"\d{1,4}(\.\d{1,4}){0,30}", re.ASCII)

Fields = MultiDict[str, str]


def read_form(fields: Fields) -> RuleForm:
    """The form that was sent; nothing of it is judged here."""
    acts = [_action_choice(fields, f"a-{index}") for index in range(_MAX_ACTS)]
    return RuleForm(
        _texts(fields, "label"),
        _node(fields, ROOT, 0) or Block("all"),
        tuple(act for act in acts if act is not None),
        _texts(fields, "message"),
        bool(fields.get("enabled")),
    )


def read_path(text: str) -> Path:
    """« 0.1 » → (0, 1); the root is empty."""
    return tuple(int(index) for index in text.split(".")) if _PATH.fullmatch(text) else ()


def name_of(path: Path) -> str:
    return "-".join((ROOT, *map(str, path)))


def _texts(fields: Fields, name: str) -> tuple[str, str]:
    return fields.get(f"{name}-fr", ""), fields.get(f"{name}-en", "")


def _node(fields: Fields, name: str, depth: int) -> Node | None:
    if f"{name}-fact" in fields:
        return _test(fields, name)
    if f"{name}-word" not in fields or depth > MAX_NESTING:
        return None
    members = []
    for index in range(MAX_CONDITIONS + 1):
        member = _node(fields, f"{name}-{index}", depth + 1)
        if member is None:
            break
        members.append(member)
    return Block("any" if fields[f"{name}-word"] == "any" else "all", tuple(members))


def _test(fields: Fields, name: str) -> Test:
    fact, operator = FACTS.get(fields[f"{name}-fact"]), fields.get(f"{name}-operator", "")
    if fact is None:
        return Test(fields[f"{name}-fact"], operator)
    was = FACTS.get(fields.get(f"{name}-was", fact.name), fact)
    if operator not in OPERATORS[fact.kind]:
        operator = default_operator(fact.name)
    # Another fact of the same kind keeps what was typed, unless its values are a list of choices.
    kept = was is fact or (was.kind is fact.kind and fact.kind in (Kind.NUMERIC, Kind.STRING))
    return Test(fact.name, operator, _typed(fields, name, fact, operator) if kept else ())


def _typed(fields: Fields, name: str, fact: Fact, operator: str) -> tuple[str, ...]:
    if operator in NO_INPUT:
        return ()
    if fact.kind is Kind.SELECT_MULTIPLE:
        # One value, whole: a product's name may hold a comma.
        more = fields.get(f"{name}-more", "").strip()
        return tuple(dict.fromkeys((*fields.getlist(f"{name}-value"), *([more] if more else []))))
    value = fields.get(f"{name}-value", "")
    if fact.kind is Kind.SELECT:
        if value == OTHER:
            return (fields.get(f"{name}-other", ""),)
        return (value,) if value else ()
    return (value,)


def _action_choice(fields: Fields, name: str) -> ActionChoice | None:
    act = fields.get(f"{name}-name")
    if act is None:
        return None
    was, typed = fields.get(f"{name}-was", act), fields.get(f"{name}-value", "")
    return ActionChoice(act, typed if _param(was) == _param(act) else "")


def _param(act: str) -> str | None:
    return ACTIONS[act].params[0].kind if act in ACTIONS else None


def unfinished(form: RuleForm) -> Iterator[Problem]:
    """Fields that were left empty, where the engine would only say that nothing isn't a number."""
    for pointer, test in _tests(form.root, "/conditions"):
        fact = FACTS.get(test.fact)
        if fact is not None and test.operator not in NO_INPUT and not any(each.strip() for each in test.typed):
            yield problem("required", f"{pointer}/value", *_WANTED[fact.kind])


_WANTED = {
    Kind.NUMERIC: ("Écrivez un nombre, par exemple 1 234,50.", "Write a number, such as 1,234.50."),
    Kind.STRING: ("Écrivez un texte.", "Write a text."),
    Kind.SELECT: ("Choisissez une valeur.", "Choose a value."),
    Kind.SELECT_MULTIPLE: ("Choisissez au moins une valeur.", "Choose at least one value."),
}


def _tests(node: Node, pointer: str) -> Iterator[tuple[str, Test]]:
    if isinstance(node, Test):
        yield pointer, node
    else:
        for index, member in enumerate(node.members):
            yield from _tests(member, step(pointer, node.word, index))


def field_of(pointer: str) -> str:
    """The field's name: `/conditions/all/0/any/1/value` → `c-0-1-value`, `/label/en` → `label-en`."""
    tokens = pointer.split("/")[1:]
    if tokens[:1] == ["conditions"]:
        return _condition_field(tokens[1:])
    if tokens[:1] == ["actions"]:
        index = tokens[1] if len(tokens) > 1 and tokens[1].isdecimal() else "0"
        return f"a-{index}-{'name' if tokens[2:] in ([], ['name']) else 'value'}"
    if tokens[:1] in (["label"], ["message"]):
        return f"{tokens[0]}-{tokens[1] if tokens[1:] in (['fr'], ['en']) else 'fr'}"
    return "label-fr"


def _condition_field(tokens: list[str]) -> str:
    name = ROOT
    while tokens[:1] in (["all"], ["any"]):
        if len(tokens) == 1:
            return f"{name}-word"
        name, tokens = f"{name}-{tokens[1]}", tokens[2:]
    part = {"name": "fact", "operator": "operator", "value": "value"}.get(tokens[0] if tokens else "", "word")
    return f"{name}-{part}"
