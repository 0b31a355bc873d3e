"""Strict JSON: refused quickly, with a place and a sentence, never with a traceback."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problem import Invalid
from engine.strict_json import read_json
from tests.effort import steps

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_what_is_plain_json_reads_back(value):
    assert read_json(json.dumps(value)) == value


def problems(text):
    with pytest.raises(Invalid) as refusal:
        read_json(text)
    return [(each.code, each.pointer) for each in refusal.value.problems]


def test_every_repeated_name_is_told_by_its_pointer():
    text = '{"a": 1, "a": 2, "rules": [{"x/y": 1, "x/y": 1}], "deep": {"all": [{"name": 1, "name": 2}]}}'
    assert set(problems(text)) == {
        ("repeated", "/a"),
        ("repeated", "/rules/0/x~1y"),
        ("repeated", "/deep/all/0/name"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "json"),
        ("", "json"),
        ("NaN", "json"),
        ('{"a": -Infinity}', "json"),
        ("1" * 5000, "json"),
        (b"\xff\xfe", "json"),
        ("[" * 5000 + "]" * 5000, "too_deep"),
        ('{"all": [' * 200 + "1" + "]}" * 200, "too_deep"),
    ],
)
def test_hostile_text_is_one_problem_at_once(text, code):
    assert [found for found, _ in problems(text)] == [code]
    assert steps(lambda: problems(text)) < 50_000
