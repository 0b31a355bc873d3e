"""Patterns mean what Python's `re` means, in time that no text can stretch."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.conditions.pattern import compile_pattern, cost_of, to_re2
from houblon.engine.conditions.tree import Term
from houblon.engine.conditions.vocabulary import Kind
from houblon.engine.core.problem import Invalid
from tests.effort import steps

TEXTS = [
    "",
    "abc",
    "ABC 12",
    "é١ x",
    "a\n",
    "\n",
    "foo-bar_9",
    "H2X 1Y4",
    "ça va",
    "x\x1cy",
    "\u2028",
    "aaa",
    "a\x85b",
    "½ ²",
    "_",
    "日本",
    "a.b",
    "a\nb",
    "\\",
    "]",
    "-",
    "İ",
]
PATTERNS = [
    r"^abc$",
    r"\d+",
    r"\w+$",
    r"[^\s]x",
    r"\W",
    r"[\W]",
    r"[^\W]",
    r"a{2,}",
    r"(?i)abc",
    r"^H\d[A-Z]",
    r"a|b|ça",
    r"\S",
    r"[\d\-]",
    r".$",
    r"a.b",
    r"\s",
    r"(a|b)*c",
    r"a*?b",
    r"\Aa",
    r"a\Z",
    r"(?P<n>a)b?",
    r"[éà]",
    r"[^a-z]+$",
    r"(?i:AB)c",
    r"[^a]",
    r"(?i)a(?-i:b)c",
    "",
    r"\\",
    r"[]]",
    r"^$",
    r"a{,2}b",
    r"[\x00-\x1f]",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_finds_what_python_finds(pattern):
    search = compile_pattern(pattern).search
    assert {text: bool(search(text)) for text in TEXTS} == {text: bool(re.search(pattern, text)) for text in TEXTS}


@given(st.from_regex(r"[a-c.^$|()\[\]\\dws?*+{},0-9-]{0,12}", fullmatch=True), st.text("abc1 \n_-", max_size=8))
def test_any_pattern_that_is_accepted_agrees_with_python(pattern, text):
    try:
        found = compile_pattern(pattern).search(text)
    except Invalid:
        return
    assert bool(found) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        r"(?=a)",
        r"(?<!a)b",
        r"a++",
        r"[\W\d]",
        r"(",
        r"\bmot",
        r"a{2000}",
        r"(?s).",
        r"(?s:.)",
        "x" * 201,
        r"(?:a{1000}){1000}",
        r"\ud800",
        "(" * 150,
        r"(?x) a",
        "*",
    ],
)
def test_what_only_backtracking_can_mean_is_refused_with_a_sentence(pattern):
    with pytest.raises(Invalid) as refusal:
        compile_pattern(pattern)
    (problem,) = refusal.value.problems
    assert problem.code == "pattern" and problem.message.fr and "Traceback" not in problem.message.en


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"(.*a){12}$", r"(a?){30}a{30}$"])
def test_the_search_for_a_hostile_pattern_ends(pattern):
    # Whoever tries every way to match it is at it for ages: that it ends is the proof.
    compile_pattern(pattern).search("a" * 2_000 + "!")


@pytest.mark.timeout(20)  # it took minutes
def test_patterns_have_a_budget_together():
    """A rule of 14 kB took twelve seconds to read and kept 420 MB: each pattern was small enough."""
    facts = {"note": Term(Kind.STRING)}

    def rule(pattern, count):
        return {"any": [{"name": "note", "operator": "matches_regex", "value": f"{pattern}{n}"} for n in range(count)]}

    for pattern in (r"\w{150}N", r"\w{40}N", r"(?:\w{10}){10}"):
        with pytest.raises(Invalid):
            parse_conditions(rule(pattern, 200), facts)
        assert len(json.dumps(rule(pattern, 200))) < 20_000
    parse_conditions(rule(r"^(IPA|LAG)-\d{1,10}", 150), facts)


def test_a_pattern_is_read_once_wherever_it_stands_and_refused_where_it_stands():
    pattern = r"^(stout|porter)-\d{1,7}$"
    first = steps(lambda: cost_of(pattern))
    assert all(steps(lambda place=place: to_re2(pattern, place)) * 20 < first for place in ("", "/a", "/b"))
    for place in ("/a", "/b"):
        with pytest.raises(Invalid) as refusal:
            to_re2("(", place)
        assert [each.pointer for each in refusal.value.problems] == [place]
