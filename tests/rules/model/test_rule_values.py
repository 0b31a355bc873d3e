"""The values of a rule's conditions: kept in their one form, refused where they say nothing."""

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.model.rule_values import settled_document, settled_rule
from tests.rules.documents import TRANSBROUE, faults, group, hold


def ruled(*tests):
    said = [dict(zip(("name", "operator", "value"), each, strict=True)) for each in tests]
    return group("bars", 5, {"x": {**hold("x"), "conditions": {"any": [{"all": said}]}}, "none": None})


def test_names_of_choices_are_kept_clean_and_texts_as_they_are():
    document = ruled(
        ("province", "contains", " QC "),
        ("skus", "contains_all", ["IPA  24", 7]),
        ("note", "equal_to", ""),
        ("is_first_order", "is_true", ""),
        ("note", "contains", "  vite "),
    )
    kept = settled_document("group", document)["rules"]["x"]["conditions"]["any"][0]["all"]
    assert [each["value"] for each in kept] == ["QC", ["IPA 24", 7], "", "", "  vite "]


def test_a_value_that_says_nothing_is_refused_wherever_it_stands():
    document = ruled(("province", "contains", " "), ("skus", "contains_all", []), ("note", "contains", ""))
    with pytest.raises(Invalid) as refused:
        settled_document("group", document)
    where = "/rules/x/conditions/any/0/all"
    assert faults(refused.value) == {("empty", f"{where}/{number}/value") for number in range(3)}


@pytest.mark.parametrize(
    "document",
    [None, "bars", {"rules": 7}, {"rules": {"x": "rule"}}, ruled((["note"], "contains", "")), ruled(("x", "y", ""))],
)
def test_what_is_no_rule_is_left_to_those_who_read_rules(document):
    assert settled_document("group", document) == document


def test_accents_are_composed_in_every_kind_of_document():
    named = {**TRANSBROUE, "name": "Que\u0301bec"}
    assert settled_document("cycle", named) == {**TRANSBROUE, "name": "Québec"}


def value_settled(name, operator, value):
    test = {"name": name, "operator": operator, "value": value}
    return settled_rule({"conditions": {"all": [test]}})["conditions"]["all"][0]["value"]


@pytest.mark.parametrize("value", ["", " ", "\u00a0", "\u200b", " \u2060 "])
@pytest.mark.parametrize("operator", ["equal_to", "equal_to_case_insensitive", "contains", "starts_with"])
def test_a_buyer_who_shows_as_nothing_is_refused(operator, value):
    with pytest.raises(Invalid):
        value_settled("buyer_id", operator, value)


def test_an_empty_note_alone_may_be_asked_for():
    assert value_settled("note", "equal_to", "") == ""
    for operator, value in (("equal_to", " "), ("contains", ""), ("contains", "\u200b")):
        with pytest.raises(Invalid):
            value_settled("note", operator, value)


def test_a_buyer_is_compared_as_orders_name_them():
    assert value_settled("buyer_id", "equal_to", "comptoir-x ") == "comptoir-x"
    assert value_settled("buyer_id", "equal_to", "cafe\u0301") == "caf\u00e9"
    assert value_settled("note", "contains", "IPA ") == "IPA "
