"""Conditions to sentences, in French and English (fr-CA, en-CA)."""

from collections.abc import Sequence
from typing import Any

from houblon.engine.conditions.figures import NBSP, quantity_text
from houblon.engine.conditions.labels import NEGATED_LABELS
from houblon.engine.conditions.tree import AllOf, Comparison, Condition
from houblon.engine.conditions.vocabulary import FACTS, NO_INPUT, Fact, Kind, operator_label, option_label
from houblon.engine.core.problem import Text

AND, _OR = Text(" et ", " and "), Text(" ou ", " or ")


def condition_phrase(condition: Condition) -> Text:
    """« le montant est plus petit que 250 $ et (la province est l’Ontario ou …) »"""
    if isinstance(condition, Comparison):
        return _comparison_phrase(condition)
    if len(condition.members) == 1:
        return condition_phrase(condition.members[0])
    word = AND if isinstance(condition, AllOf) else _OR
    parts = [_in_brackets(member) for member in condition.members]
    return Text(word.fr.join(part.fr for part in parts), word.en.join(part.en for part in parts))


def _in_brackets(condition: Condition) -> Text:
    phrase = condition_phrase(condition)
    while not isinstance(condition, Comparison) and len(condition.members) == 1:
        condition = condition.members[0]
    return phrase if isinstance(condition, Comparison) else Text(f"({phrase.fr})", f"({phrase.en})")


def _comparison_phrase(comparison: Comparison) -> Text:
    fact = FACTS[comparison.name]
    if fact.kind is Kind.BOOLEAN:
        return fact.label if comparison.operator == "is_true" else NEGATED_LABELS[fact.name]
    operator = operator_label(fact.kind, comparison.operator)
    if comparison.operator in NO_INPUT:
        return Text(f"{fact.label.fr} {operator.fr}", f"{fact.label.en} {operator.en}")
    value = value_phrase(fact, comparison.operator, comparison.value)
    return Text(f"{fact.label.fr} {operator.fr} {value.fr}", f"{fact.label.en} {operator.en} {value.en}")


def value_phrase(fact: Fact, operator: str, value: Any) -> Text:
    """A rule's value in words: an amount, a quoted text, an option's name, a list."""
    if fact.kind is Kind.NUMERIC:
        return quantity_text(fact, value)
    if fact.kind is Kind.STRING:
        return Text(f"«{NBSP}{value}{NBSP}»", f"“{value}”")
    if fact.kind is Kind.SELECT:
        return option_label(fact, value)
    together = AND if operator == "contains_all" else _OR
    return _listed([option_label(fact, each) for each in value], together)


def _listed(items: Sequence[Text], word: Text) -> Text:
    if not items:
        return Text("(aucune valeur)", "(no value)")
    return Text(*(_joined([item.in_(language) for item in items], word.in_(language)) for language in ("fr", "en")))


def _joined(items: list[str], word: str) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + word + items[-1]
