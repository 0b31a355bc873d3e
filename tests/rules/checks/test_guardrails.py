"""Guardrails of a content: of which chains they are proved, when one stops a publication, and what is proved once."""

from datetime import timedelta

import pytest

from houblon.engine.core.problem import Invalid
from houblon.engine.proofs import prove
from houblon.rules.checks.check_context import CheckContext
from houblon.rules.checks.guardrails import prove_guardrails
from houblon.rules.model.guardrail import claims_nothing, guardrail_of
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import content, edits, faults, group, published, tous


def guardrail(id="g", claim=None, **members):
    label = {"fr": "Jamais sous 100 $", "en": "Never under $100"}
    return Edit("guardrail", id, {"id": id, "label": label, "claim": claim or {"never": "accepted"}, **members})


UNDER = {"all": [{"name": "order_value", "operator": "less_than", "value": 100}]}


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    automatic = tous(acceptance_mode="automatic", acceptance_minimum_value="200")
    publish(
        store,
        [*edits(automatic, group("bars", 5), group("risque", 9)), guardrail(when=UNDER)],
        author="anne",
        note="",
        at=START,
    )
    return store


def proofs(store, **context):
    found = prove_guardrails(content(store), CheckContext(**context))
    return {(each.guardrail, each.chain): each.proof.result for each in found}


def put(store, *changes, **options):
    return publish(store, changes, author="anne", note="", at=START + timedelta(days=1), **options)


def test_each_group_alone_and_each_chain_of_a_real_buyer_is_asked_about(store):
    kept = {"a": ("bars", "risque"), "b": ("bars",)}
    assert proofs(store, memberships=kept) == {
        ("g", ("tous",)): "proved",
        ("g", ("bars", "tous")): "proved",
        ("g", ("risque", "tous")): "proved",
        ("g", ("risque", "bars", "tous")): "proved",
    }


def test_one_of_a_group_speaks_of_the_chains_that_hold_it_and_of_no_other(store):
    put(store, guardrail("h", {"never": "refused"}, group="bars"))
    kept = {"a": ("bars", "risque")}
    assert [chain for id, chain in proofs(store, memberships=kept) if id == "h"] == [
        ("bars", "tous"),
        ("risque", "bars", "tous"),
    ]


def test_an_edit_that_breaks_one_is_not_published_and_the_order_that_breaks_it_is_told(store):
    before = store.versions()
    with pytest.raises(Invalid) as invalid:
        put(store, *edits(group("bars", 5, acceptance_minimum_value="50")))
    assert faults(invalid.value) == {("guardrail", "/guardrails/g")}
    assert "Groupe bars > Tous" in invalid.value.problems[0].message.fr
    assert store.versions() == before


def test_one_that_does_not_hold_is_not_published_itself(store):
    with pytest.raises(Invalid) as invalid:
        put(store, guardrail("h", {"never": "held"}))
    assert faults(invalid.value) == {("guardrail", "/guardrails/h")}
    assert put(store, guardrail("h", {"never": "refused"})).number == 2


def test_one_that_names_a_group_that_is_not_there_is_refused(store):
    with pytest.raises(Invalid) as invalid:
        put(store, guardrail("h", {"not_looser_than": "amis"}, group="vip"))
    assert faults(invalid.value) == {
        ("unknown_group", "/guardrails/h/group"),
        ("unknown_group", "/guardrails/h/claim/not_looser_than"),
    }
    put(store, guardrail("h", {"never": "refused"}, group="bars"))
    with pytest.raises(Invalid) as invalid:
        put(store, Edit("group", "bars", None))
    assert faults(invalid.value) == {("unknown_group", "/guardrails/h/group")}


def test_a_chain_that_did_not_change_is_not_proved_twice(store, monkeypatch):
    asked = []
    answer_all = prove.answer_all

    def counted(questions, *rest):
        questions = list(questions)
        asked.append(sorted(question.policy.chain for question in questions))
        return answer_all(questions, *rest)

    monkeypatch.setattr(prove, "answer_all", counted)
    proofs(store)
    asked.clear()
    put(store, *edits(group("bars", 5, acceptance_minimum_value="150")))
    assert asked == [[("bars", "tous")]]
    proofs(store)
    assert asked == [[("bars", "tous")]]


def test_a_broken_one_that_an_edit_does_not_touch_holds_nothing_up(store):
    """Each of the two groups keeps it alone; who is in both has neither the minimum nor the rule."""
    under = {"conditions": UNDER, "actions": [{"name": "hold", "params": {"reason": "petite"}}]}
    both = [group("bars", 5, {"garde": None}), group("vip", 3, {"garde": under}, acceptance_minimum_value=None)]
    assert put(store, *edits(*both)).number == 2
    context = CheckContext(memberships={"a": ("bars", "vip")})
    assert [
        chain for (_, chain), result in proofs(store, memberships={"a": ("bars", "vip")}).items() if result == "broken"
    ] == [("bars", "vip", "tous")]
    put(store, *edits(group("risque", 9, invoicing_tax_exempt=True)), check_context=context)
    with pytest.raises(Invalid) as invalid:
        put(store, *edits(group("vip", 4, both[1]["rules"], acceptance_minimum_value=None)), check_context=context)
    assert faults(invalid.value) == {("guardrail", "/guardrails/g")}


def test_one_of_the_days_when_they_claimed_nothing_is_no_guardrail():
    old = {"id": "g", "name": "Garde-fou"}
    assert claims_nothing(old) and guardrail_of(old) is None
    assert not claims_nothing({**old, "claim": {"never": "refused"}})


def test_the_publication_of_a_house_without_guardrails_does_not_ask(tmp_path, monkeypatch):
    monkeypatch.setattr(prove, "answer_all", None)
    store = open_store(tmp_path)
    published(store, tous())
    assert store.newest().number == 1
