"""What is planned is judged by its moment: on top of what will be in force then, campaigns and their ends with it."""

from datetime import timedelta

import pytest

from houblon.rules.checks.checks import CheckContext
from houblon.rules.model.statements import ABSENT
from houblon.rules.policies import Policies
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.proposals import approve, ask_approval
from houblon.rules.publishing.publish import publish, publish_proposal
from houblon.rules.publishing.schedule import promote_due, schedule, withdraw
from houblon.rules.publishing.timeline import planned_content
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import content, edits, group, published, tous
from tests.rules.publishing.test_moves import ORDER, SCENARIO, given
from tests.rules.publishing.test_proposals import raised, say

NOW = START + timedelta(days=10)
ASKED = CheckContext(approval=True)
DAY_1, DAY_4, DAY_8, DAY_25 = (NOW + timedelta(days=days) for days in (1, 4, 8, 25))
ITEMS = "acceptance.minimum_items"


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(acceptance_mode="automatic", acceptance_minimum_items=24), group("bars", 5))
    return store


def draft(store, name, *statements, **options):
    made = begin(store, name, by="anne", at=NOW, **options)
    return revise(store, made.id, statements, by="anne", at=NOW) if statements else made


def minimum(count, id="tous"):
    return say(ITEMS, count, id)


def plan(store, proposal, moment, **options):
    return schedule(store, proposal.id, effective_from=moment, by="anne", at=NOW, **options)


def at(store, moment, context=None):
    """Tous' minimum, once what is due was published."""
    promote_due(store, moment, context or CheckContext())
    return content(store).groups["tous"].settings[ITEMS]


def state(store, id):
    return store.history().proposals[id]


@pytest.mark.parametrize("reverse", [False, True])
def test_two_that_change_one_setting_on_two_dates_both_come_into_force(store, reverse):
    drafts = [(draft(store, "a", minimum(12)), DAY_1), (draft(store, "b", minimum(20)), DAY_8)]
    for each, moment in reversed(drafts) if reverse else drafts:
        plan(store, each, moment)
    assert planned_content(store.history(), DAY_8).groups["tous"].settings[ITEMS] == 20
    assert [at(store, moment) for moment in (NOW, DAY_1, DAY_4, DAY_8)] == [24, 12, 12, 20]


def test_a_campaign_and_its_end_are_planned_in_one_go(store):
    campaign = plan(store, draft(store, "solde", minimum(12), minimum(6, "bars")), DAY_1, until=DAY_25)
    (end,) = [each for each in store.history().scheduled() if each.id != campaign.id]
    assert (end.effective_from, end.ends, end.name) == (DAY_25, campaign.id, "Fin de solde")
    assert [at(store, moment) for moment in (DAY_1, DAY_8, DAY_25)] == [12, 12, 24]
    assert ITEMS not in content(store).groups["bars"].settings
    assert [each.effective_from for each in store.versions()[1:]] == [DAY_1, DAY_25]


def test_both_come_to_be_in_order_where_nobody_was_there_for_a_month(store):
    plan(store, draft(store, "solde", minimum(12)), DAY_1, until=DAY_8)
    assert at(store, DAY_25) == 24 and len(store.versions()) == 3
    assert store.in_force(DAY_4).number == 2


def test_the_end_puts_back_what_was_in_force_before_and_leaves_what_others_published_meanwhile(store):
    plan(store, draft(store, "solde", minimum(12)), DAY_1, until=DAY_25)
    assert at(store, DAY_1) == 12
    publish_proposal(store, draft(store, "autre", say("acceptance.mode", "manual", "tous")).id, by="luc", at=DAY_4)
    assert at(store, DAY_25) == 24 and content(store).groups["tous"].settings["acceptance.mode"] == "manual"


def test_an_end_that_meets_what_somebody_set_during_the_campaign_stays_a_draft_and_tells(store):
    plan(store, draft(store, "solde", minimum(12)), DAY_1, until=DAY_25)
    at(store, DAY_1)
    publish_proposal(store, draft(store, "autre", minimum(15)).id, by="luc", at=DAY_4)
    end = state(store, "fin-de-solde")
    assert (end.state, [each.code for each in end.notices]) == ("open", ["conflict"])
    assert at(store, DAY_25) == 15


def test_a_campaign_moves_retailers_and_its_end_moves_them_back(store):
    context = given(x=["bars"])
    made = begin(store, "essai", by="anne", at=NOW, memberships={"x": ()}, kept=context.memberships)
    plan(store, made, DAY_1, until=DAY_8, check_context=context)
    policies = Policies(store, lambda: context)
    assert policies.live_for(DAY_1, "x", ("bars",), 0)[1] == ()
    # The ledger keeps them out by then.
    context = given()
    assert policies.live_for(DAY_8, "x", (), 2)[1] == ("bars",)


def test_an_unplanned_version_that_changes_the_same_puts_the_date_aside_at_once(store):
    plan(store, draft(store, "a", minimum(12)), DAY_1)
    plan(store, draft(store, "b", minimum(20)), DAY_8)
    publish_proposal(store, draft(store, "c", minimum(30)).id, by="luc", at=NOW)
    assert {id: (state(store, id).state, state(store, id).notices[0].code) for id in "ab"} == {
        "a": ("open", "conflict"),
        "b": ("open", "conflict"),
    }
    assert at(store, DAY_25) == 30


def test_the_end_comes_after_the_beginning_and_the_beginning_is_to_come(store):
    made = draft(store, "solde", minimum(12))
    assert raised(plan, store, made, DAY_8, until=DAY_1) == {("date", "/until")}
    assert raised(plan, store, made, NOW) == {("date", "/effective_from")}
    moved = plan(store, plan(store, made, DAY_1, until=DAY_8), DAY_4)
    assert moved.effective_from == DAY_4 and raised(plan, store, moved, DAY_25) == {("date", "/until")}
    assert raised(plan, store, state(store, "fin-de-solde"), DAY_1) == {("date", "/effective_from")}
    assert len(store.history().scheduled()) == 2
    assert [at(store, moment) for moment in (DAY_1, DAY_4, DAY_8)] == [24, 12, 24]


def test_a_campaign_that_is_withdrawn_takes_its_end_with_it(store):
    plan(store, draft(store, "solde", minimum(12)), DAY_1, until=DAY_8)
    withdraw(store, "solde", at=NOW)
    assert (state(store, "solde").state, state(store, "fin-de-solde").state) == ("open", "discarded")
    assert at(store, DAY_25) == 24 and len(store.versions()) == 1


def test_an_end_alone_can_be_withdrawn_before_and_during_the_campaign(store):
    plan(store, draft(store, "solde", minimum(12)), DAY_1, until=DAY_8)
    withdraw(store, "fin-de-solde", at=NOW)
    assert state(store, "fin-de-solde").state == "discarded"
    plan(store, draft(store, "autre", minimum(6)), DAY_4, until=DAY_8)
    assert [at(store, moment) for moment in (DAY_1, DAY_4)] == [12, 6]
    withdraw(store, "fin-de-autre", at=DAY_4)
    left = state(store, "fin-de-autre")
    assert left.state == "open" and at(store, DAY_25) == 6
    publish_proposal(store, left.id, by="anne", at=DAY_25)
    assert content(store).groups["tous"].settings[ITEMS] == 12


def test_what_is_behind_is_judged_anew_by_what_is_left(store):
    made = draft(store, "groupe", say("", group("vip", 8), "vip"))
    plan(store, made, DAY_1)
    publish(store, edits(SCENARIO, kind="scenario"), author="anne", note="", at=NOW)
    # Behind the first, its minimum of 40 holds nobody of the scenario back; alone, it does.
    lift = draft(store, "manuel", say("acceptance.mode", "automatic", "bars"), minimum(None, "bars"))
    plan(store, lift, DAY_4, check_context=given(x=["bars"]))
    plan(store, draft(store, "haut", minimum(40)), DAY_8, check_context=given(x=["bars"]))
    withdraw(store, lift.id, at=NOW, check_context=given(x=["bars"]))
    behind = state(store, "haut")
    assert (behind.state, [each.code for each in behind.notices]) == ("open", ["invalid"])
    assert state(store, "groupe").state == "scheduled"


def test_checks_that_publishing_asks_are_asked_by_planning(store):
    publish(store, edits(SCENARIO, kind="scenario"), author="anne", note="", at=NOW)
    refused = draft(store, "haut", minimum(40))
    assert raised(plan, store, refused, DAY_1) == {("scenario", "/scenarios/x-passe")}
    assert state(store, refused.id).state == "open"
    empty = draft(store, "a", minimum(12))
    plan(store, empty, DAY_1)
    assert raised(plan, store, draft(store, "b", minimum(12)), DAY_4) == {("empty", "")}


def test_approval_that_is_asked_since_is_asked_at_the_moment_and_of_the_end_with_the_campaign(store):
    agreed = draft(store, "oui", minimum(12))
    approve(store, agreed.id, by="luc", at=NOW)
    plan(store, agreed, DAY_1, until=DAY_4)
    plan(store, draft(store, "non", minimum(20)), DAY_8)
    assert [at(store, moment, ASKED) for moment in (DAY_1, DAY_4, DAY_8)] == [12, 24, 24]
    assert [each.approved_by for each in store.versions()[1:]] == ["luc", "luc"]
    held = state(store, "non")
    assert (held.state, [each.code for each in held.notices]) == ("open", ["approval_required"])


def test_the_end_of_an_agreed_campaign_is_moved_without_another_approval_and_nothing_else_is(store):
    agreed = draft(store, "oui", minimum(12))
    approve(store, agreed.id, by="luc", at=NOW)
    plan(store, agreed, DAY_1, until=DAY_4, check_context=ASKED)
    assert plan(store, state(store, "fin-de-oui"), DAY_8, check_context=ASKED).effective_from == DAY_8
    alone = plan(store, draft(store, "non", minimum(20)), DAY_25)
    assert raised(plan, store, alone, DAY_4, check_context=ASKED) == {("approval_required", "")}
    assert state(store, "non") == alone


def test_what_is_planned_is_approved_as_it_is_until_its_moment(store):
    late, never = draft(store, "tard", minimum(12)), draft(store, "jamais", minimum(30, "bars"))
    plan(store, late, DAY_1, until=DAY_4)
    plan(store, never, DAY_8)
    # Asked since, and published beside it meanwhile: both wait for somebody to agree.
    other = draft(store, "autre", say("acceptance.mode", "manual", "bars"))
    approve(store, other.id, by="luc", at=NOW)
    publish_proposal(store, other.id, by="luc", at=NOW, check_context=ASKED)
    assert [state(store, id).state for id in ("tard", "fin-de-tard", "jamais")] == ["scheduled"] * 3
    assert raised(approve, store, "tard", by="anne", at=NOW) == {("own_proposal", "")}
    for act in (approve, ask_approval):
        assert raised(act, store, "fin-de-tard", by="luc", at=NOW) == {("ends", "")}
    ask_approval(store, "tard", by="anne", at=NOW)
    assert approve(store, "tard", by="luc", at=NOW).effective_from == DAY_1
    assert [at(store, moment, ASKED) for moment in (DAY_1, DAY_4, DAY_8)] == [12, 24, 24]
    assert [each.approved_by for each in store.versions()[2:]] == ["luc", "luc"]
    assert (state(store, "jamais").state, state(store, "jamais").notices[-1].code) == ("open", "approval_required")


def test_what_fails_at_its_moment_takes_its_end_along_and_leaves_the_others(store):
    plan(store, draft(store, "non", minimum(12)), DAY_1, until=DAY_4)
    other = draft(store, "oui", say("acceptance.mode", "manual", "bars"))
    approve(store, other.id, by="luc", at=NOW)
    plan(store, other, DAY_8)
    assert at(store, DAY_8, ASKED) == 24
    assert [state(store, id).state for id in ("non", "fin-de-non", "oui")] == ["open", "discarded", "published"]


def test_a_new_group_and_the_rule_of_its_campaign_go_when_it_ends(store):
    said = [say("", {"id": "ete", "name": "Été", "settings": {}, "rules": {}}, "ete"), say("colour", "#112233")]
    plan(store, draft(store, "saison", *said), DAY_1, until=DAY_8)
    at(store, DAY_1)
    assert content(store).groups["ete"].rank < content(store).groups["bars"].rank
    at(store, DAY_8)
    assert "ete" not in content(store).groups and content(store).groups["bars"].colour == "#586055"


def test_a_planned_scenario_holds_what_comes_after_it(store):
    scenario = {**SCENARIO, "id": "autre", "order": {**ORDER, "id": "autre"}}
    plan(store, draft(store, "cas", say("", scenario, "autre", "scenario")), DAY_1)
    assert raised(plan, store, draft(store, "haut", minimum(40)), DAY_4) == {("scenario", "/scenarios/autre")}
    assert plan(store, draft(store, "rien", say(ITEMS, ABSENT, "bars"), minimum(8)), DAY_4).state == "scheduled"
