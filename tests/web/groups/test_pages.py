"""The pages: what a clerk sees, changes and can't lose."""

import re

import pytest

from houblon.engine.policy.settings import SETTINGS
from houblon.orders.mail.rendered import rendered
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish as publish_edits
from houblon.web.access.authorization import HALF_WAY
from houblon.web.access.permissions import CLOSED, DOOR, OPEN, needs
from tests.clock import NOW
from tests.web.houses import field, order, token_of

SEED_LABELS = (
    "Minimum d’articles",
    "Valeur minimum par commande",
    "Acceptation automatique des commandes",
    "Accepter automatiquement",
    "Facturation automatique",
    "Facture automatiquement une fois acceptée",
)
PAGES = (
    "/",
    "/groupes",
    "/groupes/tous",
    "/groupes/payeurs-a-risque",
    "/file",
    "/commandes",
    "/commandes/1",
    "/factures",
    "/factures/1",
    "/messages",
    "/webhooks-sortants",
    "/et-si",
    "/et-si?commande=1",
    "/historique",
    "/brouillons",
    "/rangs",
    "/cas",
)


@pytest.fixture
def client(place):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=3), "m-2")
    return place.signed_in()


def text(response):
    return response.get_data(as_text=True)


def change(client, path, group="payeurs-a-risque", etag=None, **form):
    """Save a setting's form as the page gives it; `etag` for one that was opened earlier."""
    page = text(client.get(f"/groupes/{group}"))
    data = {"csrf_token": token_of(page), "etag": etag or field(page, "etag"), **form}
    return client.post(f"/groupes/{group}/parametres/{path}", data=data)


def publish(client):
    """Publish the draft that the person works in, from its page."""
    address = re.search(r'href="(/brouillons/[^"]+)">Relire', text(client.get("/groupes"))).group(1)
    page = text(client.get(address))
    data = {"csrf_token": token_of(page), "revision": field(page, "revision")}
    response = client.post(f"{address}/publier", data=data)
    assert response.status_code == 302, text(response)


def changed(client, path, **form):
    assert change(client, path, **form).status_code == 302
    publish(client)


def reason(place, id, **more):
    return place.send(order(id, buyer="risque-1", **more), id).json


def test_no_page_opens_without_signing_in_but_the_signed_link(place):
    place.send(order("PO-1"), "m-1")
    client = place.client()
    for rule in place.app.url_map.iter_rules():
        if "GET" in rule.methods and needs(rule.endpoint, "GET") not in (OPEN, DOOR):
            response = client.get(re.sub(r"<[^>]+>", "1", rule.rule))
            if needs(rule.endpoint, "GET") == CLOSED:
                assert response.status_code == 404, rule.rule
                continue
            assert (response.status_code, "/connexion" in response.location) == (302, True), rule.rule
    assert client.get("/f/1").status_code == 404
    with place.house.services.ledger.reading() as connection:
        from houblon.orders.queries.lists import list_messages

        (message,) = [each for each in list_messages(connection) if each.recipient]
    link = re.search(r"/f/\S+", rendered(message.message)["text"]).group()
    assert client.get(link).status_code == 200
    assert client.get(f"{link}/facture.pdf").data.startswith(b"%PDF-")
    signed, _, signature = link.rpartition(".")
    forged = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert client.get(f"{signed}.{forged}").status_code == 404


def test_every_form_asks_for_its_token(client, place):
    for rule in place.app.url_map.iter_rules():
        if "POST" in rule.methods and not rule.rule.startswith(("/api", "/webhooks")):
            address = re.sub(r"<[^>]+>", "1", rule.rule)
            # What the library has and no page uses is not there; who is signed in has no code to give.
            expected = 404 if needs(rule.endpoint, "POST") == CLOSED else 302 if rule.endpoint in HALF_WAY else 400
            assert client.post(address, data={}).status_code == expected, rule.rule


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_renders_with_nothing_inline(client, language):
    client.set_cookie("langue", language)
    for address in PAGES:
        response = client.get(address)
        page = text(response)
        assert response.status_code == 200, address
        assert f'lang="{language}-CA"' in page
        assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", page), address
        assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_the_screens_use_the_seeds_own_labels(client):
    assert "Groupes de détaillants" in text(client.get("/groupes"))
    page = text(client.get("/groupes/tous"))
    assert [label for label in SEED_LABELS if label not in page] == []


def test_money_is_written_as_each_language_writes_it(client):
    assert "1\u00a0296,00\u00a0$" not in text(client.get("/commandes/1"))
    assert "648,00\u00a0$" in text(client.get("/commandes/1"))
    client.set_cookie("langue", "en")
    assert "$648.00" in text(client.get("/commandes/1"))


def test_the_language_switch_comes_back_to_the_page_and_nowhere_else(client):
    token = token_of(text(client.get("/groupes")))
    back = client.post("/langue", data={"csrf_token": token, "langue": "en", "retour": "/groupes"})
    assert back.location == "/groupes"
    away = client.post("/langue", data={"csrf_token": token, "langue": "en", "retour": "//ailleurs.example"})
    assert away.location == "/"


def test_overriding_and_resetting_a_setting_changes_the_next_decision_once_published(place, client):
    assert reason(place, "A")["reasons"][0]["code"] == "manual"
    assert change(client, "acceptance.mode", value="automatic", etat="propre").status_code == 302
    assert reason(place, "A2")["reasons"][0]["code"] == "manual"
    publish(client)
    assert reason(place, "B")["outcome"] == "accepted"
    assert reason(place, "B")["reasons"][0]["provenance"] == [{"group": "payeurs-a-risque", "version": 3}]
    changed(client, "acceptance.minimum_items", value="36", etat="propre")
    held = reason(place, "C")["reasons"][0]
    assert (held["code"], held["provenance"]) == ("minimum_items", [{"group": "payeurs-a-risque", "version": 4}])
    changed(client, "acceptance.minimum_items", etat="aucun")
    assert reason(place, "D", items=10)["outcome"] == "accepted"
    changed(client, "acceptance.minimum_items", etat="herite")
    assert reason(place, "E", items=10)["reasons"][0]["provenance"] == [{"group": "tous", "version": 2}]


def test_a_page_tells_inherited_own_and_none_apart_in_words(client):
    page = text(client.get("/groupes/payeurs-a-risque"))
    assert "hérité de Tous" in page and "propre au groupe" in page
    assert "Tous donnerait" in page
    change(client, "acceptance.minimum_items", etat="aucun")
    assert "Aucun minimum" in text(client.get("/groupes/payeurs-a-risque"))


def test_either_decimal_mark_is_read(client):
    change(client, "acceptance.minimum_value", value="1\u00a0234,50 $", etat="propre")
    assert "1\u00a0234,50\u00a0$" in text(client.get("/groupes/payeurs-a-risque"))
    change(client, "acceptance.minimum_value", value="$2,345.60", etat="propre")
    assert "2\u00a0345,60\u00a0$" in text(client.get("/groupes/payeurs-a-risque"))


def test_a_bad_value_is_told_beside_the_field_and_what_was_typed_stays(place, client):
    response = change(client, "acceptance.minimum_value", value="beaucoup", etat="propre")
    assert response.status_code == 422
    assert 'value="beaucoup"' in text(response) and 'role="alert"' in text(response)
    assert place.house.store.newest().number == 2


def test_a_stale_save_shows_both_sides_and_loses_nothing(place, client):
    opened = field(text(client.get("/groupes/payeurs-a-risque")), "etag")
    change(client, "acceptance.minimum_items", value="30", etat="propre")
    response = change(client, "acceptance.minimum_items", etag=opened, value="18", etat="propre")
    page = text(response)
    assert response.status_code == 409
    assert 'value="18"' in page and '<span class="value">30</span>' in page
    again = change(client, "acceptance.minimum_items", etag=field(page, "etag"), value="18", etat="propre")
    assert again.status_code == 302
    assert place.house.store.newest().number == 2


def test_a_save_from_before_somebody_published_is_stale_too(place, client):
    other = place.signed_in()
    opened = field(text(client.get("/groupes/payeurs-a-risque")), "etag")
    changed(other, "acceptance.minimum_items", value="30", etat="propre")
    assert change(client, "acceptance.mode", etag=opened, value="automatic", etat="propre").status_code == 409


def test_a_rule_that_reaches_for_something_unknown_is_refused_by_place(place, client):
    rule = """{"label": {"fr": "x", "en": "x"}, "conditions": {"all": [
        {"name": "__class__", "operator": "equal_to", "value": 1},
        {"name": "order_value", "operator": "contains", "value": 1},
        {"name": "order_value", "operator": "less_than", "value": "dix"}]},
        "actions": [{"name": "hold", "params": {"reason": "x"}}]}"""
    token = token_of(text(client.get("/groupes/tous")))
    response = client.post("/groupes/tous/regles", data={"csrf_token": token, "etag": "2", "json": rule})
    page = text(response)
    assert response.status_code == 422
    for pointer in ("all/0/name", "all/1/operator", "all/2/value"):
        assert pointer in page
    assert "__class__" in page  # what was typed is still there
    assert place.house.store.newest().number == 2


def test_a_rule_can_be_added_refused_by_a_group_and_given_back(place, client):
    rule = """{"label": {"fr": "Gros montants", "en": "Large amounts"},
        "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 600}]},
        "actions": [{"name": "hold", "params": {"reason": "large_amount"}}]}"""

    def say(group, **form):
        page = text(client.get(f"/groupes/{group}"))
        data = {"csrf_token": token_of(page), "etag": field(page, "etag"), **form}
        assert client.post(f"/groupes/{group}/regles", data=data).status_code == 302
        publish(client)

    say("tous", json=rule, etat="propre")
    assert place.send(order("X"), "x").json["reasons"][0]["code"] == "large_amount"
    changed(client, "acceptance.mode", value="automatic", etat="propre")
    say("payeurs-a-risque", id="gros-montants", etat="aucune")
    assert reason(place, "Y")["outcome"] == "accepted"
    say("payeurs-a-risque", id="gros-montants", etat="retirer")
    assert reason(place, "Z")["reasons"][0]["code"] == "large_amount"


def test_a_group_is_made_from_its_name_and_a_second_tous_is_not(client):
    def make(name):
        page = text(client.get("/groupes"))
        data = {"csrf_token": token_of(page), "etag": field(page, "etag"), "nom": name, "couleur": "#1c5d99"}
        return client.post("/groupes", data=data)

    assert make("Épiceries fines").location == "/groupes/epiceries-fines"
    for name in ("TОUS", "", "a\u200bb", "épiceries FINES"):
        refused = make(name)
        assert refused.status_code == 422
        assert 'role="alert"' in text(refused)


def test_what_if_explains_and_records_nothing(place, client):
    token = token_of(text(client.get("/et-si")))
    asked = {
        "csrf_token": token,
        "buyer": "comptoir-1",
        "items": "22",
        "price": "7,00",
        "distributor": "transbroue",
        "accepted_at": "2021-05-12T10:00",
    }
    page = text(client.post("/et-si", data=asked))
    assert "22 articles, il en faut 24." in page
    assert "Passerait d’elle-même avec" in page
    assert "19 juin 2021" in page
    bad = client.post("/et-si", data=asked | {"items": "beaucoup"})
    assert bad.status_code == 422 and 'value="beaucoup"' in text(bad)
    with place.house.services.ledger.reading() as connection:
        from houblon.orders.queries.lists import list_orders

        assert len(list_orders(connection)) == 2


def test_two_people_at_once_make_one_decision_and_the_second_is_told(place, client):
    token = token_of(text(client.get("/file?commande=2")))
    first = client.post("/file/2/accepter", data={"csrf_token": token}, follow_redirects=True)
    second = client.post("/file/2/refuser", data={"csrf_token": token, "raison": "non"}, follow_redirects=True)
    assert "la facture F-2021-00002 est émise" in text(first)
    assert "déjà acceptée" in text(second)


def test_a_refusal_needs_its_reason(place, client):
    token = token_of(text(client.get("/file?commande=2")))
    assert "Dites pourquoi" in text(client.post("/file/2/refuser", data={"csrf_token": token}, follow_redirects=True))
    client.post("/file/2/refuser", data={"csrf_token": token, "raison": "hors trajet"})
    assert "hors trajet" in text(client.get("/commandes/2"))


def test_a_message_without_an_address_is_parked_and_can_be_sent_once_it_has_one(place, client):
    place.send(order("S") | {"buyer": {"id": "sans-adresse"}}, "s")
    page = text(client.get("/messages?etat=parked"))
    assert "Aucune adresse connue" in page
    page = text(client.get(re.search(r'href="(/messages/(?!a-venir)[^"?]+)"', page).group(1)))
    address = re.search(r'action="(/messages/[^"]+/renvoyer)"', page).group(1)
    data = {"csrf_token": token_of(page), "adresse": "achats@trouvee.example"}
    assert "Le message repart" in text(client.post(address, data=data, follow_redirects=True))


def test_an_unknown_address_is_a_page_that_says_so(client):
    response = client.get("/nulle-part")
    assert response.status_code == 404
    assert "Revenir à l’aperçu" in text(response)


def test_the_history_tells_each_change_and_leads_back(place, client):
    changed(client, "acceptance.minimum_items", value="36", etat="propre")
    page = text(client.get("/historique"))
    assert "hérité" in page and "<b>36</b>" in page
    token = token_of(page)
    address = client.post("/historique/2/retablir", data={"csrf_token": token, "base": 3}).location
    form = {"csrf_token": token, "revision": field(text(client.get(address)), "revision")}
    assert "La version 4 est en vigueur." in text(client.post(f"{address}/publier", data=form, follow_redirects=True))
    assert place.house.store.version(4).hash == place.house.store.version(2).hash
    again = client.post("/historique/2/retablir", data={"csrf_token": token, "base": 4}, follow_redirects=True)
    assert "dit déjà la même chose" in text(again)
    assert client.post("/historique/99/retablir", data={"csrf_token": token, "base": 4}).status_code == 404


def test_a_tous_of_before_there_was_a_setting_is_shown_with_it(place, client):
    store = place.house.store
    tous = store.content(store.newest().number).document("group", "tous")
    later = {path for path, kind in SETTINGS.items() if not kind.is_required}
    settings = {path: value for path, value in tous["settings"].items() if path not in later}
    assert later and settings.keys() != tous["settings"].keys()
    publish_edits(store, [Edit("group", "tous", {**tous, "settings": settings})], author="anne", note="", at=NOW)
    for id in ("tous", "payeurs-a-risque"):
        assert "Rappel d’une commande en attente" in text(client.get(f"/groupes/{id}"))
