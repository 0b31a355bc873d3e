"""Reads the rules of a mapping from JSON: where a value stands in a payload, and the few ways to read it.

| form | finds |
|---|---|
| `"customer.email"` | what stands there; `$.` starts at the payload's top, `[]` takes each of a list, `[0]` one |
| `{"path": rule, "as"}` | the same, read as one of READERS, or as a day |
| `{"entry", "of": rule}` | the value of the entry so called in a list of attributes |
| `{"value"}` | a constant |
| `{"first": [rules]}` | the first that says anything |
| `{"join": [rules], "with": " "}` | texts, joined |
| `{"list": [rules], "only"?: rule, "but"?: rule}` | members of several lists, without those that `but` speaks of |
| `{"sum": [rules], "minus"?: [rules]}` | money, added up, less other money |
| `{"times": rule, "quantity": rule}` | an amount, so many times |
| `{"percent": rule, "of": rule}` | so many per cent of an amount |
| `{"share": rule, "left": rule, "of": rule}` | the share of an amount that is of what is left of a whole |
| `{"nonzero": rule}` | whether an amount is another than 0 |
| `{"when": rule, "is"?: value, "then": rule, "else"?: rule}` | one or the other; `is` may list values |
| `{"options": {text: value}, "path", "else"?: rule}` | the value beside the text |
| `{"groups": [rules], "prefix"}` | groups named by tags |
| `{"unit_price_of": rule, "quantity": rule}` | a line's amount for one unit, up to a whole cent |
| `{"discount_to": rule, "of": rule, "quantity": rule}` | what must come off so that the line is exactly that amount |
| `{"remaining": rule, "refunds": rule, "id": rule}` | a quantity less what was refunded of that line |

Null, an empty text and an empty list say nothing.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from houblon.engine.core.problem import Faults, Invalid, refuse, step
from houblon.orders.intake.mapping_amounts import (
    DiscountTo,
    Nonzero,
    Percent,
    Product,
    Remaining,
    Share,
    Sum,
    UnitPrice,
)
from houblon.orders.intake.mapping_rules import (
    NOTHING,
    Constant,
    Day,
    Entry,
    First,
    Groups,
    Join,
    Options,
    Path,
    Read,
    Rule,
    Several,
    Step,
    When,
)
from houblon.orders.intake.shop_values import READERS

MAX_RULES = 30
_DAY = "day"
_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,79})(\[(-?\d{1,4})?\])?", re.ASCII)


def read_rule(document: object) -> Rule:
    """The rule in a JSON value. Raises Invalid with a pointer inside it."""
    if isinstance(document, str):
        return _path(document)
    if not isinstance(document, dict):
        raise refuse("rule", "", "Une règle est un chemin ou un objet.", "A rule is a path or an object.")
    for name, (required, allowed, make) in _FORMS.items():
        if name in document:
            _check_members(document, required, allowed)
            return make(document)
    known = ", ".join(_FORMS)
    raise refuse("rule", "", f"Formes connues : {known}.", f"Known forms: {known}.")


def _path(text: str) -> Path:
    from_top = text.startswith("$.")
    steps = [_STEP.fullmatch(each) for each in text.removeprefix("$.").split(".")]
    if len(text) > 300 or None in steps:
        raise refuse(
            "path",
            "",
            "Un chemin comme « customer.email », « $.refunds[].id ».",
            'A path such as "customer.email", "$.refunds[].id".',
        )
    return Path(tuple(_step(each) for each in steps if each is not None), from_top)


def _step(written: re.Match[str]) -> Step:
    name, brackets, place = written.groups()
    return Step(name, brackets is not None and place is None, None if place is None else int(place))


def _rule_at(document: Mapping[str, Any], name: str) -> Rule:
    faults = Faults()
    with faults.gather(step("", name)):
        return read_rule(document[name])
    raise Invalid(faults)


def _rules_at(document: Mapping[str, Any], name: str) -> tuple[Rule, ...]:
    rules = document[name]
    if not isinstance(rules, list) or not 1 <= len(rules) <= MAX_RULES:
        raise refuse("list", step("", name), f"De 1 à {MAX_RULES} règles.", f"1 to {MAX_RULES} rules.")
    faults, read = Faults(), []
    for index, rule in enumerate(rules):
        with faults.gather(step("", name, index)):
            read.append(read_rule(rule))
    faults.raise_if_any()
    return tuple(read)


def _text_at(document: Mapping[str, Any], name: str, default: str) -> str:
    text = document.get(name, default)
    if not isinstance(text, str) or len(text) > 40:
        raise refuse("text", step("", name), "Un texte d’au plus 40 caractères.", "A text of at most 40 characters.")
    return text


def _read_as(document: Mapping[str, Any]) -> Rule:
    if document["as"] == _DAY:
        return Day(_rule_at(document, "path"))
    if document["as"] not in READERS:
        known = ", ".join((*READERS, _DAY))
        raise refuse("unknown_option", "/as", f"Choisissez parmi {known}.", f"Choose among {known}.")
    return Read(_rule_at(document, "path"), READERS[document["as"]])


def _options(document: Mapping[str, Any]) -> Rule:
    if not isinstance(document["options"], dict):
        raise refuse("type", "/options", "Un objet « texte : valeur ».", 'An object "text: value".')
    otherwise = _rule_at(document, "else") if "else" in document else Constant(NOTHING)
    return Options(_rule_at(document, "path"), document["options"], otherwise)


def _sum(document: Mapping[str, Any]) -> Rule:
    return Sum(_rules_at(document, "sum"), _rules_at(document, "minus") if "minus" in document else ())


def _several(document: Mapping[str, Any]) -> Rule:
    only, but = (_rule_at(document, name) if name in document else None for name in ("only", "but"))
    return Several(_rules_at(document, "list"), only, but)


def _constant(document: Mapping[str, Any]) -> Rule:
    return Constant(NOTHING if document["value"] is None else document["value"])


def _when(document: Mapping[str, Any]) -> Rule:
    otherwise = _rule_at(document, "else") if "else" in document else Constant(NOTHING)
    return When(_rule_at(document, "when"), document.get("is", NOTHING), _rule_at(document, "then"), otherwise)


# By the member that tells a form: the members it needs, those it may have, and what makes it.
_FORMS: Mapping[str, tuple[set[str], set[str], Callable[[Mapping[str, Any]], Rule]]] = {
    "entry": ({"entry", "of"}, set(), lambda each: Entry(_text_at(each, "entry", ""), _rule_at(each, "of"))),
    "value": ({"value"}, set(), _constant),
    "first": ({"first"}, set(), lambda each: First(_rules_at(each, "first"))),
    "join": ({"join"}, {"with"}, lambda each: Join(_rules_at(each, "join"), _text_at(each, "with", " "))),
    "list": ({"list"}, {"only", "but"}, _several),
    "sum": ({"sum"}, {"minus"}, _sum),
    "times": (
        {"times", "quantity"},
        set(),
        lambda each: Product(_rule_at(each, "times"), _rule_at(each, "quantity")),
    ),
    "percent": (
        {"percent", "of"},
        set(),
        lambda each: Percent(_rule_at(each, "percent"), _rule_at(each, "of")),
    ),
    "share": (
        {"share", "left", "of"},
        set(),
        lambda each: Share(_rule_at(each, "share"), _rule_at(each, "left"), _rule_at(each, "of")),
    ),
    "nonzero": ({"nonzero"}, set(), lambda each: Nonzero(_rule_at(each, "nonzero"))),
    "when": ({"when", "then"}, {"is", "else"}, _when),
    "options": ({"options", "path"}, {"else"}, _options),
    "groups": ({"groups"}, {"prefix"}, lambda each: Groups(_rules_at(each, "groups"), _text_at(each, "prefix", ""))),
    "unit_price_of": (
        {"unit_price_of", "quantity"},
        set(),
        lambda each: UnitPrice(_rule_at(each, "unit_price_of"), _rule_at(each, "quantity")),
    ),
    "discount_to": (
        {"discount_to", "of", "quantity"},
        set(),
        lambda each: DiscountTo(_rule_at(each, "discount_to"), _rule_at(each, "of"), _rule_at(each, "quantity")),
    ),
    "remaining": (
        {"remaining", "refunds", "id"},
        set(),
        lambda each: Remaining(_rule_at(each, "remaining"), _rule_at(each, "refunds"), _rule_at(each, "id")),
    ),
    "as": ({"as", "path"}, set(), _read_as),
}


def _check_members(document: Mapping[str, Any], required: set[str], allowed: set[str]) -> None:
    faults = Faults()
    for member in sorted(required - document.keys()):
        faults.add("required", step("", member), "Ce membre est requis.", "This member is required.")
    for member in sorted(document.keys() - required - allowed):
        faults.add("unknown_member", step("", member), "Ce membre n’existe pas ici.", "There is no such member here.")
    faults.raise_if_any()
