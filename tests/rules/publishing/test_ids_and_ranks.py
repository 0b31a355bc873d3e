"""What the house names and ranks itself never meets what somebody else's draft named: nothing is overridden unsaid."""

from datetime import timedelta

import pytest

from houblon.rules.checks.checks import CheckContext
from houblon.rules.exchange.rule_list import read_import
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import BOTH, MINE, THEIRS, begin, resolve, revise
from houblon.rules.publishing.publish import publish_proposal
from houblon.rules.publishing.schedule import promote_due, schedule
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import TRANSBROUE, content, group, hold, published, tous
from tests.rules.publishing.test_proposals import raised, say

NOW = START + timedelta(days=10)


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    published(store, tous(acceptance_mode="automatic"), group("bars", 5), group("depanneurs", 6))
    return store


def listed(reason, over):
    rule = hold(reason, over)
    return [{"conditions": rule["conditions"], "actions": rule["actions"]}]


def imported(store, rules, into):
    bundle = read_import(rules, into, content(store), store.history().rule_ids_taken())
    return begin(store, f"import {into}", by="anne", at=NOW, edits=bundle.edits)


def put(store, proposal):
    return publish_proposal(store, proposal.id, by="anne", at=NOW)


def rules_of(store):
    return {id: set(each.rules) for id, each in content(store).groups.items() if each.rules}


@pytest.mark.parametrize("places", [("tous", "depanneurs"), ("depanneurs", "tous"), ("bars", "bars"), ("bars", "tous")])
def test_lists_imported_one_after_the_other_and_all_published_give_their_sum(store, places):
    drafts = [imported(store, listed(f"r{number}", number), into) for number, into in enumerate(places, 1)]
    for each in drafts:
        put(store, each)
    held = {rule.actions[0].params["reason"] for each in content(store).groups.values() for rule in each.rules.values()}
    assert held == {"r1", "r2"} and sum(map(len, rules_of(store).values())) == 2
    assert len(set().union(*rules_of(store).values())) == 2


def test_a_number_that_a_rule_had_once_is_not_given_to_another(store):
    put(store, imported(store, listed("x", 1), "tous"))
    gone = begin(store, "sans", by="anne", at=NOW)
    revise(store, gone.id, [say("rules/regle-1", None, "tous")], by="anne", at=NOW)
    assert imported(store, listed("y", 2), "bars").edits[0].document["rules"].keys() == {"regle-2"}


def two_drafts(store, one, other, id="gros"):
    """Two people write a rule of the same id, each without seeing the other's."""
    found = []
    for place, (name, reason) in zip((one, other), (("un", "a"), ("deux", "b")), strict=True):
        made = begin(store, name, by=name, at=NOW)
        found.append(revise(store, made.id, [say(f"rules/{id}", hold(reason), place)], by=name, at=NOW))
    return found


@pytest.mark.parametrize("places", [("tous", "bars"), ("bars", "tous"), ("bars", "depanneurs")])
def test_an_override_that_nobody_stated_is_a_conflict_in_which_both_can_be_kept(store, places):
    first, second = two_drafts(store, *places)
    put(store, first)
    pointer = f"/groups/{places[1]}/rules/gros"
    assert raised(put, store, second) == {("conflict", pointer)}
    where = ("group", places[1], "rules/gros")
    resolved = resolve(store, second.id, {where: BOTH}, by="deux", at=NOW)
    put(store, resolved)
    assert rules_of(store) == {places[0]: {"gros"}, places[1]: {"gros-2"}}


def test_of_two_rules_of_one_id_in_one_group_both_can_be_kept_or_either(store):
    for choice, left in ((BOTH, {"gros": "a", "gros-2": "b"}), (MINE, {"gros": "b"}), (THEIRS, {"gros": "a"})):
        first, second = two_drafts(store, "bars", "bars", f"gros{choice}".replace("both", ""))
        id = next(iter(first.edits[0].document["rules"].keys() - content(store).groups["bars"].rules.keys()))
        put(store, first)
        where = ("group", "bars", f"rules/{id}")
        resolved = resolve(store, second.id, {where: choice}, by="deux", at=NOW)
        if choice != THEIRS:
            put(store, resolved)
        rules = content(store).groups["bars"].rules
        wanted = {name.replace("gros", id, 1): reason for name, reason in left.items()}
        assert {name: rules[name].actions[0].params["reason"] for name in wanted} == wanted


def test_an_override_of_what_was_there_is_stated_on_purpose(store):
    made = begin(store, "tous", by="anne", at=NOW)
    put(store, revise(store, made.id, [say("rules/gros", hold("a"), "tous")], by="anne", at=NOW))
    made = begin(store, "bars", by="anne", at=NOW)
    put(store, revise(store, made.id, [say("rules/gros", hold("b"), "bars")], by="anne", at=NOW))
    assert rules_of(store) == {"tous": {"gros"}, "bars": {"gros"}}


def test_two_groups_made_under_one_id_are_in_conflict_field_by_field_and_both_can_be_kept(store):
    drafts = []
    for name, count in (("Terrasses", 6), ("Terrasses du parc", 12)):
        made = begin(store, name, by=name, at=NOW, memberships={f"x{count}": ("terrasses",)})
        document = {"id": "terrasses", "name": name, "settings": {"acceptance.minimum_items": count}, "rules": {}}
        drafts.append(revise(store, made.id, [say("", document, "terrasses")], by=name, at=NOW))
    put(store, drafts[0])
    asked = {
        ("conflict", "/groups/terrasses/name"),
        ("conflict", "/groups/terrasses/settings/acceptance.minimum_items"),
    }
    assert raised(put, store, drafts[1]) == asked
    paths = ("name", "acceptance.minimum_items")
    choices = {("group", "terrasses", path): BOTH for path in paths}
    resolved = resolve(store, drafts[1].id, choices, by="x", at=NOW)
    version = put(store, resolved)
    found = {id: each.settings.get("acceptance.minimum_items") for id, each in content(store).groups.items()}
    assert (found["terrasses"], found["terrasses-2"]) == (6, 12)
    assert [(move.buyer, move.after) for move in store.history().moves[version.number]] == [("x12", ("terrasses-2",))]


@pytest.mark.parametrize("places", [("bars", "bars"), ("bars", "tous")])
def test_of_several_rules_of_which_both_are_kept_none_takes_the_id_of_another(store, places):
    drafts = []
    for name in ("un", "deux"):
        made = begin(store, name, by=name, at=NOW)
        said = [say(f"rules/regle-{number}", hold(f"{name}_{number}"), place) for number, place in enumerate(places, 1)]
        drafts.append(revise(store, made.id, said, by=name, at=NOW))
    put(store, drafts[0])
    choices = {("group", place, f"rules/regle-{number}"): BOTH for number, place in enumerate(places, 1)}
    put(store, resolve(store, drafts[1].id, choices, by="deux", at=NOW))
    rules = [rule for each in content(store).groups.values() for rule in each.rules.values()]
    assert {rule.actions[0].params["reason"] for rule in rules} == {"un_1", "un_2", "deux_1", "deux_2"}
    assert {rule.id for rule in rules} == {"regle-1", "regle-2", "regle-3", "regle-4"}


def test_of_several_groups_of_which_both_are_kept_none_takes_the_id_of_another(store):
    ids, drafts = ("terrasses", "terrasses-2"), []
    for count in (6, 12):
        made = begin(store, f"Terrasses {count}", by="x", at=NOW, memberships={f"x{count}": ids})
        said = []
        for id in ids:
            settings = {"acceptance.minimum_items": count}
            document = {"id": id, "name": f"{id} pour {count}", "settings": settings, "rules": {}}
            said.append(say("", document, id))
        drafts.append(revise(store, made.id, said, by="x", at=NOW))
    put(store, drafts[0])
    choices = {("group", id, path): BOTH for id in ids for path in ("name", "acceptance.minimum_items")}
    version = put(store, resolve(store, drafts[1].id, choices, by="x", at=NOW))
    found = {id: each.settings.get("acceptance.minimum_items") for id, each in content(store).groups.items()}
    assert {id: count for id, count in found.items() if id.startswith("terrasses")} == {
        "terrasses": 6,
        "terrasses-2": 6,
        "terrasses-3": 12,
        "terrasses-4": 12,
    }
    moves = [(move.buyer, move.after) for move in store.history().moves[version.number]]
    assert moves == [("x12", ("terrasses-3", "terrasses-4"))]


def cycles(store):
    return {id: each.rrule for id, each in content(store).cycles.items()}


def two_cycles(store):
    """Two people make the cycle of one distributor, the second on other days."""
    found, days = [], {}
    for name, rrule in (("un", TRANSBROUE["rrule"]), ("deux", "FREQ=WEEKLY;BYDAY=TU")):
        made = begin(store, name, by=name, at=NOW)
        document = {**TRANSBROUE, "rrule": rrule}
        found.append(revise(store, made.id, [say("", document, "transbroue", "cycle")], by=name, at=NOW))
        days[name] = rrule
    return *found, days


@pytest.mark.parametrize("choice", [BOTH, MINE, THEIRS])
def test_of_two_cycles_made_under_one_id_both_can_be_kept_or_either(store, choice):
    # Written otherwise, but the same distributor: its id can't be given.
    put(
        store,
        begin(
            store, "zero", by="x", at=NOW, edits=[Edit("cycle", "Transbroue-2", {**TRANSBROUE, "id": "Transbroue-2"})]
        ),
    )
    first, second, days = two_cycles(store)
    put(store, first)
    assert raised(put, store, second) == {("conflict", "/cycles/transbroue/rrule")}
    resolved = resolve(store, second.id, {("cycle", "transbroue", "rrule"): choice}, by="deux", at=NOW)
    if choice != THEIRS:
        put(store, resolved)
    kept = {"Transbroue-2": days["un"], "transbroue": days["deux" if choice == MINE else "un"]}
    assert cycles(store) == kept | ({"transbroue-3": days["deux"]} if choice == BOTH else {})


def test_a_cycle_that_is_planned_twice_is_replaced_at_its_second_moment(store):
    *drafts, days = two_cycles(store)
    for number, each in enumerate(drafts, 1):
        schedule(store, each.id, effective_from=NOW + timedelta(days=number), by="x", at=NOW)
    for number, name in enumerate(("un", "deux"), 1):
        promote_due(store, NOW + timedelta(days=number), CheckContext())
        assert cycles(store) == {"transbroue": days[name]}


def test_new_groups_of_two_drafts_are_ranked_below_all_others_when_they_are_published(store):
    drafts = [begin(store, id, by="anne", at=NOW, edits=[]) for id in ("vip", "cafes")]
    for each in drafts:
        document = {"id": each.id, "name": each.name, "settings": {}, "rules": {}}
        put(store, revise(store, each.id, [say("", document, each.id)], by="anne", at=NOW))
    assert [each.id for each in content(store).ranked()] == ["depanneurs", "bars", "vip", "cafes", "tous"]
    assert len({each.rank for each in content(store).groups.values()}) == 5


def test_where_there_is_no_room_below_the_others_move_up_in_their_order(store):
    published(store, group("bas", 1))
    for number in range(12):
        id = f"g{number:02}"
        made = begin(store, id, by="anne", at=NOW)
        document = {"id": id, "name": id, "settings": {}, "rules": {}}
        put(store, revise(store, made.id, [say("", document, id)], by="anne", at=NOW))
    order = [each.id for each in content(store).ranked()]
    assert order == ["depanneurs", "bars", "bas", *(f"g{number:02}" for number in range(12)), "tous"]
