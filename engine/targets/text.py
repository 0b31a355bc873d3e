"""Conditions and rules to sentences, in French and English (fr-CA, en-CA)."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.conditions import AllOf, Comparison, Condition
from engine.figures import NBSP, number_text, quantity_text, round_money_text
from engine.labels import NEGATED_LABELS
from engine.money import cents
from engine.policy import Action, Policy, Rule
from engine.problem import Text
from engine.terms import parse_terms, terms_sentence
from engine.vocabulary import ACTIONS, FACTS, NO_INPUT, Fact, Kind, operator_label, option_label

_AND, _OR = Text(" et ", " and "), Text(" ou ", " or ")


def rule_sentence(rule: Rule) -> Text:
    """« Retenir la commande si le montant est plus petit que 250 $. »"""
    actions = [_action_phrase(action) for action in rule.actions]
    said = Text(
        _AND.fr.join([actions[0].fr, *(_lower_first(each.fr) for each in actions[1:])]),
        _AND.en.join([actions[0].en, *(_lower_first(each.en) for each in actions[1:])]),
    )
    condition = condition_phrase(rule.condition)
    return Text(f"{said.fr} si {condition.fr}.", f"{said.en} if {condition.en}.")


def condition_phrase(condition: Condition) -> Text:
    """« le montant est plus petit que 250 $ et (la province est l’Ontario ou …) »"""
    if isinstance(condition, Comparison):
        return _comparison_phrase(condition)
    if len(condition.members) == 1:
        return condition_phrase(condition.members[0])
    word = _AND if isinstance(condition, AllOf) else _OR
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
    together = _AND if operator == "contains_all" else _OR
    return _listed([option_label(fact, each) for each in value], together)


def _listed(items: Sequence[Text], word: Text) -> Text:
    if not items:
        return Text("(aucune valeur)", "(no value)")
    return Text(*(_joined([item.in_(language) for item in items], word.in_(language)) for language in ("fr", "en")))


def _joined(items: list[str], word: str) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + word + items[-1]


def _action_phrase(action: Action) -> Text:
    if action.name == "set_terms":
        days = number_text(action.params["days"])
        plural = action.params["days"]
        return Text(
            f"Donner {days.fr}{NBSP}jour{'s' if plural > 1 else ''} pour payer",
            f"Give {days.en} day{'' if plural == 1 else 's'} to pay",
        )
    label = ACTIONS[action.name].label if action.name in ACTIONS else Text("Accepter la commande", "Accept the order")
    if action.name in ("notify_team", "tag"):
        detail = next(iter(action.params.values()))
        return Text(f"{label.fr} («{NBSP}{detail}{NBSP}»)", f"{label.en} (“{detail}”)")
    return label


def _lower_first(phrase: str) -> str:
    return phrase[:1].lower() + phrase[1:]


def policy_sentences(policy: Policy) -> list[Text]:
    """The whole policy in words: what is accepted by itself, how it is invoiced, then each rule."""
    values = {path: setting.value for path, setting in policy.settings.items()}
    rules = [rule_sentence(rule) for rule in policy.rules if rule.enabled]
    return [_acceptance_sentence(values), _invoicing_sentence(values), *rules]


def _acceptance_sentence(values: Mapping[str, Any]) -> Text:
    if values["acceptance.mode"] == "manual":
        return Text("Chaque commande attend qu’une personne l’accepte.", "Every order waits for a person to accept it.")
    items, value = values["acceptance.minimum_items"], values["acceptance.minimum_value"]
    floors = []
    if items is not None:
        floors.append(quantity_text(FACTS["item_count"], items))
    if value is not None:
        floors.append(round_money_text(cents(value)))
    if not floors:
        return Text("Une commande est acceptée d’elle-même.", "An order is accepted by itself.")
    fr = " et ".join(f"d’au moins {floor.fr}" for floor in floors)
    en = " and ".join(floor.en for floor in floors)
    return Text(
        f"Une commande {fr} est acceptée d’elle-même ; les autres attendent une personne.",
        f"An order of at least {en} is accepted by itself; others wait for a person.",
    )


def _invoicing_sentence(values: Mapping[str, Any]) -> Text:
    when = {
        "on_acceptance": Text(
            "La facture part aussitôt la commande acceptée", "The invoice goes out once the order is accepted"
        ),
        "on_delivery": Text("La facture part à la livraison", "The invoice goes out on delivery"),
        "manual": Text("La facture est faite à la main", "The invoice is made by hand"),
    }[values["invoicing.trigger"]]
    terms = terms_sentence(parse_terms(values["invoicing.terms"]))
    return Text(f"{when.fr}{NBSP}; modalités{NBSP}: {terms.fr}.", f"{when.en}; terms: {terms.en}.")
