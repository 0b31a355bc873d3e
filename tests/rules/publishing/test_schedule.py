"""What is scheduled: a proposal until its moment, a version from then on, a draft again when it clashes."""

from datetime import timedelta

import pytest

from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.statements import Edit
from houblon.rules.policies import Policies
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.proposals import approve
from houblon.rules.publishing.publish import publish, publish_proposal, roll_back
from houblon.rules.publishing.schedule import schedule, withdraw
from houblon.rules.publishing.timeline import lacking_approval, planned_content
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import content, group, published, tous
from tests.rules.publishing.test_proposals import raised, say

NOW = START + timedelta(days=10)
ASKED = CheckContext(approval=True)
JUNE, JULY = NOW + timedelta(days=30), NOW + timedelta(days=60)


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(acceptance_mode="automatic"), group("bars", 5, acceptance_minimum_items=12))
    return store


def planned(store, moment, *statements, name="Été"):
    made = begin(store, name, by="anne", at=NOW)
    revise(store, made.id, statements, by="anne", at=NOW)
    return schedule(store, made.id, effective_from=moment, by="anne", at=NOW)


def minimum(version_content):
    return version_content.groups["bars"].settings["acceptance.minimum_items"]


def test_the_engine_picks_the_version_in_force_at_each_instant(store):
    planned(store, JUNE, say("acceptance.minimum_items", 6))
    policies = Policies(store)
    assert policies.in_force(JUNE - timedelta(microseconds=1)).number == 1
    version = policies.in_force(JUNE + timedelta(hours=1))
    assert (version.number, version.effective_from, version.published_at) == (2, JUNE, JUNE + timedelta(hours=1))
    assert policies.in_force(JUNE - timedelta(seconds=1)).number == 1
    assert store.history().proposals["ete"].state == "published" and store.history().next_due is None


def test_what_is_due_is_published_in_the_order_of_its_dates(store):
    planned(store, JULY, say("rank", 9), name="Juillet")
    planned(store, JUNE, say("acceptance.minimum_items", 6), name="Juin")
    Policies(store).in_force(JULY + timedelta(days=1))
    assert [(each.note, each.effective_from) for each in store.versions()[1:]] == [("Juin", JUNE), ("Juillet", JULY)]


def test_a_publication_after_the_moment_comes_after_what_was_due(store):
    planned(store, JUNE, say("acceptance.minimum_items", 6))
    published(store, group("vip", 8), at=JULY)
    assert [each.note for each in store.versions()[1:]] == ["Été", ""]
    assert minimum(content(store)) == 6


def test_the_future_can_be_looked_at_and_nothing_is_written(store):
    planned(store, JUNE, say("acceptance.minimum_items", 6), name="Juin")
    planned(store, JULY, say("acceptance.mode", "manual"), name="Juillet")
    before = store.history()
    assert [minimum(planned_content(before, at)) for at in (NOW, JUNE, JULY)] == [12, 6, 6]
    seen = planned_content(before, JULY)
    assert (seen.version.number, seen.version.effective_from) == (3, JULY)
    assert seen.groups["bars"].since["acceptance.mode"] == 3
    assert store.history() is before


def test_it_can_be_withdrawn_and_is_a_draft_again_that_keeps_its_approval(store):
    made = begin(store, "Été", by="anne", at=NOW)
    revise(store, made.id, [say("rank", 6)], by="anne", at=NOW)
    assert raised(schedule, store, made.id, effective_from=JUNE, by="anne", at=NOW, check_context=ASKED) == {
        ("approval_required", "")
    }
    approve(store, made.id, by="chef", at=NOW)
    schedule(store, made.id, effective_from=JUNE, by="anne", at=NOW, check_context=ASKED)
    assert raised(revise, store, made.id, [say("rank", 7)], by="anne", at=NOW) == {("state", "")}
    back = withdraw(store, made.id, at=NOW)
    assert (back.state, back.effective_from, back.approval.by) == ("open", None, "chef")
    assert Policies(store).in_force(JULY).number == 1


def test_what_is_planned_without_a_second_person_is_told_and_who_has_a_part_in_it(store):
    alone = planned(store, JUNE, say("rank", 8), name="Juin")
    made = begin(store, "Juillet", by="anne", at=NOW)
    revise(store, made.id, [say("acceptance.minimum_items", 6)], by="bo", at=NOW)
    approve(store, made.id, by="chef", at=NOW)
    agreed = schedule(store, made.id, effective_from=JULY, by="dan", at=NOW)
    assert [each.id for each in lacking_approval(store.history())] == [alone.id]
    assert agreed.people == ("anne", "bo", "chef", "dan") and alone.people == ("anne",)


def test_a_moment_that_is_past_is_refused(store):
    made = begin(store, "Été", by="anne", at=NOW)
    revise(store, made.id, [say("rank", 6)], by="anne", at=NOW)
    for moment in (NOW, NOW - timedelta(days=1)):
        assert raised(schedule, store, made.id, effective_from=moment, by="anne", at=NOW) == {
            ("date", "/effective_from")
        }


def test_what_is_published_meanwhile_at_the_same_place_makes_it_a_draft_without_approval(store):
    made = begin(store, "Été", by="anne", at=NOW)
    revise(store, made.id, [say("acceptance.minimum_items", 6), say("rank", 6)], by="anne", at=NOW)
    approve(store, made.id, by="chef", at=NOW)
    schedule(store, made.id, effective_from=JUNE, by="anne", at=NOW, check_context=ASKED)
    published(store, group("bars", 5, acceptance_minimum_items=36), at=NOW)
    flagged = store.history().proposals["ete"]
    assert (flagged.state, flagged.approval, flagged.effective_from) == ("open", None, None)
    assert [(each.code, each.version, each.is_sent) for each in flagged.notices] == [("conflict", 2, False)]
    assert Policies(store).in_force(JULY).number == 2
    assert raised(publish_proposal, store, made.id, by="anne", at=NOW) == {
        ("conflict", "/groups/bars/settings/acceptance.minimum_items")
    }


def test_what_is_published_elsewhere_leaves_it_planned(store):
    planned(store, JUNE, say("acceptance.minimum_items", 6))
    published(store, group("bars", 9, acceptance_minimum_items=12), at=NOW)
    assert store.history().proposals["ete"].state == "scheduled"
    Policies(store).in_force(JUNE)
    assert (content(store).groups["bars"].rank, minimum(content(store))) == (9, 6)


def test_a_rollback_of_the_same_place_makes_it_a_draft(store):
    published(store, group("bars", 5, acceptance_minimum_items=36), at=NOW)
    planned(store, JUNE, say("acceptance.minimum_items", 6))
    roll_back(store, 1, by="anne", at=NOW)
    flagged = store.history().proposals["ete"]
    assert (flagged.state, flagged.notices[0].code) == ("open", "rolled_back")


def test_people_are_told_at_once_when_a_planned_change_no_longer_fits(store):
    planned(store, JUNE, say("rank", 8))
    published(store, group("vip", 8), at=NOW)
    flagged = store.history().proposals["ete"]
    assert (flagged.state, flagged.notices[0].code) == ("open", "invalid")
    assert Policies(store).in_force(JUNE).number == 2


def test_one_that_fails_at_its_moment_is_a_draft_with_a_notice_and_orders_go_on(store):
    planned(store, JUNE, say("acceptance.minimum_items", 6))
    scenario = {"id": "bar", "name": "Un bar", "order": ORDER, "expect": {"outcome": "held"}}
    publish(store, [Edit("scenario", "bar", scenario)], author="bo", note="", at=NOW)
    assert Policies(store).in_force(JUNE).number == 2
    flagged = store.history().proposals["ete"]
    assert (flagged.state, flagged.notices[0].code) == ("open", "invalid")


ORDER = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "bar-1", "groups": ["bars"]},
    "lines": [{"sku": "IPA-24", "quantity": 8, "unit_price": "54.00"}],
}
