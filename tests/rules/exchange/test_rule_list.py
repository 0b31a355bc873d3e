"""A plain business-rules rule list: added to one group, once, with ids that nobody has."""

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.exchange.rule_list import read_import
from houblon.rules.store.documents import open_store
from tests.rules.documents import content, faults, group, hold, published, tous


@pytest.fixture
def there(tmp_path):
    store = open_store(tmp_path)
    published(store, tous({"regle-1": hold("x")}), group("bars", 5, {"regle-2": hold("y"), "regle-1": None}))
    return content(store)


def refused(document, group, there):
    with pytest.raises(Invalid) as invalid:
        read_import(document, group, there)
    return faults(invalid.value)


def test_rules_get_ids_that_no_group_has_and_go_beside_what_is_there(there):
    (edit,) = read_import([hold("x"), hold("z", over=5)], "bars", there).edits
    assert (edit.kind, edit.id, list(edit.document["rules"])) == (
        "group",
        "bars",
        ["regle-1", "regle-2", "regle-3", "regle-4"],
    )
    assert edit.document["rules"]["regle-1"] is None, "what the group takes away stays away"
    assert edit.document["rules"]["regle-4"]["actions"] == hold("z")["actions"]


def test_a_rule_that_the_group_has_or_that_stands_in_the_list_twice_is_added_once(there):
    (edit,) = read_import([hold("y"), hold("z"), hold("z")], "bars", there).edits
    assert list(edit.document["rules"]) == ["regle-1", "regle-2", "regle-3"]


def test_a_list_without_a_group_is_for_tous_and_a_bundle_is_a_bundle(there):
    (edit,) = read_import([hold("z")], None, there).edits
    assert (edit.id, list(edit.document["rules"])) == ("tous", ["regle-1", "regle-3"])
    (edit,) = read_import({"houblon": 1, "groups": [group("amis", 7)]}, None, there).edits
    assert edit.id == "amis"


def test_every_fault_of_a_list_is_told_at_its_place(there):
    bad = [hold("x"), {"actions": hold("x")["actions"]}, {**hold("x"), "actions": [{"name": "accept"}]}, "rule"]
    assert refused(bad, "bars", there) == {
        ("required", "/1/conditions"),
        ("unknown_action", "/2/actions/0/name"),
        ("type", "/3"),
    }
    assert refused([hold("x")], "gone", there) == {("unknown_group", "/group")}
    assert refused({"houblon": 1}, "bars", there) == {("type", "")}
