"""The vocabulary: one table of what a rule can speak of, and nothing beside it."""

from decimal import Decimal

import msgspec
import pytest
from business_rules import export_rule_data
from business_rules.operators import BaseType

from houblon.engine.conditions.labels import NEGATED_LABELS
from houblon.engine.conditions.vocabulary import (
    ACTIONS,
    FACTS,
    FIELD_TYPES,
    OPERATORS,
    Kind,
    OrderActions,
    OrderVariables,
    operator_label,
)
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Invalid
from houblon.engine.oracle.boundary import ORDINARY
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, rule_of
from tests.engine.policy.policies import rule


def test_the_facts_are_those_of_an_order_and_each_is_said_in_both_languages():
    assert set(FACTS) == set(Facts.__struct_fields__)
    for fact in FACTS.values():
        for text in (fact.label, fact.help):
            assert text.fr and text.en
    assert set(NEGATED_LABELS) == {fact.name for fact in FACTS.values() if fact.kind is Kind.BOOLEAN}


def test_the_operators_are_those_of_business_rules_type_by_type():
    for kind, type_ in FIELD_TYPES.items():
        assert issubclass(type_, BaseType)
        assert set(OPERATORS[kind]) == {each["name"] for each in type_.get_all_operators()}
        for operator in OPERATORS[kind]:
            assert operator_label(kind, operator).fr


def test_the_editor_gets_its_data_from_business_rules_own_export():
    exported = export_rule_data(OrderVariables, OrderActions)
    assert {each["name"]: each["field_type"] for each in exported["variables"]} == {
        fact.name: fact.kind.value for fact in FACTS.values()
    }
    assert {each["name"] for each in exported["actions"]} == {*ACTIONS, "accept"}
    weekday = next(each for each in exported["variables"] if each["name"] == "placed_weekday")
    assert weekday["options"][0] == {"label": "lundi", "name": "monday"}
    assert {
        type_: {each["name"] for each in operators} for type_, operators in exported["variable_type_operators"].items()
    } == {kind.value: set(names) for kind, names in OPERATORS.items()}


def refused(document):
    with pytest.raises(Invalid) as refusal:
        rule_of("r", document, Provenance(BASE, 1))
    return [(each.code, each.pointer) for each in refusal.value.problems]


LARGE = {"name": "order_value", "operator": "greater_than", "value": 1}


@pytest.mark.parametrize("name", ["__class__", "facts", "get_all_variables", "__init__", "", None, 1, ["order_value"]])
def test_a_name_that_is_no_fact_is_refused(name):
    assert refused(rule({**LARGE, "name": name}, ("hold", {"reason": "x"}))) == [("unknown_fact", "/conditions/name")]


@pytest.mark.parametrize("operator", ["__eq__", "value", "_assert_valid_value_and_cast", "contains", None])
def test_a_name_that_is_no_operator_of_the_type_is_refused(operator):
    found = refused(rule({**LARGE, "operator": operator}, ("hold", {"reason": "x"})))
    assert found == [("unknown_operator", "/conditions/operator")]


@pytest.mark.parametrize("action", ["accept", "__init__", "done", "get_all_actions", None])
def test_an_action_that_is_not_for_people_is_refused(action):
    assert refused(rule(LARGE, (action, {}))) == [("unknown_action", "/actions/0/name")]


def test_business_rules_is_given_no_answer_for_what_the_order_does_not_say():
    facts = msgspec.structs.replace(ORDINARY, province=None, order_value=129_600, source="Shopify")
    variables = OrderVariables(facts)
    assert (variables.order_value(), variables.source()) == (Decimal("1296.00"), ["Shopify"])
    with pytest.raises(LookupError, match="province"):
        variables.province()


def test_every_fault_of_a_rule_is_told_at_once():
    bad = {
        "label": {"fr": "x"},
        "message": "x",
        "conditions": {
            "all": [
                {**LARGE, "value": "x"},
                {"any": []},
                {"name": "placed_weekday", "operator": "contains", "value": "lundi"},
            ]
        },
        "actions": [
            {"name": "hold", "params": {"reason": "Gros montant"}},
            {"name": "set_terms", "params": {"days": 400}},
        ],
        "enabled": "oui",
        "extra": 1,
    }
    assert set(refused(bad)) == {
        ("type", "/label"),
        ("type", "/message"),
        ("type", "/conditions/all/0/value"),
        ("empty", "/conditions/all/1/any"),
        ("unknown_option", "/conditions/all/2/value"),
        ("code", "/actions/0/params/reason"),
        ("range", "/actions/1/params/days"),
        ("type", "/enabled"),
        ("unknown_member", "/extra"),
    }
