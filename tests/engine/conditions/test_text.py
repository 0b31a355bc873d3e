"""Rules and policies as sentences that a clerk reads, in both languages."""

import re

import pytest
from hypothesis import given

from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, rule_of
from houblon.engine.policy.sentences import policy_sentences, rule_sentence
from tests.engine.policy.policies import policies, policy, rule

NBSP = "\u00a0"


def sentence(conditions, *actions):
    return rule_sentence(rule_of("r", rule(conditions, *(actions or [("hold", {"reason": "x"})])), Provenance(BASE, 1)))


def said(name, operator, value=""):
    return {"name": name, "operator": operator, "value": value}


def phrase(name, operator, value=""):
    document = rule(said(name, operator, value), ("hold", {"reason": "x"}))
    return condition_phrase(rule_of("r", document, Provenance(BASE, 1)).condition)


def test_a_nested_rule_reads_as_one_sentence():
    ontario_or_first = {"any": [said("province", "contains", "ON"), said("is_first_order", "is_true")]}
    text = sentence({"all": [said("order_value", "less_than", 250), ontario_or_first]})
    assert text.fr == (
        f"Retenir la commande si le montant est plus petit que 250{NBSP}$ et "
        "(la province est l’Ontario ou c’est une première commande)."
    )
    assert (
        text.en
        == "Hold the order if the order value is less than $250 and (the province is Ontario or it is a first order)."
    )


@pytest.mark.parametrize(
    ("document", "fr", "en"),
    [
        (
            ("order_value", "equal_to", 1234.5),
            f"le montant est égal à 1{NBSP}234,50{NBSP}$",
            "the order value equals $1,234.50",
        ),
        (
            ("item_count", "less_than", 1),
            f"le nombre d’articles est plus petit que 1{NBSP}article",
            "the number of items is less than 1 item",
        ),
        (
            ("item_count", "greater_than", 2),
            f"le nombre d’articles est plus grand que 2{NBSP}articles",
            "the number of items is greater than 2 items",
        ),
        (
            ("days_overdue", "greater_than_or_equal_to", 0),
            f"le nombre de jours de retard est au moins 0{NBSP}jour",
            "the number of days overdue is at least 0 days",
        ),
        (
            ("placed_hour", "less_than", 9),
            f"l’heure de la commande est plus petit que 9{NBSP}h",
            "the hour of the order is less than 9:00",
        ),
        (("all_available", "is_false"), "un produit n’est pas disponible", "a product is not available"),
        (
            ("note", "contains", "urgent"),
            f"la note de la commande contient «{NBSP}urgent{NBSP}»",
            "the order's note contains “urgent”",
        ),
        (("note", "non_empty"), "la note de la commande n’est pas vide", "the order's note is not empty"),
        (
            ("placed_weekday", "does_not_contain", "monday"),
            "le jour de la commande n’est pas lundi",
            "the day of the order is not Monday",
        ),
        (("province", "contains", "qc"), "la province est le Québec", "the province is Québec"),
        (
            ("skus", "contains_all", ["A", "B", "C"]),
            "les produits commandés comprennent tous A, B et C",
            "the products ordered include all of A, B and C",
        ),
        (
            ("categories", "shares_no_elements_with", []),
            "les catégories commandées ne comprennent aucun de (aucune valeur)",
            "the categories ordered include none of (no value)",
        ),
    ],
)
def test_each_kind_of_comparison_reads_in_both_languages(document, fr, en):
    text = phrase(*document)
    assert (text.fr, text.en) == (fr, en)


def test_several_actions_are_joined():
    text = sentence(said("is_first_order", "is_true"), ("set_terms", {"days": 1}), ("tag", {"label": "nouveau"}))
    assert text.fr == (
        f"Donner 1{NBSP}jour pour payer et étiqueter la commande («{NBSP}nouveau{NBSP}») si c’est une première commande."
    )


def test_a_policy_says_what_goes_by_itself_then_how_it_is_invoiced():
    fr = [each.fr for each in policy_sentences(policy())]
    assert fr == [
        f"Une commande d’au moins 24{NBSP}articles et d’au moins 200{NBSP}$ est acceptée d’elle-même ; "
        "les autres attendent une personne.",
        f"La facture part aussitôt la commande acceptée{NBSP}; modalités{NBSP}: net 30 jours.",
    ]
    assert policy_sentences(policy(acceptance_mode="manual"))[0].en == "Every order waits for a person to accept it."


@given(policies())
def test_any_policy_reads_as_whole_sentences(policy):
    for text in policy_sentences(policy):
        for language in ("fr", "en"):
            written = text.in_(language)
            assert written.endswith(".") and written[0].isupper()
            assert not re.search(r"  | \.| ,|\(\)|None|\{|\}", written)
