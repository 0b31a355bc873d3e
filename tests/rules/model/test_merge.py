"""Both sides' changes of one document, statement by statement."""

from hypothesis import given
from hypothesis import strategies as st

from houblon.rules.model.merge import merge
from houblon.rules.model.statements import ABSENT, Statement, document_of, pointer_of, stated, statements_of
from tests.rules.documents import group, hold

PATHS = ["name", "rank", "acceptance.mode", "acceptance.minimum_items", "rules/gros", "rules/vite"]
documents = st.dictionaries(st.sampled_from(PATHS), st.one_of(st.none(), st.integers(0, 3)), max_size=6).map(
    lambda statements: document_of("group", "bars", statements)
)


def test_what_each_side_changed_alone_is_kept():
    before = group("bars", 5, {"gros": hold("x")}, acceptance_mode="manual")
    mine = group("bars", 5, {"gros": hold("x")}, acceptance_mode="automatic")
    theirs = group("bars", 9, {"vite": None}, acceptance_mode="manual")
    merged = merge("group", "bars", before, mine, theirs)
    assert merged.conflicts == ()
    assert merged.document == group("bars", 9, {"vite": None}, acceptance_mode="automatic")


def test_a_statement_that_both_changed_otherwise_is_a_clash_and_mine_stands():
    before, mine, theirs = (group("bars", 5, acceptance_minimum_items=count) for count in (24, 12, 36))
    merged = merge("group", "bars", before, mine, theirs)
    assert [(each.path, each.before, each.mine, each.theirs) for each in merged.conflicts] == [
        ("acceptance.minimum_items", 24, 12, 36)
    ]
    assert merged.document == mine


def test_taking_back_what_others_changed_is_a_clash():
    before, mine, theirs = group("bars", 5, acceptance_minimum_items=24), group("bars", 5), None
    assert merge("group", "bars", before, mine, theirs).conflicts[0].path == ""
    theirs = group("bars", 5, acceptance_minimum_items=None)
    (conflict,) = merge("group", "bars", before, mine, theirs).conflicts
    assert (conflict.mine, conflict.theirs) == (ABSENT, None)


@given(documents, documents)
def test_who_changed_nothing_gets_what_the_other_did(before, after):
    assert merge("group", "bars", before, before, after).document == after
    assert merge("group", "bars", before, after, before).document == after
    assert merge("group", "bars", before, after, after) == merge("group", "bars", before, after, before)


@given(documents, documents, documents)
def test_a_merge_is_the_same_from_both_sides_but_for_whose_clashes_stand(before, mine, theirs):
    one, other = merge("group", "bars", before, mine, theirs), merge("group", "bars", before, theirs, mine)
    assert {each.path for each in one.conflicts} == {each.path for each in other.conflicts}
    settled = one.document
    for conflict in one.conflicts:
        settled = stated(settled, Statement("group", "bars", conflict.path, conflict.theirs))
    assert statements_of("group", settled) == statements_of("group", other.document)


@given(documents)
def test_a_document_is_its_statements(document):
    assert document_of("group", "bars", statements_of("group", document)) == document


def test_every_statement_has_a_place():
    assert pointer_of("group", "bars", "acceptance.mode") == "/groups/bars/settings/acceptance.mode"
    assert pointer_of("group", "bars", "rules/gros") == "/groups/bars/rules/gros"
    assert pointer_of("group", "bars", "rank") == "/groups/bars/rank"
    assert pointer_of("cycle", "transbroue", "rrule") == "/cycles/transbroue/rrule"
    assert pointer_of("scenario", "a", "") == "/scenarios/a"
