"""Rules that say nothing: what they name is told when nobody has it, and never refused."""

import pytest

from houblon.rules.checks.idle_rules import Seen, idle_rules, naming, newly_idle
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from tests.clock import START
from tests.rules.documents import TRANSBROUE, content, edits, group, hold, published, tous

SEEN = Seen(frozenset({"livraison rapide"}), frozenset({"vermont"}), frozenset({"ipa-24"}), frozenset({"bar-1"}))


def when(name, operator, value, **members):
    return {**hold("x"), "conditions": {"name": name, "operator": operator, "value": value}, **members}


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    publish(store, [*edits(tous()), Edit("cycle", "transbroue", TRANSBROUE)], author="anne", note="", at=START)
    return store


def told(store, seen=SEEN, groups=None):
    return {(each.code, each.pointer.rpartition("/")[2]) for each in idle_rules(content(store), seen, groups)}


def test_names_that_nobody_has_are_told(store):
    rules = {
        "groupes": when("buyer_groups", "shares_at_least_one_element_with", ["bars", "Partis"]),
        "connu": when("distributor", "contains", "TransBroue"),
        "vu": when("distributor", "contains", "Livraison  Rapide"),
        "distributeur": when("distributor", "contains", "Personne"),
        "ici": when("province", "contains", "Québec"),
        "ailleurs": when("province", "contains", "Vermont"),
        "province": when("province", "contains", "Gotham"),
        "commande": when("skus", "contains_all", ["IPA-24"]),
        "produit": when("skus", "contains_all", ["IPA-24", "STOUT-99"]),
        "client": when("buyer_id", "equal_to", "bar-1"),
        "parti": when("buyer_id", "equal_to", "bar-2"),
        "partie": when("buyer_id", "starts_with", "resto-"),
        "eteinte": when("province", "contains", "Gotham", enabled=False),
    }
    published(store, tous(rules), group("bars", 5, {"connu": None}))
    expected = {
        ("unknown_group", "groupes"),
        ("unknown_distributor", "distributeur"),
        ("unknown_province", "province"),
        ("unknown_sku", "produit"),
        ("unknown_buyer", "parti"),
    }
    assert told(store) == expected
    assert told(store, groups=["bars", "partis"]) == set()
    nothing_came_yet = told(store, Seen())
    assert ("unknown_sku", "produit") not in nothing_came_yet and ("unknown_distributor", "vu") in nothing_came_yet
    (gotham,) = (each for each in idle_rules(content(store), SEEN) if each.code == "unknown_province")
    assert gotham.message.fr == "La règle « province » nomme la province « Gotham », que personne n’a."


def test_conditions_that_never_hold_or_always_do_are_told(store):
    never = {"all": [hold("x", 500)["conditions"], when("order_value", "less_than", 400)["conditions"]]}
    rules = {"jamais": {**hold("x"), "conditions": never}, "toujours": when("item_count", "greater_than", 0)}
    published(store, tous({**rules, "parfois": hold("x")}))
    assert told(store) == {("never_true", "jamais"), ("always_true", "toujours")}


def test_what_a_change_elsewhere_makes_idle_is_told_apart_from_what_was(store):
    vip = when("buyer_groups", "shares_at_least_one_element_with", ["vip"])
    published(store, tous({"vip": vip, "loin": when("province", "contains", "Gotham")}), group("vip", 5))
    before = content(store)
    assert [(id, rule.id) for id, rule in naming(before, "buyer_groups", "VIP")] == [("tous", "vip")]
    assert naming(before, "distributor", "vip") == ()
    publish(store, [Edit("group", "vip", None)], author="anne", note="", at=START)
    (found,) = newly_idle(before, content(store), SEEN)
    assert (found.code, found.pointer) == ("unknown_group", "/groups/tous/rules/vip")
