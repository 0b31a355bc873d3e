"""Strict JSON: refused quickly, with a place and a sentence, never with a traceback."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.problem import MAX_FAULTS, Invalid
from houblon.engine.core.strict_json import check_depth, read_json
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


@pytest.mark.parametrize("text", [b"\xff", b'"\xe9"', "", "{", "nul", "NaN", "[1, -Infinity]", "1" * 401, "[1,]"])
def test_what_is_no_json_is_told_once(text):
    assert problems(text) == [("json", "")]


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("[" * 101, "/0/0/0/0/0"),
        ('{"a": [1, {"b": "]"}, ' + "[" * 101, "/a/2/0/0/0"),
        ("]" * 200 + "[" * 301, "/0/0/0/0/0"),
        ('{"\\q": ' + "[" * 101, "/\\q/0/0/0/0"),
        ('\\"' + "[" * 101, ""),  # what would begin a text begins none for a reader
    ],
)
def test_what_is_too_deep_is_told_by_the_way_down_whatever_else_is_wrong_with_it(text, pointer):
    assert problems(text) == [("too_deep", pointer)]


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


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("[" * 101 + "]" * 101, "/0/0/0/0/0"),
        ("[" * 400_000, "/0/0/0/0/0"),  # depth is looked at before anything else
        ('{"a": [0, {"b/c": ' * 60 + "1" + "}]}" * 60, "/a/1/b~1c/a/1"),
        ('[["]", "[\\"", {}], {"x": ' + "[" * 101 + "]" * 101 + "}]", "/1/x/0/0/0"),
        ('{"\\u00e9\\"": ' + "[" * 101 + "]" * 101 + "}", '/é"/0/0/0/0'),
    ],
)
def test_what_is_too_deep_is_told_with_the_first_steps_of_the_way_there(text, pointer):
    assert problems(text) == [("too_deep", pointer)]
    assert problems(text.encode()) == [("too_deep", pointer)]


def test_a_hundred_levels_are_read_and_brackets_in_texts_are_none():
    assert read_json("[" * 100 + "]" * 100)
    assert read_json(json.dumps(["[" * 1_000, '{"\\' * 1_000, {"[" * 1_000: []}])) is not None
    assert len(read_json("[" + ", ".join(["[[]]"] * 1_000) + "]")) == 1_000


@pytest.mark.parametrize(
    "hostile",
    ['"' * 20_000, '\\"' * 10_000, '"' + '\\"' * 10_000, "[" * 101 + '\\"' * 10_000, "]" * 20_000 + "[" * 101],
)
def test_depth_is_found_in_the_time_of_a_reading(hostile):
    text = (hostile + "[" * 101).encode()

    def looked_at():
        with suppress(Invalid):
            check_depth(text)

    assert steps(looked_at) < 120 * len(text)


@pytest.mark.timeout(10)  # it took a minute: every name was sought among all the others
def test_many_repeated_names_are_found_in_linear_time_and_told_in_bounded_room():
    text = "{" + ",".join(f'"{number}":1' for number in (*range(80_000), *range(80_000))) + "}"
    with pytest.raises(Invalid) as caught:
        read_json(text)
    assert len(caught.value.problems) == MAX_FAULTS
