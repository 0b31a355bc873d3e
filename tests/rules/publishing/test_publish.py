"""Publishing: checked as a whole, then the next version, or nothing at all."""

import subprocess
from datetime import timedelta

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import Conflict, publish
from houblon.rules.store.documents import Store, content_hash, open_store
from houblon.rules.store.storage import StorageFault
from tests.clock import START
from tests.rules.documents import TRANSBROUE, content, edits, faults, group, hold, published, tous
from tests.rules.store.kills import start_writer
from tests.rules.store.test_storage import FailingDisk


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(), base=0)
    return store


def refused(store: Store, *changes: Edit, **options):
    """The faults of a publication, which must have written nothing."""
    before, file = store.versions(), store.storage.path.read_bytes()
    with pytest.raises(Invalid) as invalid:
        publish(store, changes, author="anne", note="", at=START + timedelta(days=1), **options)
    assert store.versions() == before
    assert store.storage.path.read_bytes() == file
    return faults(invalid.value)


def test_a_version_says_who_made_it_when_why_and_what_it_holds(store):
    at = START + timedelta(days=1)
    version = publish(store, edits(group("bars", 5)), author="Anne", note="nouveau", at=at, base=1)
    assert (version.number, version.author, version.note) == (2, "Anne", "nouveau")
    assert version.published_at == version.effective_from == at
    found = content(store)
    kinds = ("group", "cycle", "scenario", "guardrail")
    assert version.hash == content_hash({kind: found.documents(kind) for kind in kinds})
    assert found.version == store.newest() == version


def test_the_same_content_has_the_same_hash_whatever_led_to_it(store, tmp_path):
    first = published(store, group("bars", 5))
    published(store, group("bars", 6))
    assert published(store, group("bars", 5)).hash == first.hash != store.version(3).hash


def test_one_version_changes_many_documents_of_every_kind_together(store):
    publish(
        store,
        [*edits(group("bars", 5), group("epiceries", 6)), Edit("cycle", "transbroue", TRANSBROUE)],
        author="anne",
        note="",
        at=START,
    )
    found = content(store)
    assert (found.version.number, set(found.groups), set(found.cycles)) == (
        2,
        {"tous", "bars", "epiceries"},
        {"transbroue"},
    )


def test_every_fault_of_every_document_is_told_at_once_and_nothing_is_written(store):
    assert refused(
        store,
        *edits(group("bars", 0), group("epiceries", 5, acceptance_mode="jamais"), group("vip", 7)),
        Edit("cycle", "transbroue", {**TRANSBROUE, "rrule": 7}),
        Edit("group", "autre", group("vip-2", 8)),
        Edit("group", "liste", ["x"]),  # type: ignore[arg-type]
        Edit("group", "tous", None),
    ) == {
        ("range", "/groups/bars/rank"),
        ("unknown_option", "/groups/epiceries/settings/acceptance.mode"),
        ("rrule", "/cycles/transbroue/rrule"),
        ("id", "/groups/autre/id"),
        ("type", "/groups/liste"),
        ("base", "/groups/tous"),
    }


@pytest.mark.parametrize("name", ["Tous", "TOUS", "Тоuѕ", "ᎢOUᏚ", "Groupe bars", "Groupe ЬARS", "groupe  BARS"])
def test_nobody_takes_the_name_of_another_group(store, name):
    published(store, group("bars", 9))
    assert refused(store, *edits({**group("faux", 7), "name": name})) == {("name_taken", "/groups/faux/name")}


def test_tous_stays_the_only_tous_when_it_is_renamed(store):
    published(store, {**tous(), "name": "Tout le monde"})
    assert refused(store, *edits({**group("faux", 7), "name": "Tous"})) == {("name_taken", "/groups/faux/name")}
    assert refused(store, *edits({**group("faux", 7), "name": "Tout le Monde"})) == {
        ("name_taken", "/groups/faux/name")
    }


def test_ranks_are_unique_and_may_be_swapped_in_one_version(store):
    published(store, group("bars", 5), group("epiceries", 6))
    assert refused(store, *edits(group("vip", 6))) in (
        {("rank_taken", "/groups/vip/rank")},
        {("rank_taken", "/groups/epiceries/rank")},
    )
    published(store, group("bars", 6), group("epiceries", 5))
    assert [each.id for each in content(store).ranked()] == ["bars", "epiceries", "tous"]


def test_other_terms_with_automatic_invoicing_are_refused_where_inheritance_brings_them_together(store):
    other = {"kind": "other", "label": {"fr": "Consigne", "en": "Consignment"}}
    published(store, group("consigne", 5, invoicing_terms=other))
    assert refused(store, *edits(tous(invoicing_trigger="on_acceptance"))) == {
        ("terms_without_due_date", "/groups/consigne/settings/invoicing.terms")
    }
    published(
        store, tous(invoicing_trigger="on_acceptance"), group("consigne", 5, invoicing_terms={"kind": "net", "days": 7})
    )


def test_a_stale_edit_is_a_conflict_that_names_both_versions(store):
    published(store, group("bars", 5), base=1)
    with pytest.raises(Conflict) as conflict:
        published(store, group("bars", 6), base=1)
    assert (conflict.value.base, conflict.value.newest) == (1, 2)
    assert content(store).groups["bars"].rank == 5


def test_a_first_version_without_tous_is_refused(tmp_path):
    with pytest.raises(Invalid) as invalid:
        published(open_store(tmp_path), group("bars", 5))
    assert faults(invalid.value) == {("base", "/groups/tous")}
    assert open_store(tmp_path).versions() == ()


def test_a_group_that_is_removed_is_gone_from_then_on_only(store):
    published(store, group("bars", 5))
    publish(store, [Edit("group", "bars", None)], author="anne", note="", at=START + timedelta(days=1))
    assert "bars" in store.content(2).groups
    assert "bars" not in store.content(3).groups
    published(store, group("bars", 5, acceptance_mode="manual"))
    assert content(store).groups["bars"].since == {"acceptance.mode": 4}


def test_a_statement_names_the_version_that_last_changed_it(store):
    published(store, group("bars", 5, {"gros": hold("x"), "vite": None}, acceptance_mode="manual"))
    published(store, group("bars", 9, {"gros": hold("y"), "vite": None}, acceptance_mode="manual"))
    published(store, group("bars", 9, {"gros": hold("y")}, acceptance_mode="manual", acceptance_minimum_items=6))
    published(store, group("bars", 9, {"gros": hold("y")}, acceptance_mode="automatic", acceptance_minimum_items=6))
    assert [dict(store.content(number).groups["bars"].since) for number in (2, 3, 4, 5)] == [
        {"acceptance.mode": 2, "rules/gros": 2, "rules/vite": 2},
        {"acceptance.mode": 2, "rules/gros": 3, "rules/vite": 2},
        {"acceptance.mode": 2, "rules/gros": 3, "acceptance.minimum_items": 4},
        {"acceptance.mode": 5, "rules/gros": 3, "acceptance.minimum_items": 4},
    ]
    assert set(content(store).groups["tous"].since.values()) == {1}


def test_a_full_disk_refuses_the_version_and_keeps_the_last_one(tmp_path):
    published(open_store(tmp_path), tous())
    store = Store(tmp_path, FailingDisk(1, 28))
    with pytest.raises(StorageFault, match="nothing changed"):
        published(store, group("bars", 5))
    assert [version.number for version in store.versions()] == [1]
    assert set(content(store).groups) == {"tous"}


def test_two_processes_publishing_lose_no_version(store, tmp_path):
    writers: list[subprocess.Popen[str]] = [start_writer(tmp_path, name, "12", what="versions") for name in "ab"]
    answers = [writer.communicate(timeout=60)[0].split()[1:] for writer in writers]
    numbers = sorted(int(number) for each in answers for number in each)
    assert numbers == list(range(2, 26))
    assert [version.number for version in store.versions()] == list(range(1, 26))
    assert len(content(store).groups) == 25
