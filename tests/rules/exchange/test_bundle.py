"""Bundles: what goes out is byte-stable, what comes in is read strictly."""

import json
from datetime import timedelta

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.exchange.bundle import export_bundle, export_group, read_bundle
from houblon.rules.exchange.rule_list import read_import
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import TRANSBROUE, content, faults, group, hold, published, tous


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    published(store, tous({"gros": hold("x")}, acceptance_minimum_items=24))
    return store


def bundle(**members):
    return {"houblon": 1, **members}


def imported(store, document):
    read = read_bundle(document, content(store))
    with read.placing():
        publish(store, read.edits, author="cli", note="", at=START + timedelta(days=1))
    return read


def refused(store, document):
    versions = store.versions()
    with pytest.raises(Invalid) as invalid:
        imported(store, document)
    assert store.versions() == versions
    return faults(invalid.value)


def test_what_is_exported_and_imported_elsewhere_is_exported_the_same(store, tmp_path):
    scenario = {"id": "s", "name": "Cas", "order": ORDER, "expect": {"outcome": "held"}}
    whole = bundle(
        groups=[group("bars", 5, {"gros": None, "vite": hold("y")}, acceptance_minimum_value="50"), group("amis", 7)],
        cycles=[TRANSBROUE],
        scenarios=[scenario],
        guardrails=[{"id": "g", "label": {"fr": "Garde-fou", "en": "Guardrail"}, "claim": {"never": "refused"}}],
        memberships={"épicier": ["bars", "amis", "tous"]},
    )
    read = imported(store, whole)
    assert read.memberships == {"épicier": ("bars", "amis")}
    written = export_bundle(content(store), read.memberships)
    other = open_store(tmp_path / "autre")
    (tmp_path / "autre").mkdir()
    again = read_bundle(json.loads(written), None)
    publish(other, list(reversed(again.edits)), author="cli", note="", at=START)
    assert export_bundle(content(other), again.memberships) == written
    assert content(other).version.hash == content(store).version.hash


def test_an_export_is_sorted_indented_and_readable(store):
    published(store, {**group("bars", 5), "name": "Épiceries"}, group("amis", 7))
    text = export_bundle(content(store), {"b": ("bars", "amis"), "a": ()}).decode()
    document = json.loads(text)
    assert "Épiceries" in text
    assert text == json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True).replace("[]", "[]") + "\n"
    assert [each["id"] for each in document["groups"]] == ["amis", "bars", "tous"]
    assert document["memberships"] == {"a": [], "b": ["amis", "bars"]}


def test_a_group_can_be_taken_elsewhere_alone(store):
    published(store, group("bars", 5, acceptance_mode="manual"))
    alone = json.loads(export_group(content(store).groups["bars"]))
    assert [each["id"] for each in alone["groups"]] == ["bars"] and set(alone) == {"houblon", "groups"}
    assert imported(store, alone).edits and content(store).groups["bars"].settings["acceptance.mode"] == "manual"


def test_a_fault_of_what_the_bundle_does_not_hold_keeps_its_own_place(store):
    reasons = ["manual", "x"]
    scenario = {"id": "s", "name": "Cas", "order": ORDER, "expect": {"outcome": "held", "reasons": reasons}}
    imported(store, bundle(scenarios=[scenario]))
    automatic = {"id": "tous", "settings": {"acceptance.mode": "automatic"}}
    assert refused(store, bundle(groups=[automatic])) == {("scenario", "/scenarios/s")}


def test_what_a_bundle_does_not_name_stays(store):
    published(store, group("bars", 5, acceptance_mode="manual"), group("amis", 7))
    imported(store, bundle(groups=[{"id": "tous", "settings": {"acceptance.mode": "automatic"}}, group("bars", 6)]))
    found = content(store).groups
    assert found["tous"].settings["acceptance.mode"] == "automatic"
    assert found["tous"].settings["acceptance.minimum_items"] == 24
    assert set(found["tous"].rules) == {"gros"}
    assert (found["tous"].name, found["bars"].rank, dict(found["bars"].settings)) == ("Tous", 6, {})
    assert "amis" in found


def test_every_fault_of_the_frame_is_told_at_once(store):
    document = {
        "houblon": True,
        "groupes": [],
        "groups": [group("bars", 5), group("bars", 6), 7, {"name": "Sans id"}],
        "cycles": {},
        "memberships": {"x": ["bars", "payeurs-a-risques", 7], "y": "bars", "": []},
    }
    assert refused(store, document) == {
        ("format", "/houblon"),
        ("unknown_member", "/groupes"),
        ("repeated", "/groups/1/id"),
        ("type", "/groups/2"),
        ("id", "/groups/3/id"),
        ("type", "/cycles"),
        ("unknown_group", "/memberships/x/1"),
        ("unknown_group", "/memberships/x/2"),
        ("type", "/memberships/y"),
        ("type", "/memberships/"),
    }
    assert refused(store, []) == {("type", "")}
    assert refused(store, {}) == {("format", "/houblon")}
    assert refused(store, bundle(memberships=[])) == {("type", "/memberships")}
    assert refused(store, bundle(memberships={"\ud800": []})) == {("text", "/memberships/\ufffd")}


def test_faults_of_documents_name_their_place_in_the_bundle(store):
    published(store, group("amis", 7))
    groups = [{"id": "tous", "settings": {"acceptance.mode": "jamais"}}, group("bars", 5), {**group("vip", 0), "x": 1}]
    assert refused(store, bundle(groups=groups, cycles=[TRANSBROUE, {**TRANSBROUE, "id": "a/b", "rrule": 7}])) == {
        ("unknown_option", "/groups/0/settings/acceptance.mode"),
        ("range", "/groups/2/rank"),
        ("unknown_member", "/groups/2/x"),
        ("rrule", "/cycles/1/rrule"),
    }
    taken = refused(store, bundle(groups=[group("bars", 7)]))
    assert taken <= {("rank_taken", "/groups/0/rank"), ("rank_taken", "/groups/amis/rank")}


def test_tous_in_a_bundle_may_not_be_of_the_wrong_shape(store):
    assert refused(store, bundle(groups=[{"id": "tous", "settings": [], "rules": 7, "rank": 3}])) == {
        ("type", "/groups/0/settings"),
        ("type", "/groups/0/rules"),
        ("base", "/groups/0/rank"),
    }


ORDER = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "depanneur-42"},
    "lines": [{"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}],
}


@pytest.mark.timeout(20)
def test_the_patterns_of_a_file_have_a_budget_together(store):
    def rule(number):
        condition = {"name": "note", "operator": "matches_regex", "value": rf"\w{{50}}{number}"}
        return {"conditions": {"all": [condition]}, "actions": [{"name": "hold", "params": {"reason": "x"}}]}

    rules = [rule(number) for number in range(400)]
    named = {f"r{number}": {**each, "label": {"fr": "x", "en": "x"}} for number, each in enumerate(rules)}
    for document in (rules, bundle(groups=[group("bars", 10, named)])):
        with pytest.raises(Invalid) as caught:
            read_import(document, None if isinstance(document, dict) else "tous", content(store))
        assert [each.code for each in caught.value.problems] == ["too_many"]
