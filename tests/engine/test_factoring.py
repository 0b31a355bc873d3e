"""Many conditions as one: the same value on every order, known or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.conditions import AnyOf, comparisons_of
from engine.factoring import any_condition
from engine.parsing import parse_conditions
from engine.policy import _VOCABULARY
from engine.targets.python import compile_careful
from engine.targets.readers import FactsReader
from tests.engine.policies import comparisons, conditions, facts_of, orders


def value(condition, facts):
    mask = compile_careful([condition], FactsReader())(facts)
    return True if mask & 1 else None if mask & 2 else False


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(orders(), min_size=2, max_size=4))
def test_one_condition_answers_as_any_of_the_many(data, made):
    # Few comparisons in many rules, as breweries write them: there is something to share.
    pool = data.draw(st.lists(comparisons(), min_size=2, max_size=5))
    leaf = st.sampled_from(pool)
    trees = st.recursive(
        leaf,
        lambda inner: st.builds(
            lambda word, members: {word: members},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=6,
    )
    documents = data.draw(st.lists(st.one_of(trees, conditions()), min_size=1, max_size=6))
    many = [parse_conditions(each, _VOCABULARY) for each in documents]
    one = any_condition(many)
    for order in made:
        assert value(one, facts_of(order)) == value(AnyOf(tuple(many)), facts_of(order)), (documents, one)


def test_what_is_shared_is_read_once():
    urgent = {"name": "note", "operator": "contains", "value": "urgent"}
    large = [{"name": "order_value", "operator": "greater_than", "value": value} for value in (100, 200, 300)]
    rules = [{"all": [urgent, large[0]]}, {"all": [large[1], urgent]}, {"all": [urgent, large[2]]}]
    one = any_condition([parse_conditions(each, _VOCABULARY) for each in rules])
    assert [(each.name, each.value) for each in comparisons_of(one)] == [("order_value", 100), ("note", "urgent")]


def test_a_needless_alternative_goes():
    a, b, c = (
        {"name": name, "operator": "is_true", "value": ""}
        for name in ("is_first_order", "all_available", "has_planned_delivery")
    )
    one = any_condition([parse_conditions(each, _VOCABULARY) for each in ({"all": [b, {"any": [a, c]}]}, a)])
    assert [each.name for each in comparisons_of(one)] == ["is_first_order", "all_available", "has_planned_delivery"]
