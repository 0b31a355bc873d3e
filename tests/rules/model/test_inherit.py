"""Inheritance: the nearest statement wins, and says who made it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.policy.policy import BASE, Policy
from houblon.engine.policy.settings import SETTINGS
from houblon.rules.model.content import Content, Version, content_of
from houblon.rules.model.inherit import chain_of, resolve
from houblon.rules.model.schema import read_group
from tests.clock import NOW
from tests.rules.documents import group, hold, tous


def content(*documents: dict[str, Any], since: int = 1) -> Content:
    rows = []
    for document in map(read_group, documents):
        stated = [*document["settings"], *(f"rules/{id}" for id in document["rules"])]
        row = {"kind": "group", "id": document["id"], "version": since, "document": document}
        rows.append({**row, "since": dict.fromkeys(stated, since)})
    return content_of(Version(9, "anne", "", NOW, NOW, "sha256:"), rows, {})


def values(policy: Policy) -> dict[str, Any]:
    return {path: setting.value for path, setting in policy.settings.items()}


def rule_content(policy: Policy) -> dict[str, Any]:
    return {rule.id: (rule.condition, rule.actions, rule.enabled) for rule in policy.rules}


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "acceptance.mode": st.sampled_from(["automatic", "manual"]),
    "acceptance.minimum_items": st.none() | st.integers(1, 100),
    "acceptance.minimum_value": st.none()
    | st.integers(0, 100_000).map(lambda cents: f"{cents // 100}.{cents % 100:02}"),
    "invoicing.terms": st.integers(0, 90).map(lambda days: {"kind": "net", "days": days}),
    "invoicing.tax_exempt": st.booleans(),
}
RULES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | st.builds(hold, st.sampled_from(["x", "y"])))


@st.composite
def groups(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Tous and up to four groups, each stating some of it all."""
    found = [{**tous(draw(RULES)), "settings": {**tous()["settings"], **draw(st.fixed_dictionaries(VALUES))}}]
    ranks = draw(st.lists(st.integers(1, 99), max_size=4, unique=True))
    for number, rank in enumerate(ranks):
        stated = draw(st.fixed_dictionaries({}, optional=VALUES))
        found.append({**group(f"g{number}", rank, draw(RULES)), "settings": stated})
    return found


def test_a_tous_of_before_a_setting_means_what_was_before_it_by_the_same_hash():
    unstated = {path: kind.unstated for path, kind in SETTINGS.items() if not kind.is_required}

    def before(*paths):
        kept = {path: value for path, value in tous()["settings"].items() if path not in paths}
        return resolve(content({**tous(), "settings": kept}), (BASE,))

    old, said = before(*unstated), before()
    assert values(old) == {**values(said), **unstated}
    assert old.hash == said.hash
    other = {**tous()["settings"], "acceptance.amendable": True}
    assert resolve(content({**tous(), "settings": other}), (BASE,)).hash != said.hash
    # A group that says no where Tous says yes says something.
    no = group("non", 5, acceptance_amendable=False)
    both = [resolve(content({**tous(), "settings": other}, no), chain) for chain in (("non", BASE), (BASE,))]
    assert [policy.settings["acceptance.amendable"].value for policy in both] == [False, True]


@given(groups())
def test_tous_alone_is_what_tous_states(documents):
    base = documents[0]
    policy = resolve(content(*documents), (BASE,))
    assert values(policy) == read_group(base)["settings"]
    assert {rule.id for rule in policy.rules} == {id for id, rule in base["rules"].items() if rule is not None}
    assert {setting.provenance.group for setting in policy.settings.values()} == {BASE}


@given(groups())
def test_a_group_that_states_nothing_changes_nothing(documents):
    plain = resolve(content(*documents), (BASE,))
    found = resolve(content(*documents, group("rien", 1_000)), ("rien", BASE))
    assert found.settings == plain.settings
    assert found.rules == plain.rules


@given(groups(), st.sets(st.sampled_from(sorted(SETTINGS))))
def test_an_override_equal_to_tous_changes_nothing_but_provenance(documents, paths):
    base = documents[0]
    echo = {**group("echo", 1_000, base["rules"]), "settings": {path: base["settings"][path] for path in paths}}
    plain, found = resolve(content(*documents), (BASE,)), resolve(content(*documents, echo), ("echo", BASE))
    assert values(found) == values(plain)
    assert rule_content(found) == rule_content(plain)
    assert {path for path, setting in found.settings.items() if setting.provenance.group == "echo"} == paths


@given(groups(), st.randoms(use_true_random=False))
def test_rank_alone_decides_not_the_order_of_groups_or_memberships(documents, chance):
    names = [document["id"] for document in documents[1:]]
    chain, unknown = chain_of(content(*documents), names, ())
    assert unknown == ()
    shuffled, joined = list(documents), list(names)
    chance.shuffle(shuffled)
    chance.shuffle(joined)
    again, _ = chain_of(content(*shuffled), joined[:1], joined[1:] + joined)
    assert again == chain
    assert resolve(content(*shuffled), again).hash == resolve(content(*documents), chain).hash
    ranks = {document["id"]: document.get("rank", 0) for document in documents}
    assert list(chain) == sorted(chain, key=lambda id: -ranks[id])
    assert chain[-1] == BASE


@given(groups())
def test_every_value_is_the_nearest_statement_and_names_its_group(documents):
    by_id = {document["id"]: read_group(document) for document in documents}
    whole = content(*documents, since=4)
    chain, _ = chain_of(whole, by_id, ())
    policy = resolve(whole, chain)
    for path, setting in policy.settings.items():
        nearest = next(id for id in chain if path in by_id[id]["settings"])
        assert setting.value == by_id[nearest]["settings"][path]
        assert (setting.provenance.group, setting.provenance.version) == (nearest, 4)
    for id in ("a", "b", "c"):
        nearest = next((each for each in chain if id in by_id[each]["rules"]), None)
        found = next((rule for rule in policy.rules if rule.id == id), None)
        if nearest is None or by_id[nearest]["rules"][id] is None:
            assert found is None
        else:
            assert found is not None
            assert found.provenance is not None
            assert (found.provenance.group, found.provenance.version) == (nearest, 4)


def test_none_is_a_statement_and_beats_what_tous_says():
    whole = content(tous(acceptance_minimum_items=24), group("vip", 5, acceptance_minimum_items=None))
    found = resolve(whole, ("vip", BASE)).settings["acceptance.minimum_items"]
    assert (found.value, found.provenance.group) == (None, "vip")


def test_a_rule_stated_as_none_is_switched_off_for_that_chain_only():
    documents = [tous({"gros": hold("gros")}), group("vip", 5, {"gros": None}), group("risque", 9, {"gros": hold("x")})]
    whole = content(*documents)
    assert resolve(whole, ("vip", BASE)).rules == ()
    assert [rule.id for rule in resolve(whole, (BASE,)).rules] == ["gros"]
    assert [rule.provenance.group for rule in resolve(whole, ("risque", "vip", BASE)).rules] == ["risque"]  # type: ignore[union-attr]


def test_claimed_groups_only_add_and_unknown_ones_are_told_apart():
    whole = content(tous(), group("risque", 9), group("bars", 5))
    assert chain_of(whole, ["risque"], []) == (("risque", BASE), ())
    assert chain_of(whole, ["risque"], ["bars", "nulle-part", "nulle-part"]) == (
        ("risque", "bars", BASE),
        ("nulle-part",),
    )
    assert chain_of(whole, [], [BASE]) == ((BASE,), ())


def test_a_membership_in_a_group_that_was_removed_counts_for_nothing():
    assert chain_of(content(tous()), ["ancien"], []) == ((BASE,), ())


@pytest.mark.parametrize("version", [1, 8])
def test_the_hash_of_a_policy_tells_its_content_not_its_version(version):
    one = resolve(content(tous(), group("bars", 5), since=version), ("bars", BASE))
    assert one.hash == resolve(content(tous(), group("bars", 5), since=3), ("bars", BASE)).hash


def test_a_tous_of_before_a_setting_has_it_unsaid_and_its_policies_keep_their_hash():
    later = {path: kind.unstated for path, kind in SETTINGS.items() if not kind.is_required}
    old = {path: value for path, value in tous()["settings"].items() if path not in later}
    before = resolve(content({**tous(), "settings": old}, since=4), (BASE,))
    after = resolve(content({**tous(), "settings": {**old, **later}}), (BASE,))
    assert {path: before.settings[path].value for path in later} == later
    assert before.hash == after.hash
    spoken = resolve(content(tous(invoicing_reminders={"days": [7]})), (BASE,))
    assert spoken.hash != before.hash


def test_a_group_states_a_setting_that_its_tous_does_not_know_yet():
    old = {path: value for path, value in tous()["settings"].items() if SETTINGS[path].is_required}
    bars = group("bars", 5, invoicing_reminders={"days": [7, -3]})
    found = resolve(content({**tous(), "settings": old}, bars), ("bars", BASE))
    assert found.settings["invoicing.reminders"].value == {"days": [-3, 7]}
    assert found.settings["invoicing.reminders"].provenance.group == "bars"
