"""A rule's form as the page draws it: each field with its choices, its unit and what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from houblon.engine.conditions.parsing import MAX_NESTING
from houblon.engine.conditions.vocabulary import (
    ACTIONS,
    FACTS,
    NO_INPUT,
    OPERATORS,
    Fact,
    Kind,
    operator_label,
    option_label,
)
from houblon.engine.core.problem import Problem, Text
from houblon.rules.model.content import Content
from houblon.web.rule_editor.edits import Path, node_at
from houblon.web.rule_editor.fields import field_of, name_of
from houblon.web.rule_editor.form import ActionChoice, Node, RuleForm, Test

# Where a person looks for a fact; every fact stands in one of these.
SHELVES: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        Text("La commande", "The order"),
        (
            "order_value",
            "item_count",
            "line_count",
            "largest_line_value",
            "categories",
            "skus",
            "all_available",
            "note",
            "source",
            "charges_value",
            "is_paid",
            "placed_weekday",
            "placed_hour",
        ),
    ),
    (
        Text("Le détaillant", "The retailer"),
        (
            "buyer_groups",
            "is_first_order",
            "province",
            "country",
            "buyer_id",
            "overdue_balance",
            "days_overdue",
            "outstanding_balance",
            "credit_limit",
            "credit_available",
        ),
    ),
    (
        Text("La livraison", "Delivery"),
        ("distributor", "delivery_method", "has_planned_delivery", "lead_days"),
    ),
)
_UNITS = {
    "cents": Text("$", "$"),
    "items": Text("articles", "items"),
    "lines": Text("lignes", "lines"),
    "days": Text("jours", "days"),
    "hours": Text("h", "o’clock"),
}
_FEW = 12
OTHER_LABEL = Text("autre, à écrire…", "other, to be written…")

Choice = tuple[str, Text]
Known = Mapping[str, Sequence[Choice]]
Faults = Mapping[str, tuple[Problem, ...]]


class Option(msgspec.Struct, frozen=True):
    value: str
    label: Text
    chosen: bool


class TestView(msgspec.Struct, frozen=True):
    """One comparison. `control` is number, text, pattern, choice, several or none.

    `suggestions` are for a text that is typed; `other` says that a choice was written instead of chosen.
    """

    __test__ = False

    name: str
    path: str
    fact: str
    fact_label: Text
    help: Text
    operators: tuple[Option, ...]
    control: str
    typed: str
    unit: Text | None
    money: bool
    options: tuple[Option, ...]
    suggestions: tuple[str, ...]
    other: bool
    others: bool
    faults: Faults
    first: bool
    last: bool
    may_nest: bool
    is_block: bool = False


class BlockView(msgspec.Struct, frozen=True):
    name: str
    path: str
    word: str
    members: tuple["TestView | BlockView", ...]
    faults: Faults
    first: bool
    last: bool
    depth: int
    may_nest: bool
    is_block: bool = True


class FieldFault(msgspec.Struct, frozen=True):
    """One fault for the top of the page: the field it leads to, what the field is called, the sentence."""

    field: str
    label: Text
    message: Text


_FIELD_LABELS = {
    "label-fr": Text("Nom, en français", "Name, in French"),
    "label-en": Text("Nom, en anglais", "Name, in English"),
    "message-fr": Text("Message, en français", "Message, in French"),
    "message-en": Text("Message, en anglais", "Message, in English"),
}
_BLOCK_LABEL, _ACTION_LABEL = Text("Bloc", "Block"), Text("Action", "Action")


def field_faults(problems: Iterable[Problem], form: RuleForm) -> list[FieldFault]:
    """Each problem with the field that it speaks of, by name."""
    return [FieldFault(field := field_of(each.pointer), _field_label(field, form), each.message) for each in problems]


def _field_label(field: str, form: RuleForm) -> Text:
    if field in _FIELD_LABELS:
        return _FIELD_LABELS[field]
    if field.startswith("a-"):
        return _ACTION_LABEL
    path = tuple(int(part) for part in field.split("-")[1:-1])
    node = node_at(form.root, path)
    fact = FACTS.get(node.fact) if isinstance(node, Test) else None
    if fact is None:
        return _BLOCK_LABEL
    return Text(*(fact.label.in_(language)[:1].upper() + fact.label.in_(language)[1:] for language in ("fr", "en")))


class ActView(msgspec.Struct, frozen=True):
    """One action. `control` is code, days or text."""

    name: str
    index: int
    act: str
    typed: str
    control: str
    faults: tuple[Problem, ...]


def by_field(problems: Iterable[Problem]) -> dict[str, tuple[Problem, ...]]:
    """The problems by the field that each speaks of."""
    found: dict[str, tuple[Problem, ...]] = {}
    for each in problems:
        field = field_of(each.pointer)
        found[field] = (*found.get(field, ()), each)
    return found


def known_values(content: Content, said: Mapping[str, Sequence[str]]) -> Known:
    """What each fact can be chosen from: the vocabulary's options, cycles, groups, what orders said lately."""
    known: dict[str, Sequence[Choice]] = {
        fact.name: [(option, option_label(fact, option)) for option in fact.options]
        for fact in FACTS.values()
        if fact.options
    }
    for name, values in said.items():
        known[name] = [(value, Text(value, value)) for value in values]
    cycles = {id: Text(cycle.name, cycle.name) for id, cycle in content.cycles.items()}
    known["distributor"] = [*cycles.items(), *(each for each in known.get("distributor", ()) if each[0] not in cycles)]
    groups = [group for group in content.ranked() if group.id != "tous"]
    known["buyer_groups"] = [(group.id, Text(group.name, group.name)) for group in groups]
    return known


def node_view(node: Node, known: Known, faults: Faults, path: Path = (), last: bool = True) -> TestView | BlockView:
    """The tree as the page draws it; `last` says that the node ends its block."""
    # An end of a nested block isn't an end: one step further leads out of it.
    first, last = not any(path[:1]) and len(path) <= 1, last and len(path) <= 1
    if isinstance(node, Test):
        return _test_view(node, known, faults, path, first, last)
    members = tuple(
        node_view(member, known, faults, (*path, index), index == len(node.members) - 1)
        for index, member in enumerate(node.members)
    )
    name, depth = name_of(path), len(path) + 1
    found = _of(faults, name, ("word",))
    return BlockView(name, _written(path), node.word, members, found, first, last, depth, depth < MAX_NESTING)


def _test_view(test: Test, known: Known, faults: Faults, path: Path, first: bool, last: bool) -> TestView:
    name, fact = name_of(path), FACTS.get(test.fact, FACTS["order_value"])
    control = _control(fact, test.operator)
    choices = known.get(fact.name, ())
    options, other = _options(control, test, choices)
    if control == "choice" and not choices:
        control = "written"
    return TestView(
        name,
        _written(path),
        test.fact,
        fact.label,
        fact.help,
        tuple(Option(each, operator_label(fact.kind, each), each == test.operator) for each in OPERATORS[fact.kind]),
        control,
        test.typed[0] if test.typed and control != "several" else "",
        _UNITS.get(fact.unit or ""),
        fact.unit == "cents",
        options,
        tuple(value for value, _ in choices) if control in ("text", "several") else (),
        other,
        not fact.closed,
        _of(faults, name, ("fact", "operator", "value")),
        first,
        last,
        len(path) < MAX_NESTING,
    )


def _control(fact: Fact, operator: str) -> str:
    if operator in NO_INPUT:
        return "none"
    if operator == "matches_regex":
        return "pattern"
    return {
        Kind.NUMERIC: "number",
        Kind.STRING: "text",
        Kind.SELECT: "choice",
        Kind.SELECT_MULTIPLE: "several",
        Kind.BOOLEAN: "none",
    }[fact.kind]


def _options(control: str, test: Test, choices: Sequence[Choice]) -> tuple[tuple[Option, ...], bool]:
    """What can be ticked or chosen, and whether the value is another one.

    What is ticked comes first, in the order that the rule has it: it is sent back in that order.
    """
    labels = dict(choices)
    if control == "several":
        ticked = [Option(value, labels.get(value, Text(value, value)), True) for value in test.typed]
        offered = [Option(value, label, False) for value, label in choices if value not in test.typed]
        return (*ticked, *(offered if len(choices) <= _FEW else ())), False
    if control != "choice":
        return (), False
    typed = test.typed[0] if test.typed else None
    other = typed is not None and typed not in labels
    return tuple(Option(value, label, value == typed) for value, label in choices), other


def _of(faults: Faults, name: str, parts: Iterable[str]) -> dict[str, tuple[Problem, ...]]:
    return {part: found for part in parts if (found := faults.get(f"{name}-{part}"))}


def _written(path: tuple[int, ...]) -> str:
    return ".".join(map(str, path))


def act_views(acts: Iterable[ActionChoice], faults: Faults) -> list[ActView]:
    return [
        ActView(
            f"a-{index}",
            index,
            act.name,
            act.typed,
            ACTIONS[act.name].params[0].kind if act.name in ACTIONS else "text",
            (*faults.get(f"a-{index}-name", ()), *faults.get(f"a-{index}-value", ())),
        )
        for index, act in enumerate(acts)
    ]
