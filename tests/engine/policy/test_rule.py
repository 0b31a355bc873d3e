"""A rule that people write: every fault where it stands, and the document that comes back from it."""

import pytest

from houblon.engine.core.problem import Invalid, Text
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, MAX_RULES, check_policy, rule_document, rule_of
from tests.engine.policy.policies import policy, rule

WHERE = Provenance(BASE, 1)
OVER = {"name": "order_value", "operator": "greater_than", "value": 2500}
HOLD = ("hold", {"reason": "large_amount"})
LABEL = {"fr": "Gros montants", "en": "Large amounts"}


def faults(document, id="gros"):
    with pytest.raises(Invalid) as refused:
        rule_of(id, document, WHERE)
    assert all(each.message.fr and each.message.en for each in refused.value.problems)
    return [(each.code, each.pointer) for each in refused.value.problems]


def changed(**members):
    return {**rule(OVER, HOLD), **members}


def acting(*actions):
    return {"conditions": OVER, "actions": list(actions)}


def asking(operator="greater_than", value=1, name="order_value"):
    return rule({"name": name, "operator": operator, "value": value}, HOLD)


@pytest.mark.parametrize("members", [{}, {"label": LABEL}, {"message": LABEL, "enabled": False}])
def test_a_rule_comes_back_from_its_document(members):
    read = rule_of("gros", changed(**members), WHERE)
    assert rule_of("gros", rule_document(read), WHERE) == read
    assert read.label == (Text(**LABEL) if "label" in members else Text("gros", "gros"))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("gros", ("type", "")),
        (changed(colour="red"), ("unknown_member", "/colour")),
        (changed(enabled="yes"), ("type", "/enabled")),
        (changed(label="Gros"), ("type", "/label")),
        (changed(label={"fr": "Gros"}), ("type", "/label")),
        (changed(message={"fr": "Gros", "en": " "}), ("text", "/message/en")),
        (changed(label={"fr": "G\nros", "en": "Large"}), ("text", "/label/fr")),
        (changed(label={"fr": "x" * 301, "en": "Large"}), ("text", "/label/fr")),
        ({"actions": changed()["actions"]}, ("required", "/conditions")),
        ({"conditions": OVER}, ("required", "/actions")),
        (acting(), ("required", "/actions")),
        (acting("hold"), ("type", "/actions/0")),
        (acting({"name": "hold", "params": {}, "why": 1}), ("type", "/actions/0")),
        (acting({"name": ["hold"]}), ("unknown_action", "/actions/0/name")),
        (acting({"name": "hold"}), ("params", "/actions/0/params")),
        (acting({"name": "hold", "params": ["x"]}), ("params", "/actions/0/params")),
        (acting({"name": "hold", "params": {"reason": "Très gros"}}), ("code", "/actions/0/params/reason")),
        (acting({"name": "hold", "params": {"reason": 3}}), ("code", "/actions/0/params/reason")),
        (acting({"name": "set_terms", "params": {"days": 366}}), ("range", "/actions/0/params/days")),
        (acting({"name": "set_terms", "params": {"days": True}}), ("range", "/actions/0/params/days")),
        (acting({"name": "set_terms", "params": {"days": "30"}}), ("range", "/actions/0/params/days")),
        (acting({"name": "tag", "params": {"label": "\u202e"}}), ("text", "/actions/0/params/label")),
        (acting({"name": "notify_team", "params": {"channel": 7}}), ("text", "/actions/0/params/channel")),
        (acting(*changed()["actions"] * 2), ("repeated", "/actions")),
    ],
)
def test_what_is_no_rule_is_refused_where_it_is_wrong(document, expected):
    assert faults(document) == [expected]


@pytest.mark.parametrize("id", ["", "Gros", "-gros", "gros montants", "é", "x" * 81])
def test_an_id_that_could_not_stand_in_an_address_is_refused(id):
    assert faults(changed(), id) == [("id", "")]


@pytest.mark.parametrize(
    "action", [{"name": "tag", "params": {"label": "vu"}}, {"name": "notify_team", "params": {"channel": "a"}}]
)
def test_a_rule_may_tag_and_notify_more_than_once(action):
    assert len(rule_of("gros", acting(action, action), WHERE).actions) == 2


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (rule("order_value > 2500", HOLD), ("type", "/conditions")),
        (rule({"all": [OVER, 7]}, HOLD), ("type", "/conditions/all/1")),
        (rule({"any": OVER}, HOLD), ("type", "/conditions/any")),
        (rule({"all": [], "any": []}, HOLD), ("ambiguous", "/conditions")),
        (rule({**OVER, "unit": "cents"}, HOLD), ("unknown_member", "/conditions/unit")),
        (asking("is_true", "no", "is_first_order"), ("type", "/conditions/value")),
        (asking("equal_to", 7, "note"), ("type", "/conditions/value")),
        (asking("equal_to", "x" * 1_001, "note"), ("range", "/conditions/value")),
        (asking("contains", "tuesday night", "placed_weekday"), ("unknown_option", "/conditions/value")),
        (asking("contains", 3, "province"), ("type", "/conditions/value")),
        (asking("contains_all", ["ipa", None], "categories"), ("type", "/conditions/value/1")),
        (asking("contains_all", ["ipa"] * 1_001, "categories"), ("type", "/conditions/value")),
        (asking(value=float("inf")), ("type", "/conditions/value")),
        (asking(value=10**18 + 1), ("range", "/conditions/value")),
        (asking(value=True), ("type", "/conditions/value")),
    ],
)
def test_what_is_no_condition_is_refused_where_it_is_wrong(document, expected):
    assert faults(document) == [expected]


def test_conditions_are_counted_in_a_block_and_in_all():
    assert ("too_many", "/conditions/all") in faults(rule({"all": [OVER] * 201}, HOLD))
    block = {"any": [OVER] * 101}
    assert faults(rule({"all": [block, block]}, HOLD)) == [("too_many", "/conditions/all/1/any/99")]


def test_a_value_is_shown_no_longer_than_a_line():
    def said(value):
        with pytest.raises(Invalid) as refused:
            rule_of("gros", asking(value=value), WHERE)
        return refused.value.problems[0].message.en

    assert said([1]) == "Give a number, not […]." and said({"a": 1}) == "Give a number, not {…}."
    assert said("a" * 1_000) == f"Give a number, not “{'a' * 56}…." and said(None) == "Give a number, not None."
    with pytest.raises(Invalid) as refused:
        rule_of("gros", asking(operator=10**40), WHERE)
    assert refused.value.problems[0].message.en.startswith("10⁺³⁸ is not an operator for order_value")


def test_a_policy_has_so_many_rules_and_no_automatic_invoice_without_a_due_date():
    other = {"kind": "other", "label": {"fr": "Consigne", "en": "Consignment"}}
    rules = {f"r{number}": (BASE, changed()) for number in range(MAX_RULES + 1)}
    check_policy(policy(invoicing_terms=other, invoicing_trigger="manual"))
    with pytest.raises(Invalid) as refused:
        check_policy(policy(rules, invoicing_terms=other))
    assert [(each.code, each.pointer) for each in refused.value.problems] == [
        ("terms_without_due_date", "/settings/invoicing.terms"),
        ("too_many", "/rules"),
    ]
