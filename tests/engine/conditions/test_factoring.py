"""Many conditions as one: the same value on every order, known or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.conditions.factoring import any_condition
from houblon.engine.conditions.parsing import parse_conditions
from houblon.engine.conditions.targets.python import compile_careful
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.conditions.tree import AnyOf, comparisons_of
from houblon.engine.policy.policy import VOCABULARY
from tests.engine.policy.policies import comparisons, conditions, facts_of, orders


def value(condition, facts):
    mask = compile_careful([condition], FactsReader())(facts)
    return True if mask & 1 else None if mask & 2 else False


@settings(max_examples=75, deadline=None)
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
    many = [parse_conditions(each, VOCABULARY) for each in documents]
    one = any_condition(many)
    for order in made:
        assert value(one, facts_of(order)) == value(AnyOf(tuple(many)), facts_of(order)), (documents, one)


@settings(max_examples=120, deadline=None)
@given(st.data(), st.lists(orders(), min_size=2, max_size=4))
def test_what_can_t_hold_where_others_fail_is_not_asked(data, made):
    pool = data.draw(st.lists(comparisons(), min_size=2, max_size=4))
    trees = st.recursive(
        st.sampled_from(pool),
        lambda inner: st.builds(
            lambda word, members: {word: members},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=6,
    )
    drawn = data.draw(st.tuples(*(st.lists(trees, min_size=1, max_size=4) for _ in range(2))))
    many, failed = ([parse_conditions(each, VOCABULARY) for each in documents] for documents in drawn)
    one = any_condition(many, failed)
    for order in made:
        facts = facts_of(order)
        failing, expected = value(AnyOf(tuple(failed)), facts), value(AnyOf(tuple(many)), facts)
        found = False if one is None else value(one, facts)
        if failing is False:
            assert found == expected, (drawn, one)
        elif failing is None:
            assert (found is True) == (expected is True), (drawn, one)


def test_what_others_settle_is_left_out():
    def leaf(name, operator, value):
        return {"name": name, "operator": operator, "value": value}

    first, large = leaf("is_first_order", "is_true", ""), leaf("order_value", "greater_than", 100)
    larger, late = leaf("order_value", "greater_than", 200), leaf("days_overdue", "greater_than", 3)
    failed = [parse_conditions(each, VOCABULARY) for each in (first, {"all": [late, large]})]
    many = [{"all": [first, larger]}, {"all": [late, {"any": [larger, leaf("item_count", "less_than", 2)]}]}]
    one = any_condition([parse_conditions(each, VOCABULARY) for each in many], failed)
    assert [each.name for each in comparisons_of(one)] == ["days_overdue", "item_count"]
    assert any_condition([parse_conditions(many[0], VOCABULARY)], failed) is None


def test_what_would_take_too_many_alternatives_keeps_its_blocks():
    def either(value):
        return {"any": [{"name": "note", "operator": "contains", "value": f"{value}{end}"} for end in "abcd"]}

    wide = {"all": [either(number) for number in range(4)]}  # 256 alternatives in full
    one = any_condition([parse_conditions(wide, VOCABULARY)])
    assert len(list(comparisons_of(one))) == 16
    narrow = {"name": "note", "operator": "contains", "value": "0a"}
    one = any_condition([parse_conditions(narrow, VOCABULARY)], [parse_conditions(wide, VOCABULARY)])
    assert one == parse_conditions(narrow, VOCABULARY)


def test_what_is_shared_is_read_once():
    urgent = {"name": "note", "operator": "contains", "value": "urgent"}
    large = [{"name": "order_value", "operator": "greater_than", "value": value} for value in (100, 200, 300)]
    rules = [{"all": [urgent, large[0]]}, {"all": [large[1], urgent]}, {"all": [urgent, large[2]]}]
    one = any_condition([parse_conditions(each, VOCABULARY) for each in rules])
    assert [(each.name, each.value) for each in comparisons_of(one)] == [("order_value", 100), ("note", "urgent")]


def test_a_needless_alternative_goes():
    a, b, c = (
        {"name": name, "operator": "is_true", "value": ""}
        for name in ("is_first_order", "all_available", "has_planned_delivery")
    )
    one = any_condition([parse_conditions(each, VOCABULARY) for each in ({"all": [b, {"any": [a, c]}]}, a)])
    assert [each.name for each in comparisons_of(one)] == ["is_first_order", "all_available", "has_planned_delivery"]
