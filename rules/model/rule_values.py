"""The values of a rule's conditions as people write them: put in their one form, and refused where they say nothing."""

from collections.abc import Iterator
from typing import Any

from houblon.engine.conditions.vocabulary import FACTS, NO_INPUT, Kind
from houblon.engine.core.problem import Faults, step
from houblon.engine.core.texts import clean_id, composed_document

_EQUAL = frozenset({"equal_to", "equal_to_case_insensitive"})
# An order without a note has an empty one, so that a note may be asked to be equal to it.
_MAY_BE_EMPTY = frozenset({"note"})
# Texts that are an id: an order's comes clean, so that another writing of it would equal none.
_IDS = frozenset({"buyer_id"})


def settled_document(kind: str, document: Any) -> Any:
    """A document as it is kept: accents composed, the values of a group's rules settled. Raises Invalid.

    What is published already is taken as it is: only edits come by here.
    """
    if kind == "guardrail" and isinstance(document, dict):
        return _settled_guardrail(document)
    rules = document.get("rules") if isinstance(document, dict) and kind == "group" else None
    if not isinstance(rules, dict):
        return composed_document(document)
    faults, kept = Faults(), {}
    for id, rule in rules.items():
        with faults.gather(step("/rules", id)):
            kept[id] = settled_rule(rule)
    faults.raise_if_any()
    return {**composed_document({name: value for name, value in document.items() if name != "rules"}), "rules": kept}


def _settled_guardrail(document: dict[str, Any]) -> Any:
    document, faults = composed_document(document), Faults()
    for pointer, test in _tests(document.get("when"), "/when"):
        _settle(test, step(pointer, "value"), faults)
    faults.raise_if_any()
    return document


def settled_rule(document: Any) -> Any:
    """The rule's document with accents composed and names of choices clean. Raises Invalid for values that are empty."""
    document = composed_document(document)
    faults = Faults()
    for pointer, test in _tests(document.get("conditions") if isinstance(document, dict) else None, "/conditions"):
        _settle(test, step(pointer, "value"), faults)
    faults.raise_if_any()
    return document


def _tests(node: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every comparison, as deep as a document may be: what is no tree is told where it is parsed."""
    left = [(node, pointer)]
    while left:
        node, pointer = left.pop()
        if not isinstance(node, dict):
            continue
        blocks = [(word, node[word]) for word in ("all", "any") if isinstance(node.get(word), list)]
        for word, members in blocks:
            left += [(member, step(pointer, word, index)) for index, member in enumerate(members)]
        if not blocks:
            yield pointer, node


def _settle(test: dict[str, Any], pointer: str, faults: Faults) -> None:
    name, operator, value = test.get("name"), test.get("operator"), test.get("value")
    fact = FACTS.get(name) if isinstance(name, str) else None
    if fact is None or operator in NO_INPUT:
        return
    if fact.kind is Kind.SELECT and isinstance(value, str):
        test["value"] = value = clean_id(value)
    if fact.kind is Kind.SELECT_MULTIPLE and isinstance(value, list):
        test["value"] = value = [clean_id(each) if isinstance(each, str) else each for each in value]
    if name in _IDS and operator in _EQUAL and isinstance(value, str):
        test["value"] = value = clean_id(value)
    listed = value if isinstance(value, list) and value else [value]
    blank = any(isinstance(each, str) and not clean_id(each).strip() for each in listed)
    if value == [] or (blank and not (value == "" and name in _MAY_BE_EMPTY and operator in _EQUAL)):
        faults.add(
            "empty",
            pointer,
            "Une valeur vide ne dit rien : donnez-en une, ou retirez la condition.",
            "An empty value says nothing: give one, or remove the condition.",
        )
