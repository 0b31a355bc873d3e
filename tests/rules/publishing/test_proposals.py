"""Proposals: kept while people work, merged with what others publish, approved to the letter."""

from datetime import timedelta

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.names import id_of
from houblon.rules.model.proposal import UnknownProposal, hash_of, rebase
from houblon.rules.model.statements import ABSENT, Edit, Statement
from houblon.rules.publishing import proposals
from houblon.rules.publishing.drafts import MINE, THEIRS, begin, preview, preview_statements, resolve, revise
from houblon.rules.publishing.proposals import Stale, approve
from houblon.rules.publishing.publish import Conflict, publish, publish_proposal, roll_back
from houblon.rules.publishing.schedule import schedule
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import content, edits, faults, group, hold, published, tous

NOW = START + timedelta(days=10)
ASKED = CheckContext(approval=True)
LATER = NOW + timedelta(days=30)


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(acceptance_mode="automatic"), group("bars", 5, acceptance_minimum_items=12))
    return store


def say(path, value, id="bars", kind="group"):
    return Statement(kind, id, path, value)


def draft(store, *statements, name="Été 2026", by="anne"):
    made = begin(store, name, by=by, at=NOW)
    return revise(store, made.id, statements, by=by, at=NOW) if statements else made


def raised(work, *arguments, **named):
    with pytest.raises(Invalid) as invalid:
        work(*arguments, **named)
    return faults(invalid.value)


def test_a_proposal_is_kept_and_changes_nothing_in_force(store):
    made = draft(store, say("acceptance.minimum_items", 6), say("acceptance.minimum_items", 18, "tous"))
    again = open_store(store.storage.path.parent).history().proposal(made.id)
    assert again == made and (made.id, made.revision, made.editors) == ("ete-2026", 2, ("anne",))
    assert store.newest().number == 1
    shown = preview(store.history(), made, NOW).content
    assert [shown.groups[id].settings["acceptance.minimum_items"] for id in ("bars", "tous")] == [6, 18]


def test_several_are_open_at_once_under_their_own_ids(store):
    ids = [draft(store).id for _ in range(3)]
    assert len(set(ids)) == 3 == len(store.history().proposals)
    assert id_of("Été 2026", ids) not in ids


def test_a_bad_statement_is_refused_at_its_place_and_nothing_of_the_others_is_kept(store):
    made = draft(store)
    assert raised(
        revise,
        store,
        made.id,
        [say("rank", 7), say("acceptance.minimum_items", 0), say("rank", 3, "parti")],
        by="a",
        at=NOW,
    ) == {("unknown", "/groups/parti")}
    assert raised(revise, store, made.id, [say("rank", 7), say("acceptance.minimum_items", 0)], by="a", at=NOW) == {
        ("range", "/groups/bars/settings/acceptance.minimum_items")
    }
    assert raised(revise, store, made.id, [say("", ABSENT, "tous")], by="a", at=NOW) == {("base", "/groups/tous")}
    assert store.history().proposal(made.id) == made


def test_a_statement_put_back_as_it_was_is_no_change(store):
    made = draft(store, say("acceptance.minimum_items", 6), say("acceptance.minimum_items", 12))
    assert made.edits == ()
    assert raised(publish_proposal, store, made.id, by="anne", at=NOW) == {("empty", "")}


def test_publishing_makes_the_version_and_closes_the_proposal(store):
    made = draft(store, say("acceptance.minimum_items", 6), say("rules/gros", hold("x")))
    version = publish_proposal(store, made.id, by="marie", at=NOW)
    assert (version.number, version.author, version.note, version.proposal) == (2, "marie", "Été 2026", "ete-2026")
    assert store.history().proposal(made.id).version == 2
    assert raised(publish_proposal, store, made.id, by="marie", at=NOW) == {("state", "")}
    assert raised(revise, store, made.id, [say("rank", 9)], by="anne", at=NOW) == {("state", "")}


def test_what_others_published_elsewhere_is_kept(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    published(store, group("bars", 9, acceptance_minimum_items=12, acceptance_mode="manual"), group("vip", 3))
    publish_proposal(store, made.id, by="anne", at=NOW)
    bars = content(store).groups["bars"]
    assert (bars.rank, bars.settings) == (9, {"acceptance.minimum_items": 6, "acceptance.mode": "manual"})
    assert "vip" in content(store).groups


def test_what_others_published_at_the_same_place_is_a_conflict_until_it_is_settled(store):
    made = draft(store, say("acceptance.minimum_items", 6), say("rank", 8))
    published(store, group("bars", 7, acceptance_minimum_items=36))
    places = {
        ("conflict", "/groups/bars/settings/acceptance.minimum_items"),
        ("conflict", "/groups/bars/rank"),
    }
    assert raised(publish_proposal, store, made.id, by="anne", at=NOW) == places
    one = {("group", "bars", "rank"): THEIRS}
    assert raised(resolve, store, made.id, one, by="anne", at=NOW) == {
        ("choice", "/groups/bars/settings/acceptance.minimum_items")
    }
    settled = resolve(store, made.id, {**one, ("group", "bars", "acceptance.minimum_items"): MINE}, by="anne", at=NOW)
    assert settled.base == 2
    publish_proposal(store, made.id, by="anne", at=NOW)
    assert (content(store).groups["bars"].rank, content(store).groups["bars"].settings) == (
        7,
        {"acceptance.minimum_items": 6},
    )


def test_a_group_that_others_removed_can_be_kept_or_let_go(store):
    kept, gone = (draft(store, say("acceptance.minimum_items", 6)) for _ in range(2))
    publish(store, [Edit("group", "bars", None)], author="bo", note="", at=NOW)
    resolve(store, gone.id, {("group", "bars", ""): THEIRS}, by="anne", at=NOW)
    assert store.history().proposal(gone.id).edits == ()
    resolve(store, kept.id, {("group", "bars", ""): MINE}, by="anne", at=NOW)
    publish_proposal(store, kept.id, by="anne", at=NOW)
    assert content(store).groups["bars"].settings == {"acceptance.minimum_items": 6}


def test_work_goes_on_while_a_proposal_clashes_and_the_clash_stays(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    published(store, group("bars", 5, acceptance_minimum_items=36))
    made = revise(store, made.id, [say("acceptance.mode", "manual")], by="anne", at=NOW)
    history = store.history()
    rebased = rebase(made, history.content(made.base), history.content(2))
    assert [conflict.path for conflict in rebased.conflicts] == ["acceptance.minimum_items"]


def test_a_stale_revision_is_refused_and_says_what_is_there_now(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    newer = revise(store, made.id, [say("rank", 6)], by="bo", at=NOW, seen=made.revision)
    for work in (
        lambda: revise(store, made.id, [say("rank", 7)], by="anne", at=NOW, seen=made.revision),
        lambda: publish_proposal(store, made.id, by="anne", at=NOW, seen=made.revision),
        lambda: approve(store, made.id, by="chef", at=NOW, seen=made.revision),
        lambda: schedule(store, made.id, effective_from=LATER, by="anne", at=NOW, seen=made.revision),
    ):
        with pytest.raises(Stale) as stale:
            work()
        assert (stale.value.proposal, stale.value.seen) == (newer, made.revision)
    with pytest.raises(UnknownProposal):
        revise(store, "rien", [], by="anne", at=NOW)


def test_an_approval_is_another_persons_and_any_later_edit_voids_it(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    revise(store, made.id, [say("rank", 6)], by="bo", at=NOW)
    required = {"by": "anne", "at": NOW, "check_context": ASKED}
    assert raised(publish_proposal, store, made.id, **required) == {("approval_required", "")}
    for author in ("anne", "bo"):
        assert raised(approve, store, made.id, by=author, at=NOW) == {("own_proposal", "")}
    approve(store, made.id, by="chef", at=NOW)
    revise(store, made.id, [say("rank", 7)], by="bo", at=NOW)
    assert raised(publish_proposal, store, made.id, **required) == {("approval_required", "")}
    approve(store, made.id, by="chef", at=NOW, report="sha256:rapport")
    version = publish_proposal(store, made.id, **required)
    assert (version.approved_by, version.approved_report) == ("chef", "sha256:rapport")


def test_an_approval_outlives_what_others_publish_elsewhere(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    proposals.rename(store, made.id, "Été", "Les terrasses ouvrent.", at=NOW)
    approve(store, made.id, by="chef", at=NOW)
    published(store, group("bars", 9, acceptance_minimum_items=12))
    assert publish_proposal(store, made.id, by="anne", at=NOW, check_context=ASKED).note == "Été"


def test_an_approved_hash_is_that_of_what_changes_and_to_what(store):
    one, other = draft(store, say("rules/gros", None)), draft(store, say("rules/gros", ABSENT, "bars"), say("rank", 5))
    base = content(store)
    assert hash_of(one, base) != hash_of(other, base)
    assert hash_of(one, base) == hash_of(draft(store, say("rules/gros", None)), base)


def test_a_settled_conflict_needs_a_new_approval(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    approve(store, made.id, by="chef", at=NOW)
    published(store, group("bars", 5, acceptance_minimum_items=36))
    resolve(store, made.id, {("group", "bars", "acceptance.minimum_items"): MINE}, by="anne", at=NOW)
    assert raised(publish_proposal, store, made.id, by="anne", at=NOW, check_context=ASKED) == {
        ("approval_required", "")
    }


def test_a_discarded_proposal_can_be_taken_up_again(store):
    made = draft(store, say("rank", 6))
    proposals.discard(store, made.id, at=NOW)
    assert raised(publish_proposal, store, made.id, by="anne", at=NOW) == {("state", "")}
    proposals.take_up(store, made.id, at=NOW)
    assert publish_proposal(store, made.id, by="anne", at=NOW).number == 2


def test_names_and_descriptions_are_checked(store):
    assert raised(begin, store, "  ", by="anne", at=NOW) == {("name", "/name")}
    assert raised(begin, store, "Été", by="anne", at=NOW, description="x" * 3000) == {("text", "/description")}
    bad = edits({**group("vip", 0), "colour": "rouge"})
    assert raised(begin, store, "Été", by="anne", at=NOW, edits=bad) == {
        ("range", "/groups/vip/rank"),
        ("colour", "/groups/vip/colour"),
    }


def test_a_rollback_makes_a_version_and_tells_open_proposals(store):
    published(store, group("bars", 5, acceptance_minimum_items=36))
    made = draft(store, say("acceptance.minimum_items", 6))
    version = roll_back(store, 1, by="anne", at=NOW, base=2)
    assert (version.number, version.hash, version.emergency) == (3, store.version(1).hash, False)
    survived = store.history().proposal(made.id)
    assert survived.state == "open" and [(n.code, n.version, n.is_sent) for n in survived.notices] == [
        ("rolled_back", 3, False)
    ]
    proposals.mark_notified(store, made.id)
    assert store.history().proposal(made.id).notices[0].is_sent
    assert raised(publish_proposal, store, made.id, by="anne", at=NOW) == {
        ("conflict", "/groups/bars/settings/acceptance.minimum_items")
    }
    assert raised(roll_back, store, 1, by="anne", at=NOW) == {("unchanged", "")}
    with pytest.raises(Conflict):
        roll_back(store, 2, by="anne", at=NOW, base=2)


def test_an_emergency_rollback_goes_to_an_approved_version_only_and_is_marked(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    approve(store, made.id, by="chef", at=NOW)
    publish_proposal(store, made.id, by="anne", at=NOW, check_context=ASKED)
    published(store, group("bars", 5, acceptance_minimum_items=36), at=NOW)
    assert raised(roll_back, store, 1, by="admin", at=NOW, emergency=True) == {("not_approved", "")}
    version = roll_back(store, 2, by="admin", at=NOW, emergency=True)
    assert (version.emergency, version.approved_by, version.author) == (True, "chef", "admin")


def test_a_comment_makes_no_edit_stale_and_lets_an_approval_stand(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    approved = approve(store, made.id, by="chef", at=NOW)
    commented = proposals.comment(store, made.id, "  Et les festivals ?  ", by="chef", at=NOW)
    assert [(each.by, each.text) for each in commented.comments] == [("chef", "Et les festivals ?")]
    assert (commented.revision, commented.approval) == (approved.revision, approved.approval)
    assert raised(proposals.comment, store, made.id, "   ", by="chef", at=NOW) == {("required", "/comment")}


def test_what_statements_would_make_is_foreseen_and_not_kept(store):
    made = draft(store, say("acceptance.minimum_items", 6))
    said = [say("acceptance.minimum_value", "80.00")]
    alone = preview_statements(store.history(), None, said, by="anne", at=NOW).content.groups["bars"].settings
    added = preview_statements(store.history(), made, said, by="anne", at=NOW).content.groups["bars"].settings
    assert [each["acceptance.minimum_items"] for each in (alone, added)] == [12, 6]
    assert alone["acceptance.minimum_value"] == added["acceptance.minimum_value"] == "80.00"
    assert store.history().proposal(made.id) == made and store.newest().number == 1
    assert raised(preview_statements, store.history(), made, [say("acceptance.minimum_value", "-1")], by="anne", at=NOW)
