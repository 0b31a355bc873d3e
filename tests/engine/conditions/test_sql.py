"""Conditions as SQL: what the Python target answers, DuckDB answers, and PostgreSQL where it can."""

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.conditions.targets.python import compile_careful
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.conditions.targets.sql import (
    COLUMN_TYPES,
    DIALECTS,
    Columns,
    Unsupported,
    any_of,
    kleene,
    possible,
    written,
)
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.oracle.boundary import ORDINARY
from houblon.engine.policy.policy import VOCABULARY
from tests.engine.policy.policies import conditions, facts_of, orders

TABLE = ", ".join(f"{name} {COLUMN_TYPES[fact.kind]}" for name, fact in FACTS.items())
TEXTS = [name for name, fact in FACTS.items() if fact.kind is Kind.STRING]


def value_of(facts, name):
    """A fact as its column holds it."""
    value, kind = getattr(facts, name), FACTS[name].kind
    if value is None:
        return None
    if kind is Kind.SELECT:
        return value.lower()
    return list(dict.fromkeys(each.lower() for each in value)) if kind is Kind.SELECT_MULTIPLE else value


def table_of(connection, all_facts):
    connection.execute("DROP TABLE IF EXISTS orders")
    connection.execute(f"CREATE TABLE orders ({TABLE}, {', '.join(f'{each}_lower VARCHAR' for each in TEXTS)})")
    rows = [
        [*(value_of(each, name) for name in FACTS), *(getattr(each, name).lower() for name in TEXTS)]
        for each in all_facts
    ]
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO orders VALUES ({marks})", rows)


def python_of(condition, facts):
    mask = compile_careful([condition], FactsReader())(facts)
    return True if mask & 1 else None if mask & 2 else False


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


def answers(engine, condition):
    told, may = written(kleene(condition, Columns())), written(possible(condition, Columns()))
    return engine.execute(f"SELECT {told}, {may} FROM orders").fetchall()


@settings(max_examples=60, deadline=None)
@given(st.lists(conditions(), min_size=4, max_size=8), st.lists(orders(), min_size=3, max_size=5))
def test_every_condition_answers_as_the_python_target_does(engine, documents, made):
    facts = [facts_of(each) for each in made]
    table_of(engine, facts)
    for document in documents:
        condition = parse_conditions(document, VOCABULARY)
        expected = [python_of(condition, each) for each in facts]
        assert answers(engine, condition) == [(each, each is not False) for each in expected], document


WORDS = ["", "Été", "ÉTÉ", "straße", "STRASSE", "İstanbul", "Σίσυφος", "a\nb", "a.b", "l'été", "x" * 40, "٣", "🍺 ipa"]
TEXT_TESTS = [
    (operator, value)
    for operator in ("equal_to", "equal_to_case_insensitive", "starts_with", "ends_with", "contains")
    for value in ("", "été", "ÉTÉ", "SS", "i̇", "ς", "b", "l'", "🍺", "ipa")
] + [("matches_regex", value) for value in (r"^\w+$", r"b$", r"a.b", r"\d", r"(?i)É", r"[^a-z]", r"\s", "l'é", r"\W")]


def test_texts_compare_letter_by_letter_as_in_python(engine):
    facts = [msgspec.structs.replace(ORDINARY, note=word) for word in WORDS]
    table_of(engine, facts)
    for operator, value in TEXT_TESTS:
        condition = parse_conditions({"name": "note", "operator": operator, "value": value}, VOCABULARY)
        expected = [python_of(condition, each) for each in facts]
        assert [each[0] for each in answers(engine, condition)] == expected, (operator, value)


@pytest.mark.parametrize("value", [10**18, -(10**18), 92233720368547758.07, -92233720368547758.08, 0.004, 199.995])
@pytest.mark.parametrize("operator", ["equal_to", "greater_than", "less_than_or_equal_to"])
def test_values_that_no_column_holds_are_answered_all_the_same(engine, operator, value):
    facts = [msgspec.structs.replace(ORDINARY, order_value=each) for each in (-(1 << 63), -1, 0, 19_999, (1 << 63) - 1)]
    table_of(engine, facts)
    condition = parse_conditions({"name": "order_value", "operator": operator, "value": value}, VOCABULARY)
    assert [each[0] for each in answers(engine, condition)] == [python_of(condition, each) for each in facts]


SETS = [("ipa", "Stout"), ("IPA", "ipa"), ("a",), (), None]


@pytest.mark.parametrize("wanted", [[], ["ipa"], ["ipa", "STOUT"], ["ipa", "ipa"], ["stout", "ipa", "Ipa", "a"]])
def test_sets_count_as_business_rules_counts(engine, wanted):
    facts = [msgspec.structs.replace(ORDINARY, categories=each) for each in SETS]
    table_of(engine, facts)
    for operator in (
        "contains_all",
        "is_contained_by",
        "shares_at_least_one_element_with",
        "shares_exactly_one_element_with",
        "shares_no_elements_with",
    ):
        condition = parse_conditions({"name": "categories", "operator": operator, "value": wanted}, VOCABULARY)
        expected = [python_of(condition, each) for each in facts]
        assert [each[0] for each in answers(engine, condition)] == expected, (operator, wanted)


@settings(max_examples=30, deadline=None)
@given(conditions(), st.sampled_from(DIALECTS))
def test_each_dialect_can_be_written_and_read_again(document, dialect):
    condition = parse_conditions(document, VOCABULARY)
    try:
        said = written(kleene(condition, Columns(dialect)), dialect)
    except Unsupported:
        assert dialect == "postgres" and "matches_regex" in str(document)
        return
    assert parse_one(said, dialect=dialect) is not None


class OfKnownAnswers(Columns):
    """Columns of which every order of the table says the same of being first, and of having all that it asks for."""

    def boolean(self, comparison):
        return exp.true() if comparison.name == "is_first_order" else exp.false()

    def may_be_unknown(self, fact):
        return False


def test_what_no_order_of_the_table_can_change_is_not_asked():
    always, never, large = (
        {"name": "is_first_order", "operator": "is_true", "value": ""},
        {"name": "all_available", "operator": "is_true", "value": ""},
        {"name": "order_value", "operator": "greater_than", "value": 100},
    )

    def said(document):
        return written(kleene(parse_conditions(document, VOCABULARY), OfKnownAnswers()))

    assert said({"all": [always, large]}) == said({"any": [never, large]}) == said(large)
    assert said({"all": [always, {"any": [always, large]}]}) == said({"any": [large, always]}) == "TRUE"
    assert said({"any": [never, {"all": [never, large]}]}) == "FALSE"


def test_any_of_none_is_false_and_of_equals_one():
    assert written(any_of([])) == "FALSE"
    assert written(any_of([exp.column("a"), exp.column("b"), exp.column("a")])) == "a OR b"


def test_a_pattern_is_refused_where_it_would_mean_something_else():
    condition = parse_conditions({"name": "note", "operator": "matches_regex", "value": r"\w"}, VOCABULARY)
    with pytest.raises(Unsupported):
        kleene(condition, Columns("postgres"))


def test_an_unknown_dialect_is_refused():
    with pytest.raises(Unsupported):
        Columns("oracle")
