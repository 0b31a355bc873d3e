"""The rule editor and the group's page, press by press: what they show, keep and never lose."""

import json
import re
from html import unescape

import pytest

from houblon.engine.conditions.vocabulary import FACTS
from houblon.rules.model.proposal import OPEN
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish as publish_edits
from houblon.web.rule_editor.view import SHELVES
from tests.clock import NOW
from tests.web.groups.test_pages import change, changed, publish, text
from tests.web.houses import copy_of, field, open_place, order, token_of

NEW = "/groupes/tous/regles/nouvelle"
LARGE = {
    "label": {"fr": "Gros montants", "en": "Large amounts"},
    "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 600}]},
    "actions": [{"name": "hold", "params": {"reason": "large_amount"}}],
}
TYPED = {
    "view": "form",
    "enabled": "1",
    "label-fr": "Gros montants",
    "label-en": "Large amounts",
    "c-word": "all",
    "c-0-fact": "order_value",
    "c-0-was": "order_value",
    "c-0-operator": "greater_than",
    "c-0-value": "600,00",
    "a-0-name": "hold",
    "a-0-was": "hold",
    "a-0-value": "",
}


@pytest.fixture
def client(place):
    return ordered(place)


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """One installation for all that keeps nothing."""
    folder, password = template
    opened = open_place(copy_of(folder, tmp_path_factory.mktemp("regles") / "data"), password)
    yield opened
    assert not opened.house.store.history().proposals
    opened.house.close()


@pytest.fixture(scope="module")
def reader(shared):
    return ordered(shared)


def ordered(place):
    """Somebody signed in, over an order that is accepted and one that waits."""
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=3, price="100.00"), "m-2")
    return place.signed_in()


def press(client, do, address=NEW, page=None, **typed):
    """One button of the editor, over what is typed."""
    page = page or text(client.get(address))
    data = {"csrf_token": token_of(page), "etag": field(page, "etag"), **TYPED, **typed, "do": do}
    return client.post(address, data={name: value for name, value in data.items() if value is not None})


def put(client, document, group="tous", rule="nouvelle"):
    """Save a rule from its JSON."""
    address = f"/groupes/{group}/regles/{rule}"
    return press(client, "save", address, view="json", json=json.dumps(document))


def rule_in_draft(place, id="gros-montants", group="tous"):
    (proposal,) = [each for each in place.house.store.history().proposals.values() if each.state == OPEN]
    return next(edit.document for edit in proposal.edits if edit.id == group)["rules"][id]


def fields(page):
    """The names and values of the form's fields, as a browser would send them back."""
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    return {name: unescape(value) for name, value in found.items()}


def test_every_fact_stands_on_one_shelf():
    shelved = [name for _, names in SHELVES for name in names]
    assert sorted(shelved) == sorted(FACTS)


def test_a_rule_is_written_without_json_and_goes_into_the_draft(place, client):
    assert press(client, "save").location == "/groupes/tous#rules"
    assert rule_in_draft(place) == {
        **LARGE,
        "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 600.0}]},
        "actions": [{"name": "hold", "params": {"reason": "gros_montants"}}],
    }
    assert place.house.store.newest().number == 2
    publish(client)
    assert place.send(order("X"), "x").json["reasons"][0]["code"] == "gros_montants"


def test_enter_presses_a_button_that_keeps_nothing(reader):
    page = text(reader.get(NEW))
    first = re.search(r"<form id=\"rule-form\".*?<button([^>]*)>", page, re.S).group(1)
    assert 'value="refresh"' in first
    shown = text(press(reader, "refresh", **{"c-0-value": "1 234,5"}))
    assert fields(shown)["c-0-value"] == "1 234,5" and fields(shown)["label-fr"] == "Gros montants"


def test_every_edit_is_a_press_that_keeps_what_is_typed_and_saves_nothing(reader):
    page = text(press(reader, "block:"))
    assert {"c-0-value", "c-1-0-value"} <= set(
        fields(page)
    ) and 'id="c-1-any" name="c-1-word" value="any" checked' in page
    assert re.search(r'id="c-1-0-fact"[^>]* autofocus', page)
    nested = {"c-1-word": "any", "c-1-0-fact": "note", "c-1-0-was": "note", "c-1-0-operator": "contains"}
    nested["c-1-0-value"] = "urgent"
    moved = fields(text(press(reader, "up:1", **nested)))
    assert (moved["c-0-0-value"], moved["c-1-value"]) == ("urgent", "600,00")
    twice = fields(text(press(reader, "duplicate:1.0", **nested)))
    assert (twice["c-1-0-value"], twice["c-1-1-value"]) == ("urgent", "urgent")
    gone = fields(text(press(reader, "remove:1.0", **nested)))
    assert "c-1-value" not in gone and "c-1-0-value" not in gone and gone["c-0-value"] == "600,00"
    more = text(press(reader, "act"))
    assert 'id="a-1-name"' in more and 'id="a-1-name"' not in text(press(reader, "act-remove:1"))


def test_another_fact_brings_its_own_comparisons_and_input(reader):
    page = text(press(reader, "refresh", **{"c-0-fact": "placed_weekday"}))
    assert (
        '<option value="contains" selected>est</option>' in page and '<option value="friday">vendredi</option>' in page
    )
    assert "600,00" not in fields(page).values()
    kept = fields(text(press(reader, "refresh", **{"c-0-fact": "largest_line_value"})))
    assert kept["c-0-value"] == "600,00"
    several = text(press(reader, "refresh", **{"c-0-fact": "buyer_groups"}))
    assert '<input type="checkbox" name="c-0-value" value="payeurs-a-risque"> Payeurs à risque' in several


def test_what_can_be_chosen_is_offered_by_name_and_another_value_can_be_written(place, client):
    typed = {"c-0-fact": "distributor", "c-0-was": "distributor", "c-0-operator": "contains", "c-0-value": "*"}
    page = text(press(client, "refresh", **typed, **{"c-0-other": "autre-transport"}))
    assert '<option value="transbroue">Transbroue</option>' in page and '<option value="*" selected>' in page
    press(client, "save", **typed, **{"c-0-other": " autre-transport "})
    assert rule_in_draft(place)["conditions"]["all"][0]["value"] == "autre-transport"


def test_who_writes_in_one_language_alone_says_the_same_in_both(place, client):
    press(client, "save", **{"label-en": "", "message-fr": "Un mot", "message-en": ""})
    rule = rule_in_draft(place)
    assert (rule["label"]["en"], rule["message"]) == (rule["label"]["fr"], {"fr": "Un mot", "en": "Un mot"})
    shown = fields(text(client.get("/groupes/tous/regles/gros-montants")))
    # Empty still: whoever changes the French one changes both.
    assert (shown["message-fr"], shown["message-en"], shown["label-en"]) == ("Un mot", "", "")


def test_faults_stand_at_their_field_and_lead_there_from_the_top_and_nothing_typed_is_lost(reader):
    refused = press(
        reader,
        "save",
        **{"c-0-value": "abc", "a-0-value": "gros", "label-fr": "", "label-en": "", "message-fr": "Un mot"},
    )
    page = text(refused)
    assert refused.status_code == 422
    leads = re.findall(r'<li><a href="#([^"]+)">', page)
    assert set(leads) == {"label-fr", "label-en", "c-0-value"}
    assert all(f'id="{lead}"' in page and f'id="{lead}-faults"' in page for lead in leads)
    assert "Le montant\u00a0: Donnez un nombre, pas “abc”." in page
    assert fields(page)["c-0-value"] == "abc" and fields(page)["message-fr"] == "Un mot"
    again = text(press(reader, "refresh", checked="1", **{"c-0-value": ""}))
    assert "Écrivez un nombre, par exemple 1 234,50." in again


def test_a_rule_is_switched_off_from_the_form_and_from_the_page(place, client):
    press(client, "save", enabled=None)
    assert rule_in_draft(place)["enabled"] is False

    def say(state, group="tous"):
        page = text(client.get(f"/groupes/{group}"))
        data = {"csrf_token": token_of(page), "etag": field(page, "etag"), "id": "gros-montants", "etat": state}
        return client.post(f"/groupes/{group}/regles", data=data)

    assert "au repos" in text(client.get("/groupes/tous"))
    assert say("reprendre").status_code == 302 and "enabled" not in rule_in_draft(place)
    assert say("suspendre").status_code == 302 and rule_in_draft(place)["enabled"] is False
    say("reprendre")
    say("aucune", "payeurs-a-risque")
    shown = text(client.get("/groupes/payeurs-a-risque"))
    assert "ne s’applique pas" in shown and "Gros montants" in shown
    assert "l’enregistrer l’applique de nouveau" in text(client.get("/groupes/payeurs-a-risque/regles/gros-montants"))
    assert say("suspendre", "payeurs-a-risque").status_code == 404


def test_an_inherited_rule_that_is_saved_becomes_the_group_s_own(place, client):
    put(client, LARGE)
    publish(client)
    address = "/groupes/payeurs-a-risque/regles/gros-montants"
    page = text(client.get(address))
    assert "héritée de Tous" in page and fields(page)["c-0-value"] == "600"
    assert press(client, "save", address, **{"c-0-value": "900"}).status_code == 302
    assert rule_in_draft(place, group="payeurs-a-risque")["conditions"]["all"][0]["value"] == 900
    shown = text(client.get("/groupes/payeurs-a-risque"))
    assert "Le montant est plus grand que 900\u00a0$" in shown and "Retirer" in shown


def test_a_copy_starts_from_the_rule_and_overrides_nothing(place, client):
    put(client, LARGE)
    page = text(client.get(f"{NEW}?de=gros-montants"))
    assert fields(page)["label-fr"] == "Gros montants (copie)" and fields(page)["c-0-value"] == "600"
    press(client, "save", "/groupes/payeurs-a-risque/regles/nouvelle")
    assert rule_in_draft(place, "gros-montants-2", "payeurs-a-risque")
    assert client.get(f"{NEW}?de=personne").status_code == 404


def test_a_stale_save_shows_both_rules_and_loses_nothing(place, client):
    put(client, LARGE)
    publish(client)
    address = "/groupes/tous/regles/gros-montants"
    opened = text(client.get(address))
    changed(client, "acceptance.minimum_items", value="30", etat="propre")
    stale = press(client, "save", address, opened, **{"c-0-value": "750"})
    page = text(stale)
    assert stale.status_code == 409
    assert "Ce qui est là maintenant" in page and "plus grand que 600\u00a0$" in page
    assert fields(page)["c-0-value"] == "750" and "plus grand que 750\u00a0$" in page
    assert press(client, "save", address, page, **{"c-0-value": "750"}).status_code == 302


def test_json_is_one_press_away_and_comes_back(reader):
    page = text(press(reader, "json", **{"c-0-value": "600"}))
    shown = json.loads(unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.S).group(1)))
    assert shown["conditions"] == LARGE["conditions"]
    back = text(press(reader, "form", view="json", json=json.dumps({**LARGE, "message": {"fr": "Oh", "en": "Oh"}})))
    assert fields(back)["c-0-value"] == "600" and fields(back)["message-fr"] == "Oh"
    broken = text(press(reader, "form", view="json", json='{"label": '))
    assert "JSON valide" in broken and "{&#34;label&#34;: </textarea>" in broken


def test_a_rule_that_fields_cannot_hold_is_shown_as_json_and_kept_to_the_letter(place, client):
    condition = {"name": "note", "operator": "contains", "value": "deux\nlignes"}
    document = {**LARGE, "conditions": {"all": [condition]}}
    put(client, document)
    assert rule_in_draft(place)["conditions"] == document["conditions"]
    address = "/groupes/tous/regles/gros-montants"
    page = text(client.get(address))
    assert "deux\\nlignes" in page and 'name="c-0-value"' not in page
    stays = text(press(client, "form", address, view="json", json=json.dumps(document)))
    assert "deux\\nlignes" in stays and "rien ne se perd" in stays


def test_a_rule_called_new_by_its_json_has_its_own_page(place, client):
    store = place.house.store
    tous = store.content(2).groups["tous"].document
    publish_edits(store, [Edit("group", "tous", {**tous, "rules": {"nouvelle": LARGE}})], author="m", note="", at=NOW)
    assert fields(text(client.get(NEW)))["label-fr"] == "Gros montants"


def test_the_aside_says_the_rule_and_counts_the_last_orders_while_one_types(reader):
    page = text(reader.get(NEW))

    def live(group="tous", **typed):
        data = {"csrf_token": token_of(page), **TYPED, **typed}
        return text(reader.post(f"/groupes/{group}/regles/nouvelle/apercu", data=data))

    said = live()
    assert "Retenir la commande si le montant est plus grand que 600\u00a0$." in said
    assert "<b>1</b> des 2 dernières commandes" in said and "PO-1" in said
    unknown = live(**{"c-0-fact": "days_overdue", "c-0-was": "days_overdue", "c-0-value": "10"})
    assert "<b>0</b>" in unknown and "2 commandes ne disent pas tout" in unknown
    assert "0 vient de ce groupe" in live("payeurs-a-risque")
    assert "Il en reste 1" in live(**{"c-0-value": ""})


def test_only_the_form_and_the_aside_come_back_to_htmx(reader):
    page = text(reader.get(NEW))
    data = {"csrf_token": token_of(page), "etag": field(page, "etag"), **TYPED, "do": "condition:"}
    answer = text(reader.post(NEW, data=data, headers={"HX-Request": "true"}))
    assert "<html" not in answer and 'id="rule-editor"' in answer and 'hx-swap-oob="innerHTML"' in answer


def test_what_nobody_has_is_not_found(reader):
    for address in ("/groupes/tous/regles/personne", "/groupes/personne/regles/nouvelle"):
        assert reader.get(address).status_code == 404


def test_an_unreadable_form_is_a_fault_and_no_crash(reader):
    strange = {"c-0-fact": "__class__", "c-0-was": "\u0000", "a-0-name": "explode", "a-0-was": "x"}
    refused = press(reader, "save", **strange)
    assert refused.status_code == 422 and "n’existe pas" in text(refused)
    for do in ("up:9.9", "remove:x", "act-remove:77", "nothing", ""):
        assert press(reader, do, **strange).status_code == 200
    assert press(reader, "refresh", **{"c-0-fact": None}).status_code == 200


def test_the_page_tells_inherited_own_and_none_apart_with_who_and_when(place, client):
    changed(client, "acceptance.minimum_items", value="36", etat="propre")
    changed(client, "acceptance.minimum_value", etat="aucun")
    changed(client, "acceptance.credit_limit", value="5 000,00", etat="propre")
    changed(client, "acceptance.maximum_days_overdue", value="30", etat="propre")
    changed(client, "acceptance.tell_team_after_hours", value="48", etat="propre")
    changed(client, "acceptance.amendable", value="oui", etat="propre")
    page = text(client.get("/groupes/payeurs-a-risque"))

    def row(path):
        return re.sub(r"\s+", " ", re.search(rf'id="{re.escape(path)}".*?</summary>', page, re.S).group())

    assert "propre au groupe" in row("acceptance.minimum_items") and "depuis v3, admin, 12 mai" in row(
        "acceptance.minimum_items"
    )
    assert "aucun, par choix" in row("acceptance.minimum_value")
    assert "hérité de Tous" in row("invoicing.trigger") and "depuis v2, marie, 12 mai" in row("invoicing.trigger")
    assert "5 000,00 $" in row("acceptance.credit_limit").replace("\u00a0", " ")
    assert "30 jours" in row("acceptance.maximum_days_overdue").replace("\u00a0", " ")
    assert "tout est propre" in page and "tout est hérité" in page


def reach(client, path, group, **typed):
    page = text(client.get(f"/groupes/{group}"))
    data = {"csrf_token": token_of(page), "etag": field(page, "etag"), **typed}
    answer = text(client.post(f"/groupes/{group}/parametres/{path}/portee", data=data))
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", "", answer))


def test_a_change_tells_its_reach_before_it_is_saved(place, client):
    changed(client, "acceptance.minimum_items", value="36", etat="propre")
    told = reach(client, "acceptance.minimum_items", "tous", value="2")
    assert "1 détaillant (1 autre garde" in told and "+1\u00a0acceptées d’elles-mêmes" in told
    assert "Gardent la leur\u00a0: Payeurs à risque" in told
    followed = reach(client, "acceptance.minimum_value", "tous", value="2000")
    assert "Suivent\u00a0: Payeurs à risque" in followed and "−1\u00a0acceptées" in followed
    own = reach(client, "acceptance.minimum_items", "payeurs-a-risque", value="36")
    assert "Avec cette valeur rien ne change" in own and "Rendu à Tous 1 détaillant" in own
    assert "Un nombre entier" in reach(client, "acceptance.minimum_items", "tous", value="abc")
    assert len(place.house.store.history().proposals) == 1


def test_the_reach_is_a_press_away_without_javascript_and_keeps_nothing(reader):
    shown = change(reader, "acceptance.minimum_items", value="2", etat="portee", group="tous")
    page = text(shown)
    assert shown.status_code == 200 and 'value="2"' in page and "+1\u00a0acceptées d’elles-mêmes" in page


def test_the_aside_tells_what_the_draft_decides_otherwise(place, client):
    change(client, "acceptance.minimum_items", group="tous", value="2", etat="propre")
    page = re.sub(r"\s+", " ", text(client.get("/groupes/tous")))
    assert "<b>+1</b> commandes acceptées sans vous, sur les 2 dernières" in page and "PO-2" in page
    assert "<b>24 articles</b>" not in page and "<b>2 articles</b>" in page
