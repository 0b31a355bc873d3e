"""compile_rules answers what business-rules' run_all answers, or refuses."""

import inspect
from decimal import Decimal

import pytest
from business_rules.actions import BaseActions
from business_rules.engine import run_all
from business_rules.variables import BaseVariables, boolean_rule_variable, numeric_rule_variable
from hypothesis import example, given
from hypothesis import strategies as st

from houblon.engine import Invalid, compile_rules
from tests import cases
from tests.effort import steps
from tests.engine.conditions.variables import variables_class


def rule(*members, word="all"):
    return {"conditions": {word: list(members)}, "actions": []}


def said(name, operator, value=""):
    return {"name": name, "operator": operator, "value": value}


def fired_by_business_rules(rules, variables):
    """The indexes of the rules that run_all fires, told by an action that each rule is given."""
    fired = []

    class Mark(BaseActions):
        def mark(self, index):
            fired.append(index)

    marked = [
        {"conditions": each["conditions"], "actions": [{"name": "mark", "params": {"index": index}}]}
        for index, each in enumerate(rules)
    ]
    run_all(marked, variables, Mark())
    return fired


@pytest.mark.parametrize("file", ["venmo_cases", "dmn_zen_cases", "jsonlogic_cases", "differential_cases"])
def test_cases_from_elsewhere_get_their_recorded_answer(file):
    for case in cases.load(f"{file}.json"):
        if "undeclared_actions" in case:
            continue  # compile_rules runs no action, so it can't miss one
        variables = variables_class(case["variables"])
        if "error" in case["expect"]:
            with pytest.raises((Invalid, TypeError)):
                compile_rules(case["rules"], variables, case["stop_on_first"])(variables())
        else:
            found = compile_rules(case["rules"], variables, case["stop_on_first"])(variables())
            assert found == [index for index, _ in case["expect"]["fired"]], case["id"]


numbers = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9),
    st.decimals(-(10**9), 10**9, places=7),
    st.booleans(),
)


@given(
    value=numbers,
    threshold=numbers.filter(lambda n: not isinstance(n, bool)),
    shift=st.sampled_from([Decimal(0), Decimal("0.000001"), Decimal("-0.000001"), Decimal("0.0000011")]),
    operator=st.sampled_from(
        ["equal_to", "greater_than", "greater_than_or_equal_to", "less_than", "less_than_or_equal_to"]
    ),
)
@example(0, 2.395221060091385e-22, Decimal("-0.000001"), "equal_to")
@example(0, 6.045184949845843e-230, Decimal("0.000001"), "greater_than")
def test_numbers_of_every_kind_compare_with_the_same_epsilon(value, threshold, shift, operator):
    for actual in (value, Decimal(threshold) + shift, threshold):
        variables = variables_class({"n": {"type": "numeric", "value": actual}})
        rules = [rule(said("n", operator, threshold))]
        assert compile_rules(rules, variables)(variables()) == fired_by_business_rules(rules, variables())


elements = st.one_of(st.sampled_from(["a", "A", "É", "é", "ß", "İ", ""]), st.integers(0, 2), st.booleans())


@given(
    values=st.one_of(st.lists(elements, max_size=4), st.sampled_from(["a", "", "aé"])),
    wanted=st.lists(elements, max_size=4),
    operator=st.sampled_from(
        [
            "contains_all",
            "is_contained_by",
            "shares_at_least_one_element_with",
            "shares_exactly_one_element_with",
            "shares_no_elements_with",
        ]
    ),
)
def test_sets_keep_the_laws_of_empty_lists_and_repeats(values, wanted, operator):
    variables = variables_class({"s": {"type": "select_multiple", "value": values}})
    rules = [rule(said("s", operator, wanted))]
    assert compile_rules(rules, variables)(variables()) == fired_by_business_rules(rules, variables())


@given(
    text=st.one_of(st.text(max_size=6), st.sampled_from(["Ça va", "ça VA", "x\n", "H2X 1Y4"])),
    value=st.one_of(st.text(max_size=3), st.sampled_from(["ça va", "X", "^H\\d", "\\w+$", "[^\\W]x", "a|ç"])),
    operator=st.sampled_from(
        ["equal_to", "equal_to_case_insensitive", "starts_with", "ends_with", "contains", "non_empty", "matches_regex"]
    ),
)
def test_texts_and_patterns_answer_as_python_does(text, value, operator):
    variables = variables_class({"t": {"type": "string", "value": text}})
    rules = [rule(said("t", operator, value))]
    try:
        compiled = compile_rules(rules, variables)
    except Invalid:
        return  # what only a backtracking engine can mean is refused
    assert compiled(variables()) == fired_by_business_rules(rules, variables())


@pytest.mark.parametrize(
    ("kind", "operator", "value"),
    [
        ("numeric", "equal_to", float("inf")),
        ("numeric", "equal_to", "1"),
        ("boolean", "is_true", 1),
        ("string", "non_empty", 7),
        ("select", "contains", 7),
        ("select_multiple", "contains_all", None),
    ],
)
def test_a_value_of_another_type_is_an_error_and_no_answer(kind, operator, value):
    variables = variables_class({"v": {"type": kind, "value": value}})
    wanted = {"equal_to": 1, "contains": "a", "contains_all": ["a"]}.get(operator, "")
    compiled = compile_rules([rule(said("v", operator, wanted))], variables)
    with pytest.raises((TypeError, ValueError, OverflowError)):
        compiled(variables())


def test_no_text_is_an_empty_one():
    variables = variables_class({"t": {"type": "string", "value": None}})
    rules = [rule(said("t", "equal_to", "")), rule(said("t", "non_empty"))]
    assert compile_rules(rules, variables)(variables()) == [0]


def test_more_answers_than_are_remembered_are_still_right():
    table = {f"bit{place}": {"type": "numeric", "value": 0} for place in range(13)}
    variables = variables_class(table)
    compiled = compile_rules([rule(said(name, "greater_than", 0)) for name in table], variables)
    for number in range(4_200):  # 4,096 are remembered
        for place in range(13):
            table[f"bit{place}"]["value"] = number >> place & 1
        assert compiled(variables()) == [place for place in range(13) if number >> place & 1]


def test_a_variable_is_not_needed_when_an_earlier_condition_settles_the_block():
    class Variables(BaseVariables):
        @boolean_rule_variable()
        def quiet(self):
            return False

        @numeric_rule_variable()
        def broken(self):
            raise RuntimeError("never needed")

    rules = [rule(said("quiet", "is_true"), said("broken", "equal_to", 1))]
    assert compile_rules(rules, Variables)(Variables()) == []
    with pytest.raises(RuntimeError, match="never needed"):
        compile_rules([rule(said("broken", "equal_to", 1))], Variables)(Variables())


def test_stopping_on_the_first_rule_leaves_the_later_ones_unread():
    variables = variables_class({"yes": {"type": "boolean", "value": True}, "odd": {"type": "numeric", "value": "x"}})
    rules = [rule(said("yes", "is_true")), rule(said("odd", "equal_to", 1))]
    assert compile_rules(rules, variables, stop_on_first=True)(variables()) == [0]
    with pytest.raises(TypeError, match="not a number"):
        compile_rules(rules, variables)(variables())


def test_every_fault_of_a_rule_list_is_told_at_once_by_pointer():
    variables = variables_class({"n": {"type": "numeric", "value": 1}, "s": {"type": "select", "value": ["a"]}})
    bad = [
        rule(said("nope", "equal_to", 1), said("n", "contains", 1), said("n", "equal_to", "ten")),
        {"conditions": {"any": []}, "actions": []},
        {"actions": []},
        rule(said("__class__", "equal_to", 1)),
        rule(said("n", "__init__", 1), {"all": [said("s", "contains", ["a"])], "any": []}),
    ]
    with pytest.raises(Invalid) as refusal:
        compile_rules(bad, variables)
    assert [(each.code, each.pointer) for each in refusal.value.problems] == [
        ("unknown_fact", "/0/conditions/all/0/name"),
        ("unknown_operator", "/0/conditions/all/1/operator"),
        ("type", "/0/conditions/all/2/value"),
        ("empty", "/1/conditions/any"),
        ("required", "/2/conditions"),
        ("unknown_fact", "/3/conditions/all/0/name"),
        ("unknown_operator", "/4/conditions/all/0/operator"),
        ("ambiguous", "/4/conditions/all/1"),
    ]


def test_an_undecorated_method_is_not_a_variable():
    class Variables(BaseVariables):
        def secret(self):
            return 1

    assert inspect.isfunction(Variables.secret)
    with pytest.raises(Invalid, match="no fact “secret”"):
        compile_rules([rule(said("secret", "equal_to", 1))], Variables)


def nested(depth):
    condition = said("n", "equal_to", 1)
    for _ in range(depth):
        condition = {"all": [condition]}
    return {"conditions": condition, "actions": []}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (nested(5_000), "too_deep"),
        (nested(21), "too_deep"),
        (rule(*[said("n", "equal_to", 1)] * 201), "too_many"),
        (rule(said("n", "equal_to", 10**5000)), "range"),
        (rule(said("n", "equal_to", float("nan"))), "type"),
        (rule(said("n", "equal_to", 1e400)), "type"),
        (rule(said("n", "equal_to", Decimal("1." + "1" * 5000))), "range"),
        (rule(said("n", "equal_to", Decimal("1E-1075"))), "range"),
        (rule(said("s", "contains_all", "abc")), "type"),
        (rule(said("t", "matches_regex", "(a+)+\\1")), "pattern"),
        (rule(said("t", "matches_regex", "x" * 201)), "pattern"),
        (rule(said("t", "equal_to", "\ud800")), "range"),
        (rule(said("n", "equal_to", {"a": 1})), "type"),
        (rule({"name": ["n"], "operator": {}, "value": 1}), "unknown_fact"),
        ("not a rule", "required"),
        ({**rule(said("n", "equal_to", 1)), "actions": "hold"}, "type"),
        ({**rule(said("n", "equal_to", 1)), "actions": [{"params": {}}]}, "type"),
    ],
)
def test_hostile_rules_are_refused_with_one_clear_problem(bad, code):
    table = {"n": ("numeric", 1), "s": ("select_multiple", ["a"]), "t": ("string", "x")}
    variables = variables_class({name: {"type": type_, "value": value} for name, (type_, value) in table.items()})
    refused = []

    def compile_it():
        with pytest.raises(Invalid) as refusal:
            compile_rules([bad], variables)
        refused.extend(refusal.value.problems)

    # However much of it there is, it is seen at once.
    assert steps(compile_it) < 20_000
    assert refused[0].code == code


def test_the_deepest_and_longest_rules_that_are_allowed_compile():
    variables = variables_class({"n": {"type": "numeric", "value": 1}})
    long = rule(*[said("n", "equal_to", 1)] * 200)
    assert compile_rules([nested(20), long], variables)(variables()) == [0, 1]
    assert compile_rules([rule(said("n", "equal_to", 1))] * 500, variables)(variables()) == list(range(500))


def test_more_than_five_hundred_rules_are_too_many():
    variables = variables_class({"n": {"type": "numeric", "value": 1}})
    with pytest.raises(Invalid) as refusal:
        compile_rules({"0": rule(said("n", "equal_to", 1))}, variables)
    assert refusal.value.problems[0].code == "type"
    with pytest.raises(Invalid) as refusal:
        compile_rules([rule(said("n", "equal_to", 1))] * 501, variables)
    assert refusal.value.problems[0].code == "too_many"
