"""Rules that say nothing: refused, or told where they are written, where what they name goes, and by the check."""

import json

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.model.proposal import OPEN
from houblon.rules.model.statements import Edit, Statement
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.publish import publish as publish_edits
from tests.clock import NOW
from tests.web.groups.test_pages import change, publish, text
from tests.web.houses import field, order, shell, token_of
from tests.web.rule_editor.test_pages import LARGE, press

SKU = "IPA, caisse de 24"


@pytest.fixture
def client(place):
    return place.signed_in()


def rule(*test):
    said = dict(zip(("name", "operator", "value"), test, strict=True))
    return {**LARGE, "conditions": {"all": [said]}}


def stated(*test):
    return Statement("group", "tous", "rules/x", rule(*test))


def put(place, *tests):
    """Publish one rule for each test, as a bundle does."""
    document = place.house.store.content(place.house.store.newest().number).groups["tous"].document
    document["rules"] = {f"x-{number}": rule(*test) for number, test in enumerate(tests)}
    publish_edits(place.house.store, [Edit("group", "tous", document)], author="a", note="", at=NOW, base=2)


@pytest.mark.parametrize(
    "test",
    [
        ("skus", "contains_all", []),
        ("skus", "shares_no_elements_with", ["\u200b"]),
        ("note", "contains", ""),
        ("note", "starts_with", ""),
        ("note", "matches_regex", ""),
        ("distributor", "does_not_contain", " "),
    ],
)
def test_a_value_that_is_empty_is_refused_at_every_edit(place, client, test):
    proposal = begin(place.house.store, "Essai", by="a", at=NOW)
    with pytest.raises(Invalid) as refused:
        revise(place.house.store, proposal.id, [stated(*test)], by="a", at=NOW)
    assert [(each.code, each.pointer) for each in refused.value.problems] == [
        ("empty", "/groups/tous/rules/x/conditions/all/0/value")
    ]
    page = press(client, "save", view="json", json=json.dumps(rule(*test)))
    assert page.status_code == 422 and "Une valeur vide ne dit rien" in text(page)


def test_an_order_without_a_note_may_be_asked_for(place):
    proposal = begin(place.house.store, "Essai", by="a", at=NOW)
    assert revise(place.house.store, proposal.id, [stated("note", "equal_to", "")], by="a", at=NOW).edits


IDLE = {
    "unknown_group": ("buyer_groups", "contains_all", ["personne"]),
    "unknown_distributor": ("distributor", "contains", "nulle-part"),
    "unknown_province": ("province", "contains", "Qubec"),
    "unknown_sku": ("skus", "contains_all", ["XYZ"]),
    "never_true": ("item_count", "less_than", 1),
    "always_true": ("item_count", "greater_than_or_equal_to", 1),
}


def test_what_says_nothing_is_told_by_the_check_which_still_passes(place):
    place.send(order("A"), "m-1")
    put(place, *IDLE.values(), ("skus", "contains_all", ["ipa-24"]), ("distributor", "contains", "TRANSBROUE"))
    report = json.loads(shell(["check", "--data", place.house.settings.data, "--json"]).stdout)
    (rules,) = [each for each in report["checks"] if each["name"] == "rules"]
    assert report["ok"] and [each["code"] for each in rules["warnings"]] == list(IDLE)


def test_it_is_told_in_the_draft_and_on_the_group_s_page(client):
    assert press(client, "save", view="json", json=json.dumps(rule(*IDLE["unknown_group"]))).status_code == 302
    assert "« personne », que personne n’a" in text(client.get("/groupes/tous")).replace("\u00a0", " ")


def test_archiving_what_a_rule_names_is_told_before_and_in_the_draft(place, client):
    put(place, ("buyer_groups", "contains_all", ["payeurs-a-risque"]))
    page = text(client.get("/groupes/payeurs-a-risque/archiver"))
    assert "Des règles nomment ce groupe" in page and "Gros montants" in page
    data = {"csrf_token": token_of(page), "etag": field(page, "etag")}
    assert client.post("/groupes/payeurs-a-risque/archiver", data=data).status_code == 302
    (proposal,) = place.house.store.history().proposals
    assert "« payeurs-a-risque », que personne n’a" in text(client.get(f"/brouillons/{proposal}")).replace(
        "\u00a0", " "
    )


def test_a_cycle_that_a_rule_names_is_missed_when_it_goes(place, client):
    put(place, ("distributor", "contains", "Transbroue"))
    page = text(client.get("/livraisons/cycle?id=transbroue"))
    data = {"csrf_token": token_of(page), "etag": field(page, "etag"), "connu": "transbroue"}
    assert client.post("/livraisons/retirer", data=data).status_code == 302
    (proposal,) = place.house.store.history().proposals
    assert "« Transbroue », que personne n’a" in text(client.get(f"/brouillons/{proposal}")).replace("\u00a0", " ")


def test_a_product_s_name_with_a_comma_is_one_value(place, client):
    typed = {
        "c-0-fact": "skus",
        "c-0-was": "skus",
        "c-0-operator": "contains_all",
        "c-0-value": "IPA-24",
        "c-0-more": SKU,
    }
    assert press(client, "save", **typed).status_code == 302
    publish(client)
    stored = place.house.store.content(3).groups["tous"].document["rules"]["gros-montants"]
    assert stored["conditions"]["all"][0]["value"] == ["IPA-24", SKU]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("acceptance.minimum_value", {"etat": "propre", "value": "200,00 $"}),
        ("acceptance.mode", {"etat": "propre", "value": "automatic"}),
        ("invoicing.terms", {"etat": "propre", "value": "net", "days": "30"}),
        ("invoicing.note", {"etat": "aucun"}),
    ],
)
def test_a_setting_saved_as_it_is_begins_no_draft(place, client, path, form):
    assert change(client, path, "tous", **form).status_code == 302
    assert not place.house.store.history().proposals


def test_neither_do_a_rule_a_cycle_an_order_of_ranks_or_a_name(place, client):
    put(place, ("order_value", "greater_than", 600))
    page = text(client.get("/groupes/tous/regles/x-0"))
    assert press(client, "save", "/groupes/tous/regles/x-0", page, **{"a-0-value": "large_amount"}).status_code == 302
    group = text(client.get("/groupes/payeurs-a-risque/identite"))
    data = {"csrf_token": token_of(group), "etag": field(group, "etag"), "nom": " Payeurs à risque ", "couleur": ""}
    assert client.post("/groupes/payeurs-a-risque/identite", data=data).status_code == 302
    cycle = text(client.get("/livraisons/cycle?id=transbroue"))
    kept = {"connu": "transbroue", "nom": "Transbroue", "rythme": "weekly", "semaines": "2", "jours": "TH"}
    kept |= {"debut": "2021-05-06", "feries": "ignore", "fuseau": "America/Toronto"}
    data = {"csrf_token": token_of(cycle), "etag": field(cycle, "etag"), **kept}
    assert client.post("/livraisons/cycle", data=data).status_code == 302
    ranks = text(client.get("/rangs"))
    data = {"csrf_token": token_of(ranks), "etag": field(ranks, "etag"), "ordre": "payeurs-a-risque"}
    assert client.post("/rangs", data=data).status_code == 302
    open_ones = [each for each in place.house.store.history().proposals.values() if each.state == OPEN]
    assert not open_ones
