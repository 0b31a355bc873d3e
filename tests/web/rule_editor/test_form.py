"""A rule's form: the same JSON comes out that went in, and every edit keeps what it doesn't touch."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.conditions.parsing import MAX_NESTING
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import rule_document, rule_of
from houblon.web.presentation.typed_numbers import MONEY, number_shown, number_typed
from houblon.web.rule_editor.edits import EDITS, apply, depth, node_at
from houblon.web.rule_editor.form import (
    EMPTY,
    ActionChoice,
    Block,
    RuleForm,
    Test,
    code_of,
    conditions_of,
    document_of,
    form_of,
)
from tests.engine.oracle.generated import random_policy
from tests.engine.policy.policies import conditions

LANGUAGES = st.sampled_from(["fr", "en"])
ACTIONS = st.lists(
    st.sampled_from(
        [
            {"name": "hold", "params": {"reason": "large_amount"}},
            {"name": "refuse", "params": {"reason": "a__b_"}},
            {"name": "set_terms", "params": {"days": 45}},
            {"name": "notify_team", "params": {"channel": "ventes, Québec"}},
            {"name": "tag", "params": {"label": "à rappeler"}},
        ]
    ),
    min_size=1,
    unique_by=lambda each: each["name"],
)
TEXTS = st.fixed_dictionaries({"fr": st.sampled_from(["Gros", "« Été »"]), "en": st.sampled_from(["Large", "<b>"])})


def canonical(document):
    return rule_document(rule_of("regle", document, Provenance("tous", 0)))


def encoded(document):
    return msgspec.json.encode(document, order="deterministic")


def says_nothing(conditions):
    """Whether a list of no values stands somewhere: a form would call that unfinished."""
    members = conditions.get("all") or conditions.get("any")
    return any(map(says_nothing, members)) if members else conditions["value"] == []


@settings(max_examples=120, deadline=None)
@given(conditions(), ACTIONS, TEXTS, st.none() | TEXTS, st.booleans(), LANGUAGES)
def test_json_to_form_to_json_is_the_identity(conditions, actions, label, message, enabled, language):
    document = {"label": label, "conditions": conditions, "actions": actions, "enabled": enabled}
    document = canonical({**document, "message": message} if message else document)
    form = form_of(document, language)
    assert (form is None) == says_nothing(conditions)
    if form is None:
        return
    assert encoded(document_of(form, language)) == encoded(document)
    assert form_of(document_of(form, language), language) == form


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_rule_that_the_engine_s_comparison_makes_comes_back(language):
    chance, seen = random.Random(6), 0
    for _ in range(60):
        for rule in random_policy(chance).rules:
            document = rule_document(rule)
            form = form_of(document, language)
            assert (form is None) == says_nothing(document["conditions"])
            if form is None:
                continue
            assert encoded(document_of(form, language)) == encoded(document)
            seen += 1
    assert seen > 100


@settings(max_examples=50, deadline=None)
@given(st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False), LANGUAGES, st.booleans())
def test_a_number_is_read_back_from_how_it_is_shown(value, language, money):
    read = number_typed(number_shown(value, language, money), language)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("typed", "language", "value"),
    [
        ("1 234,50", "fr", 1234.5),
        ("1\u202f234,50\u00a0$", "fr", 1234.5),
        ("1,234.50", "fr", 1234.5),
        ("1.234,50", "en", 1234.5),
        ("$1,234.50", "en", 1234.5),
        ("1,234", "en", 1234),
        ("1,234", "fr", "1,234"),
        ("1.234", "fr", "1.234"),
        ("1.234", "en", 1.234),
        ("1 234,567", "fr", 1234.567),
        ("1,234,56", "en", "1,234,56"),
        ("12 34", "fr", "12 34"),
        ("12 %", "fr", "12 %"),
        ("12 $ 5", "fr", "12 $ 5"),
        ("0,125", "en", 0.125),
        ("1,234,567", "fr", 1234567),
        ("−5", "fr", -5),
        (",5", "fr", 0.5),
        ("24", "fr", 24),
        ("abc", "fr", "abc"),
        ("1.2,3.4", "fr", "1.2,3.4"),
        ("", "fr", ""),
        ("1e5", "fr", "1e5"),
        ("٣", "fr", "٣"),
    ],
)
def test_either_decimal_mark_is_read(typed, language, value):
    read = number_typed(typed, language, MONEY)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("fact", "operator", "value"),
    [
        ("note", "contains", ""),
        ("note", "contains", "deux\nlignes"),
        ("distributor", "contains", " transbroue"),
        ("skus", "contains_all", ["a ", "b"]),
        ("skus", "contains_all", [""]),
        ("skus", "contains_all", []),
        ("order_value", "equal_to", 1e-300),
    ],
)
def test_what_fields_would_not_give_back_is_left_to_json(fact, operator, value):
    conditions = {"all": [{"name": fact, "operator": operator, "value": value}]}
    actions = [{"name": "hold", "params": {"reason": "x"}}]
    document = canonical({"conditions": conditions, "actions": actions})
    assert form_of(document, "fr") is None


@pytest.mark.parametrize("document", [None, [], {}, {"label": 1}, {"label": {"fr": "a", "en": "b"}, "conditions": []}])
def test_what_is_no_rule_has_no_form(document):
    assert form_of(document, "fr") is None


def test_a_reason_s_code_is_made_from_words_and_left_alone_when_it_is_one():
    assert [code_of(words) for words in ("large_amount", "Gros montants !", "3 mois", "Œuvre", " ", "")] == [
        "large_amount",
        "gros_montants",
        "motif_3_mois",
        "oeuvre",
        "",
        "",
    ]
    form = RuleForm(("Gros montants", "Large"), Block("all", (Test("note", "non_empty"),)), (ActionChoice("hold"),))
    assert document_of(form, "fr")["actions"] == [{"name": "hold", "params": {"reason": "gros_montants"}}]


def nodes():
    tests = st.builds(Test, st.just("note"), st.just("contains"), st.tuples(st.sampled_from("abcdefgh")))
    grown = st.recursive(
        tests,
        lambda inner: st.builds(Block, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1).map(tuple)),
        max_leaves=12,
    )
    return st.builds(Block, st.sampled_from(["all", "any"]), st.lists(grown, min_size=1, max_size=4).map(tuple))


def paths(node, path=()):
    yield path
    if isinstance(node, Block):
        for index, member in enumerate(node.members):
            yield from paths(member, (*path, index))


def leaves(node):
    return [node.typed] if isinstance(node, Test) else [leaf for member in node.members for leaf in leaves(member)]


@settings(max_examples=50, deadline=None)
@given(nodes(), st.data())
def test_moving_nesting_and_taking_out_lose_no_condition(root, data):
    path = data.draw(st.sampled_from(list(paths(root))))
    for what in ("up", "down", "nest", "unnest"):
        made, focus = apply(root, what, path)
        assert sorted(leaves(made)) == sorted(leaves(root))
        assert node_at(made, focus) is not None
        assert all(node.members for node in (node_at(made, each) for each in paths(made)) if isinstance(node, Block))


@settings(max_examples=50, deadline=None)
@given(nodes(), st.data())
def test_down_then_up_brings_a_condition_back_and_every_place_is_reached(root, data):
    path = data.draw(st.sampled_from([each for each in paths(root) if isinstance(node_at(root, each), Test)]))
    moved = node_at(root, path)
    place = path
    made = root
    for _ in range(3 * len(list(paths(root)))):
        made, place = apply(made, "up", place)
        assert node_at(made, place) == moved
    assert leaves(made)[0] == moved.typed
    assert place == (0,)


@settings(max_examples=50, deadline=None)
@given(nodes(), st.data())
def test_removing_and_duplicating_touch_one_place(root, data):
    path = data.draw(st.sampled_from([each for each in paths(root) if each]))
    gone, _ = apply(root, "remove", path)
    twice, focus = apply(root, "duplicate", path)
    removed = leaves(node_at(root, path))
    assert sorted(leaves(gone) + removed) == sorted(leaves(root))
    assert sorted(leaves(twice)) == sorted(leaves(root) + removed)
    assert node_at(twice, focus) == node_at(root, path)


def test_blocks_go_twenty_deep_and_no_deeper():
    root, path = EMPTY.root, ()
    for _ in range(30):
        root, path = apply(root, "block", path)
        path = path[:-1] if isinstance(node_at(root, path), Test) else path
    assert depth(root) == MAX_NESTING
    deepest = max(paths(root), key=len)
    assert apply(root, "nest", deepest) == (root, deepest)
    document = {"conditions": conditions_of(root, "fr"), "actions": []}
    assert str(document).count("'any'") + str(document).count("'all'") == MAX_NESTING


def test_an_edit_that_is_none_or_nowhere_changes_nothing():
    assert apply(EMPTY.root, "explode", ()) == (EMPTY.root, ())
    assert apply(EMPTY.root, "remove", (7, 7)) == (EMPTY.root, (7, 7))
    assert set(EDITS) == {"condition", "block", "remove", "duplicate", "up", "down", "nest", "unnest"}


def test_a_lone_comparison_is_a_rule_too_and_grows_into_a_block():
    document = canonical(
        {
            "conditions": {"name": "is_first_order", "operator": "is_true"},
            "actions": [{"name": "hold", "params": {"reason": "x"}}],
        }
    )
    form = form_of(document, "fr")
    assert isinstance(form.root, Test) and document_of(form, "fr") == document
    grown, focus = apply(form.root, "condition", ())
    assert (focus, [each.fact for each in grown.members]) == ((1,), ["is_first_order", "order_value"])
    assert apply(form.root, "remove", ()) == (Block("all"), ())
