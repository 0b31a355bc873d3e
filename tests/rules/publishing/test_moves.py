"""Memberships that come with a version are content: compared, agreed to, checked, and in force with it."""

from datetime import timedelta

import pytest

from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.moves import Move
from houblon.rules.model.proposal import hash_of
from houblon.rules.policies import Policies
from houblon.rules.publishing.drafts import MINE, THEIRS, begin, preview, resolve, revise
from houblon.rules.publishing.proposals import approve, rename
from houblon.rules.publishing.publish import publish, publish_proposal
from houblon.rules.publishing.schedule import schedule
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import content, edits, group, published, tous
from tests.rules.publishing.test_proposals import raised, say

NOW = START + timedelta(days=10)
LATER = NOW + timedelta(days=1)
ORDER = {
    "id": "cas",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "x"},
    "lines": [{"sku": "A", "quantity": 30, "unit_price": "50.00"}],
}
SCENARIO = {"id": "x-passe", "name": "x passe", "order": ORDER, "expect": {"outcome": "accepted"}}


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    strict = group("stricts", 9, acceptance_mode="manual")
    published(store, tous(acceptance_mode="automatic"), strict, group("bars", 5), group("cafes", 6))
    return store


def given(**memberships):
    return CheckContext(memberships={buyer: tuple(groups) for buyer, groups in memberships.items()})


def moving(store, kept, name="rangement", **memberships):
    said = {buyer: tuple(groups) for buyer, groups in memberships.items()}
    return begin(store, name, by="anne", at=NOW, memberships=said, kept=kept.memberships)


def put(store, proposal, context, at=NOW):
    return publish_proposal(store, proposal.id, by="anne", at=at, check_context=context)


def test_memberships_alone_are_a_change_that_their_version_tells(store):
    context = given(x=["cafes"])
    version = put(store, moving(store, context, x=["stricts", "bars"], y=["bars"]), context)
    told = open_store(store.storage.path.parent).history().moves[version.number]
    assert told == (Move("x", ("cafes",), ("bars", "stricts")), Move("y", (), ("bars",)))
    assert store.history().brought(version.number - 1, version.number) == {"x": ("bars", "stricts"), "y": ("bars",)}


def test_memberships_that_change_nobody_are_no_change(store):
    context = given(x=["cafes"])
    assert raised(put, store, moving(store, context, x=["cafes"]), context) == {("empty", "")}


def test_what_is_agreed_to_names_who_moves_from_where_to_where(store):
    hashes = {
        hash_of(moving(store, given(x=before), x=after), content(store))
        for before, after in ((["cafes"], ["bars"]), (["bars"], ["cafes"]), ([], ["bars"]), (["cafes"], []))
    }
    assert len(hashes) == 4


def test_a_name_or_description_changed_after_the_approval_asks_for_another(store):
    made = moving(store, given(), x=["bars"])
    agreed = approve(store, made.id, by="luc", at=NOW)
    assert rename(store, made.id, made.name, made.description, at=NOW).approval == agreed.approval
    assert rename(store, made.id, "autre chose", "", at=NOW).approval is None


def test_a_proposal_s_memberships_are_checked_with_it(store):
    publish(store, edits(SCENARIO, kind="scenario"), author="anne", note="", at=NOW, check_context=given())
    made = moving(store, given(), x=["stricts"])
    assert preview(store.history(), made, NOW, {}).content.moved == {"x": ("stricts",)}
    assert raised(put, store, made, given()) == {("scenario", "/scenarios/x-passe")}


def test_somebody_moved_by_hand_meanwhile_is_asked_about(store):
    made = moving(store, given(x=["cafes"]), x=["bars"], y=["bars"])
    now = given(x=["stricts"])
    assert raised(put, store, made, now) == {("conflict", "/memberships/x")}
    where = ("membership", "x", "")
    left = resolve(store, made.id, {where: THEIRS}, by="anne", at=NOW, kept=now.memberships)
    assert left.memberships == {"y": ("bars",)}
    made = moving(store, given(x=["cafes"]), "encore", x=["bars"])
    kept = resolve(store, made.id, {where: MINE}, by="anne", at=NOW, kept=now.memberships)
    version = put(store, kept, now)
    assert store.history().moves[version.number] == (Move("x", ("stricts",), ("bars",)),)


def test_what_a_move_by_hand_breaks_stops_what_touches_its_chain_and_nothing_else(store):
    publish(store, edits(SCENARIO, kind="scenario"), author="anne", note="", at=NOW, check_context=given())
    broken = given(x=["stricts"])  # somebody moved x by a page: the scenario expects otherwise
    for group_id, is_stopped in (("bars", False), ("stricts", True), ("tous", True)):
        made = begin(store, group_id, by="anne", at=NOW)
        revise(store, made.id, [say("acceptance.minimum_items", 3, group_id)], by="anne", at=NOW)
        if is_stopped:
            assert raised(put, store, made, broken) == {("scenario", "/scenarios/x-passe")}
        else:
            put(store, made, broken)


def test_planned_memberships_come_into_force_with_their_version_for_whoever_decides(store):
    policies = Policies(store, lambda: given(x=["cafes"]))
    made = moving(store, given(x=["cafes"]), x=["stricts"])
    schedule(store, made.id, effective_from=LATER, by="anne", at=NOW, check_context=given(x=["cafes"]))
    before, groups = policies.live_for(LATER - timedelta(microseconds=1), "x", ("cafes",), 0)
    assert (before.version.number, groups) == (1, ("cafes",))
    # The ledger keeps nothing of it yet: it counts all the same, for the first that decides.
    after, groups = policies.live_for(LATER, "x", ("cafes",), 0)
    assert (after.version.number, groups) == (2, ("stricts",))
    # Once it does, what a person moved since stands.
    assert policies.live_for(LATER, "x", ("bars",), 2)[1] == ("bars",)
    # A process that saw the version before, and a ledger that is ahead of it: it looks again.
    other = Policies(open_store(store.storage.path.parent), given)
    assert other.live_for(LATER, "x", ("stricts",), 2)[0].version.number == 2
