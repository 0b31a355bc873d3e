"""The store: any version can be looked up, none ever changes."""

from datetime import timedelta

import pytest

from houblon.rules.model.entry import Entry
from houblon.rules.model.statements import Edit, Statement
from houblon.rules.policies import Policies
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.publish import publish
from houblon.rules.publishing.schedule import schedule
from houblon.rules.store.documents import ENTRIES_KEPT, UnknownVersion, open_store
from houblon.rules.store.history import Lost
from houblon.rules.store.storage import CrashSafeStorage
from tests.clock import START
from tests.rules.documents import TRANSBROUE, content, group, hold, published, tous


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


def test_an_empty_store_has_no_version(store):
    assert store.versions() == ()
    for ask in (store.newest, lambda: store.in_force(START), lambda: store.content(1), lambda: store.version(0)):
        with pytest.raises(UnknownVersion):
            ask()


def test_every_version_holds_what_was_published_then(store, tmp_path):
    published(store, tous())
    for number in range(2, 8):
        published(store, group(f"g{number}", number), group("change", 100, acceptance_minimum_items=number))
    for reopened in (store, open_store(tmp_path)):
        for number in range(2, 8):
            found = reopened.content(number)
            assert set(found.groups) == {"tous", "change", *(f"g{each}" for each in range(2, number + 1))}
            assert found.groups["change"].settings["acceptance.minimum_items"] == number


def test_a_version_is_parsed_once_and_shares_what_it_has_in_common(store):
    published(store, tous(), group("bars", 5))
    published(store, group("epiceries", 6))
    assert store.content(1) is store.content(1)
    assert store.content(1).groups["bars"] is store.content(2).groups["bars"]


def test_changing_what_the_store_gave_changes_nothing_in_it(store, tmp_path):
    published(store, tous(), group("bars", 5, {"gros": hold("x")}, acceptance_mode="manual"))
    publish(store, [Edit("cycle", "transbroue", TRANSBROUE)], author="anne", note="", at=START)
    found = content(store)
    found.groups["bars"].document["settings"]["acceptance.mode"] = "automatic"
    for kind in ("group", "cycle", "scenario"):
        found.documents(kind).clear()
    for frozen in (found.groups, found.groups["bars"].settings, found.groups["bars"].rules, found.cycles):
        with pytest.raises(TypeError):
            frozen["bars"] = None
    for reopened in (store, open_store(tmp_path)):
        assert content(reopened).groups["bars"].document["settings"] == {"acceptance.mode": "manual"}


def test_the_version_in_force_is_the_last_one_effective_by_then(store):
    hour = timedelta(hours=1)
    published(store, tous(), at=START)
    published(store, group("bars", 5), at=START + 10 * hour)
    published(store, group("vip", 6), at=START + 10 * hour)
    numbers = {hours: store.in_force(START + hours * hour).number for hours in (-1, 0, 9, 10, 11)}
    assert numbers == {-1: 1, 0: 1, 9: 1, 10: 3, 11: 3}


def test_two_open_stores_see_each_others_versions(store, tmp_path):
    other = open_store(tmp_path)
    published(store, tous())
    assert other.newest().number == 1
    published(other, group("bars", 5))
    assert "bars" in content(store).groups


def test_all_states_of_one_document_can_be_read(store):
    published(store, tous())
    published(store, group("bars", 5))
    published(store, group("vip", 7))
    published(store, group("bars", 6))
    publish(store, [Edit("group", "bars", None)], author="anne", note="", at=START)
    states = [(row["version"], row["document"] and row["document"]["rank"]) for row in store.rows_of("group", "bars")]
    assert states == [(2, 5), (4, 6), (5, None)]
    assert store.rows_of("group", "nulle-part") == ()


def test_a_policy_is_resolved_once_and_follows_the_versions(store):
    policies = Policies(store)
    published(store, tous(), group("bars", 5, acceptance_mode="automatic"))
    first = policies.policy(("bars", "tous"), 1)
    assert policies.policy(("bars", "tous"), 1) is first
    published(store, group("bars", 5, acceptance_mode="manual"))
    number = policies.in_force(START + timedelta(days=9)).number
    assert policies.policy(("bars", "tous"), number).settings["acceptance.mode"].value == "manual"
    assert policies.policy(("bars", "tous"), 1) is first
    with pytest.raises(UnknownVersion):
        policies.policy(("tous",), 3)


def test_what_counts_now_is_the_newest_version_whatever_the_clock_says(store):
    policies = Policies(store)
    published(store, tous())
    published(store, group("bars", 5), at=START + timedelta(days=2))
    assert policies.live(START).version.number == 2, "a clock that went back brings no earlier one back"
    made = begin(store, "Été", by="anne", at=START + timedelta(days=2))
    revise(store, made.id, [Statement("group", "bars", "rank", 6)], by="anne", at=START + timedelta(days=2))
    due = START + timedelta(days=9)
    schedule(store, made.id, effective_from=due, by="anne", at=START + timedelta(days=2))
    assert policies.live(due - timedelta(seconds=1)).groups["bars"].rank == 5
    assert policies.scheduled_content(due).groups["bars"].rank == 6 and len(store.versions()) == 2
    assert policies.live(due).groups["bars"].rank == 6
    assert policies.content(2).groups["bars"].rank == 5


def test_an_audit_entry_waits_with_its_act_until_it_is_known_to_be_copied(store):
    def entry(number, reference):
        return Entry(START, "anne", "shell", "proposal.begun", f"p-{number}", reference=reference)

    with pytest.raises(ValueError, match="no reference"), store.writing() as writer:
        writer.note(entry(0, None))
    for number in range(ENTRIES_KEPT + 3):
        with store.writing() as writer:
            writer.note(entry(number, f"r-{number}"))
        store.copied = store.copied | {f"r-{number}"}
    waiting = [each.reference for each in store.history().entries]
    assert waiting == [f"r-{number}" for number in range(2, ENTRIES_KEPT + 3)]


def test_a_restored_store_forgets_the_version_that_was_lost(store, tmp_path):
    policies = Policies(store)
    published(store, tous())
    published(store, group("bars", 5, acceptance_mode="automatic"))
    assert policies.policy(("bars", "tous"), 2).settings["acceptance.mode"].value == "automatic"
    for name in ("rules.json", "rules.json.twin"):
        (tmp_path / name).write_bytes(b"damaged")
    CrashSafeStorage(tmp_path / "rules.json").restore_last_good()
    published(open_store(tmp_path), group("bars", 5, acceptance_mode="manual"), at=START + timedelta(days=3))
    assert store.content(2).groups["bars"].settings["acceptance.mode"] == "manual"
    assert policies.policy(("bars", "tous"), 2).settings["acceptance.mode"].value == "manual"


def test_the_number_of_a_version_that_is_lost_is_never_given_anew(store):
    published(store, tous())
    lost = [Lost(number, f"sha256:{number}", START) for number in (2, 3)]
    with store.writing() as writer:
        writer.give_up(lost)
    assert (store.newest().number, store.history().next_number, store.history().lost) == (1, 4, tuple(lost))
    made = published(store, group("bars", 5, acceptance_mode="automatic"))
    assert made.number == 4 and store.history().before(4) == 1 and store.history().before(1) is None
    assert "bars" in store.content(4).groups and "bars" not in store.content(1).groups
    for number in (0, 2, 3, 5):
        with pytest.raises(UnknownVersion):
            store.content(number)
    assert published(store, group("bars", 5, acceptance_mode="manual")).number == 5
