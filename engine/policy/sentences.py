"""Rules and whole policies to sentences, in French and English (fr-CA, en-CA)."""

from collections.abc import Mapping
from typing import Any

from houblon.engine.conditions.figures import NBSP, number_text, quantity_text, round_money_text
from houblon.engine.conditions.targets.text import AND, condition_phrase
from houblon.engine.conditions.vocabulary import ACTIONS, FACTS
from houblon.engine.core.money import cents
from houblon.engine.core.problem import Text
from houblon.engine.policy.policy import Action, Policy, Rule
from houblon.engine.policy.terms import parse_terms, terms_sentence


def rule_sentence(rule: Rule) -> Text:
    """« Retenir la commande si le montant est plus petit que 250 $. »"""
    actions = [_action_phrase(action) for action in rule.actions]
    said = Text(
        AND.fr.join([actions[0].fr, *(_lower_first(each.fr) for each in actions[1:])]),
        AND.en.join([actions[0].en, *(_lower_first(each.en) for each in actions[1:])]),
    )
    condition = condition_phrase(rule.condition)
    return Text(f"{said.fr} si {condition.fr}.", f"{said.en} if {condition.en}.")


def action_label(name: str) -> Text:
    """What an action does, without what it carries."""
    return ACTIONS[name].label if name in ACTIONS else Text("Accepter la commande", "Accept the order")


def _action_phrase(action: Action) -> Text:
    if action.name == "set_terms":
        days = number_text(action.params["days"])
        plural = action.params["days"]
        return Text(
            f"Donner {days.fr}{NBSP}jour{'s' if plural > 1 else ''} pour payer",
            f"Give {days.en} day{'' if plural == 1 else 's'} to pay",
        )
    label = action_label(action.name)
    if action.name in ("notify_team", "tag"):
        detail = next(iter(action.params.values()))
        return Text(f"{label.fr} («{NBSP}{detail}{NBSP}»)", f"{label.en} (“{detail}”)")
    return label


def _lower_first(phrase: str) -> str:
    return phrase[:1].lower() + phrase[1:]


def policy_sentences(policy: Policy) -> list[Text]:
    """The whole policy in words: what is accepted automatically, how it is invoiced, then each rule."""
    values = {path: setting.value for path, setting in policy.settings.items()}
    rules = [rule_sentence(rule) for rule in policy.rules if rule.enabled]
    return [_acceptance_sentence(values), _invoicing_sentence(values), *rules]


def _acceptance_sentence(values: Mapping[str, Any]) -> Text:
    if values["acceptance.mode"] == "manual":
        return Text("Chaque commande attend qu’une personne l’accepte.", "Every order waits for a person to accept it.")
    items, value = values["acceptance.minimum_items"], values["acceptance.minimum_value"]
    limits = _limit_sentences(values)
    floors = []
    if items is not None:
        floors.append(quantity_text(FACTS["item_count"], items))
    if value is not None:
        floors.append(round_money_text(cents(value)))
    if not floors:
        said = Text("Une commande est acceptée d’elle-même.", "An order is accepted automatically.")
        return _joined([said, *limits])
    fr = " et ".join(f"d’au moins {floor.fr}" for floor in floors)
    en = " and ".join(floor.en for floor in floors)
    said = Text(
        f"Une commande {fr} est acceptée d’elle-même ; les autres attendent une personne.",
        f"An order of at least {en} is accepted automatically; others wait for a person.",
    )
    return _joined([said, *limits])


def _joined(sentences: list[Text]) -> Text:
    return Text(" ".join(each.fr for each in sentences), " ".join(each.en for each in sentences))


def _limit_sentences(values: Mapping[str, Any]) -> list[Text]:
    """What makes an order wait for what its buyer owes."""
    limit, days = values["acceptance.credit_limit"], values["acceptance.maximum_days_overdue"]
    found = []
    if limit is not None:
        most = round_money_text(cents(limit))
        found.append(
            Text(
                f"Elle attend si le détaillant devrait plus de {most.fr} avec elle.",
                f"It waits if the retailer would owe more than {most.en} with it.",
            )
        )
    if days is not None:
        late = quantity_text(FACTS["days_overdue"], days)
        found.append(
            Text(
                f"Elle attend si une facture a plus de {late.fr} de retard.",
                f"It waits if an invoice is more than {late.en} late.",
            )
        )
    return found


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
