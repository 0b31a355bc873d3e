"""What differs between two versions, and the edits that lead back."""

from hypothesis import given
from hypothesis import strategies as st

from houblon.rules.model.changes import Change, changes, changes_of, edits_to
from houblon.rules.model.statements import ABSENT, document_of, statements_of
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import TRANSBROUE, content, edits, group, hold, published, tous


def test_every_statement_that_differs_is_told_once(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(acceptance_minimum_items=24), group("bars", 10, rules={"gros": hold("x")}))
    published(
        store,
        tous(acceptance_minimum_items=12),
        {**group("bars", 20, acceptance_mode="manual"), "rules": {"gros": None}},
    )
    found = {(each.id, each.path): (each.before, each.after) for each in changes(store.content(1), store.content(2))}
    assert found[("tous", "acceptance.minimum_items")] == (24, 12)
    assert found[("bars", "rank")] == (10, 20)
    assert found[("bars", "acceptance.mode")] == (ABSENT, "manual")
    assert found[("bars", "rules/gros")][1] is None
    assert len(found) == 4


def test_a_document_that_comes_or_goes_is_one_change(tmp_path):
    store = open_store(tmp_path)
    published(store, tous())
    publish(store, edits(TRANSBROUE, kind="cycle"), author="anne", note="", at=START)
    (come,) = changes(store.content(1), store.content(2))
    assert (come.kind, come.id, come.path, come.before) == ("cycle", "transbroue", "", ABSENT)
    (gone,) = changes(store.content(2), store.content(1))
    assert gone.after is ABSENT and gone == Change("cycle", "transbroue", "", come.after, ABSENT)


def test_every_kind_of_document_is_the_sum_of_its_statements():
    for kind, document in (
        ("cycle", TRANSBROUE),
        ("group", group("bars", 5, {"gros": None}, acceptance_mode="manual")),
    ):
        assert document_of(kind, document["id"], statements_of(kind, document)) == document


def test_a_document_that_neither_has_is_no_change():
    assert list(changes_of("cycle", "x", None, None)) == [] and statements_of("group", None) == {}
    assert repr(ABSENT) == "ABSENT"


groups = st.dictionaries(
    st.sampled_from(["bars", "risque", "epiceries"]),
    st.fixed_dictionaries(
        {},
        optional={
            "acceptance_mode": st.sampled_from(["manual", "automatic"]),
            "acceptance_minimum_items": st.sampled_from([None, 1, 24]),
        },
    ),
)


@given(groups, groups)
def test_the_edits_lead_exactly_back_and_content_is_told_the_same(tmp_path_factory, first, second):
    store = open_store(tmp_path_factory.mktemp("retour"))
    ranks = {"bars": 10, "risque": 20, "epiceries": 30}
    published(store, tous(), *(group(id, ranks[id], **settings) for id, settings in first.items()))
    published(store, tous(), *(group(id, ranks[id], **settings) for id, settings in second.items()))
    back = publish(store, edits_to(content(store), store.content(1)), author="anne", note="", at=START)
    assert changes(store.content(1), content(store)) == ()
    assert back.hash == store.version(1).hash
