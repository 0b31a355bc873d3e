"""Schemas: what people wrote is kept in one form, or every fault of it is told with its place."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid
from houblon.engine.policy.settings import SETTINGS
from houblon.rules.model.content import KINDS
from houblon.rules.model.schema import read_document, read_group
from tests.cases import load, path
from tests.rules.documents import TOUS, TRANSBROUE, faults, group, hold, tous

ORDER = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "depanneur-42"},
    "lines": [{"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}],
}
SCENARIO = {"id": "cas-1", "name": "Petite commande", "order": ORDER, "expect": {"outcome": "held"}}


def refused(kind: str, document: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        read_document(kind, document)
    return faults(invalid.value)


def test_a_group_is_kept_in_one_written_form():
    document = {
        **group("bars", 5, {"gros": hold("large_amount"), "retards": None}),
        "name": " Ba\u0301rs  chics ",
        "colour": "#B45309",
        "settings": {"acceptance.minimum_value": "200", "invoicing.note": None},
    }
    kept = read_group(document)
    assert kept["name"] == "Bárs chics"
    assert kept["colour"] == "#b45309"
    assert kept["settings"] == {"acceptance.minimum_value": "200.00", "invoicing.note": None}
    assert kept["rules"]["retards"] is None
    assert kept["rules"]["gros"]["label"] == {"fr": "gros", "en": "gros"}
    assert read_group(kept) == kept


def test_the_tous_of_a_new_installation_is_valid_and_lets_nothing_happen_by_itself():
    kept = read_group(TOUS)
    assert kept["settings"].keys() == SETTINGS.keys()
    assert kept["settings"]["acceptance.mode"] == kept["settings"]["invoicing.trigger"] == "manual"
    assert kept["settings"]["acceptance.minimum_items"] is kept["settings"]["acceptance.minimum_value"] is None
    assert kept["settings"]["invoicing.terms"] == {"kind": "net", "days": 30}


def test_every_fault_of_a_group_is_told_at_once_with_its_place():
    document = {
        "id": "Bars!",
        "name": "Ba\u200brs",
        "colour": "red",
        "rank": 0,
        "nom": "Bars",
        "settings": {"acceptance.mode": "auto", "acceptance.maximum": 3, "invoicing.tax_exempt": None},
        "rules": {
            "Gros": None,
            "a/b": hold("x"),
            "vite": {"conditions": {"all": [{"name": "colour", "operator": "equal_to", "value": 1}]}, "actions": []},
        },
    }
    assert refused("group", document) == {
        ("id", "/id"),
        ("name", "/name"),
        ("colour", "/colour"),
        ("range", "/rank"),
        ("unknown_member", "/nom"),
        ("unknown_option", "/settings/acceptance.mode"),
        ("unknown_setting", "/settings/acceptance.maximum"),
        ("required", "/settings/invoicing.tax_exempt"),
        ("id", "/rules/Gros"),
        ("id", "/rules/a~1b"),
        ("unknown_fact", "/rules/vite/conditions/all/0/name"),
        ("required", "/rules/vite/actions"),
    }


def test_a_group_without_anything_lacks_what_it_must_have():
    assert refused("group", {}) == {("required", "/id"), ("required", "/name")}


@pytest.mark.parametrize("document", [None, [], "bars", 7, [["id", "bars"]]])
def test_what_is_no_object_is_no_document(document):
    for kind in KINDS:
        assert refused(kind, document) == {("type", "")}


@pytest.mark.parametrize(("member", "value"), [("settings", []), ("rules", "x"), ("settings", None)])
def test_settings_and_rules_are_objects(member, value):
    assert {pointer for _, pointer in refused("group", {**group("bars", 5), member: value})} == {f"/{member}"}


@pytest.mark.parametrize("rank", [0, -1, 1.5, "7", True, 10**30])
def test_a_rank_is_a_whole_number_in_its_range(rank):
    assert refused("group", group("bars", rank)) == {("range", "/rank")}


def test_tous_states_every_setting_and_has_no_rank():
    document = {**tous(), "rank": 5, "settings": {"acceptance.mode": "jamais"}, "extra": 1}
    missing = {
        ("required", f"/settings/{path}")
        for path, kind in SETTINGS.items()
        if kind.is_required and path != "acceptance.mode"
    }
    assert refused("group", document) == {
        ("base", "/rank"),
        ("unknown_option", "/settings/acceptance.mode"),
        ("unknown_member", "/extra"),
        *missing,
    }


@pytest.mark.parametrize("path", sorted(SETTINGS))
def test_a_setting_may_be_none_only_where_that_means_something(path):
    document = group("bars", 5) | {"settings": {path: None}}
    if SETTINGS[path].nullable:
        assert read_group(document)["settings"] == {path: None}
    else:
        assert refused("group", document) == {("required", f"/settings/{path}")}


def test_half_characters_are_refused_wherever_they_stand():
    document = group("bars", 5, {"x": hold("x")}) | {"name": "\ud800", "\udfff": {"a": ["\ud800"]}}
    document["settings"] = {"notifications.team": {"events": [], "to": ["\ud800@example.com"]}}
    assert refused("group", document) == {
        ("text", "/name"),
        ("text", "/\ufffd"),
        ("text", "/\ufffd/a/0"),
        ("text", "/settings/notifications.team/to/0"),
    }


@pytest.mark.parametrize(
    ("member", "expect"),
    [
        ("reasons", {"outcome": "held", "reasons": "manual"}),
        ("reasons", {"outcome": "held", "reasons": ["manual", ""]}),
        ("due_date", {"outcome": "held", "due_date": "2021-02-30"}),
        ("due_date", {"outcome": "held", "due_date": "20210619"}),
        ("due_date", {"outcome": "held", "due_date": 7}),
        ("outcome", {"outcome": "maybe"}),
    ],
)
def test_a_scenario_expects_what_a_decision_can_say(member, expect):
    assert {pointer for _, pointer in refused("scenario", {**SCENARIO, "expect": expect})} == {f"/expect/{member}"}


@pytest.mark.parametrize("at", ["2021-05-12", "2021-05-12T10:00:00", "midi", 7])
def test_a_scenario_s_moment_has_its_zone(at):
    assert refused("scenario", {**SCENARIO, "accepted_at": at}) == {("datetime", "/accepted_at")}


def test_a_cycle_is_checked_by_the_calendar():
    kept = read_document("cycle", TRANSBROUE)
    assert kept["exdates"] == []
    assert ("required", "/rrule") in refused("cycle", {"id": "x"})


def test_a_scenario_is_an_order_and_what_its_decision_must_be():
    assert read_document("scenario", SCENARIO) == SCENARIO
    expect = {"outcome": "accepted", "reasons": ["automatic"], "due_date": None}
    assert read_document("scenario", {**SCENARIO, "expect": expect, "accepted_at": "2021-05-12T10:00:00-04:00"})


def test_every_fault_of_a_scenario_is_told_at_once_with_its_place():
    expect = {"outcome": "maybe", "reasons": [1], "due_date": "12 mai", "why": ""}
    document = {**SCENARIO, "order": {"id": "PO-1"}, "expect": expect, "accepted_at": "2021-05-12T10:00:00"}
    assert refused("scenario", document) == {
        ("order", "/order"),
        ("unknown_option", "/expect/outcome"),
        ("type", "/expect/reasons"),
        ("date", "/expect/due_date"),
        ("unknown_member", "/expect/why"),
        ("datetime", "/accepted_at"),
    }
    assert ("type", "/expect") in refused("scenario", {**SCENARIO, "expect": 7})
    assert ("required", "/expect") in refused("scenario", {**SCENARIO, "expect": None})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WHOLE: dict[str, Any] = {
    "group": {**group("bars", 5, {"gros": hold("x"), "rien": None}), "settings": TOUS["settings"], "colour": "#000000"},
    "cycle": {**TRANSBROUE, "cut_off": {"days_before": 1, "time": "12:00"}, "exdates": ["2021-05-20"]},
    "scenario": {**SCENARIO, "expect": {"outcome": "held", "reasons": ["manual"], "due_date": None}},
    "guardrail": {
        "id": "g",
        "label": {"fr": "Garde-fou", "en": "Guardrail"},
        "group": "bars",
        "when": {"all": [{"name": "order_value", "operator": "greater_than", "value": 100}]},
        "claim": {"always": ["held", "refused"]},
    },
}


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document."""
    members = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    return [at, *(place for key, member in members for place in places(member, (*at, key)))]


def replaced(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[at[0]] = replaced(document[at[0]], at[1:], value)
    return copy


@given(st.data(), st.sampled_from(KINDS))
def test_any_value_at_any_place_is_kept_readable_or_refused_with_a_pointer_that_can_be_written(data, kind):
    at = data.draw(st.sampled_from(places(WHOLE[kind])))
    document = replaced(WHOLE[kind], at, data.draw(JSON))
    try:
        kept = read_document(kind, document)
    except Invalid as invalid:
        assert all(problem.pointer == "" or problem.pointer.startswith("/") for problem in invalid.problems)
        msgspec.json.encode([problem.as_json("fr") for problem in invalid.problems])
    else:
        assert read_document(kind, json.loads(msgspec.json.encode(kept))) == kept


@given(JSON)
def test_any_json_is_read_or_refused(document):
    for kind in KINDS:
        with pytest.raises(Invalid):
            read_document(kind, document)


def test_no_hostile_text_passes_for_an_id_a_colour_or_a_rule():
    for text in load("blns.json") + load_lines("xss.txt") + load_lines("ssti.txt"):
        document = {**group("bars", 5, {text: None}), "colour": text}
        found = {pointer.split("/")[1] for _, pointer in refused("group", document)}
        assert "colour" in found


def load_lines(name: str) -> list[str]:
    return path(name).read_text(encoding="utf-8").splitlines()
