"""Et si… on its page: from an order, a scenario or nothing; by one policy or by two, side by side."""

import html
import json

import pytest
from msgspec import structs

from houblon.orders.retailers.cards import Card, add_retailer
from houblon.web.foundation.data_folder import change_profile
from houblon.web.orders.order_form import order_body
from tests.clock import NOW
from tests.web.groups.test_pages import change, publish, text
from tests.web.houses import field, order, token_of


@pytest.fixture
def client(place):
    return place.signed_in()


def ask(client, **form):
    token = token_of(text(client.get("/et-si")))
    return client.post("/et-si", data={"csrf_token": token, "items": "24", "price": "27,00", **form})


def test_two_policies_decide_one_order_side_by_side(client):
    change(client, "acceptance.minimum_items", group="tous", value="30", etat="propre")
    page = text(ask(client, version="brouillon:tous-minimum-d-articles", against=""))
    assert "Les deux politiques ne décident pas la même chose." in page
    assert "24 articles, il en faut 30." in page.replace("\u00a0", " ") and "Version 2" in page
    assert "Les deux politiques décident la même chose." in text(ask(client, version="1", against="1"))
    # The draft would be version 3, and is none.
    alone = html.unescape(text(ask(client, version="brouillon:tous-minimum-d-articles")))
    assert '"proposal": "tous-minimum-d-articles"' in alone and '"version": null' in alone
    assert '"version": 3' not in alone and '<span class="muted">v3' not in alone


def test_a_moment_to_come_counts_what_is_scheduled_by_then(client):
    change(client, "acceptance.minimum_items", group="tous", value="30", etat="propre")
    page = text(client.get("/brouillons/tous-minimum-d-articles"))
    data = {"csrf_token": token_of(page), "revision": field(page, "revision"), "moment": "2021-06-01T09:00"}
    assert client.post("/brouillons/tous-minimum-d-articles/planifier", data=data).status_code == 302
    page = text(ask(client, as_of="2021-06-02T09:00", against="2"))
    assert "ne décident pas la même chose" in page


def test_hours_that_do_not_exist_or_come_twice_are_asked_about(client):
    gap = ask(client, as_of="2021-03-14T02:30", accepted_at="2021-03-14T02:15")
    assert gap.status_code == 422 and text(gap).count("Cette heure n’existe pas") == 4
    twice = ask(client, accepted_at="2021-11-07T01:30")
    assert twice.status_code == 422 and "arrive deux fois" in text(twice)
    assert 'name="accepted_at-lequel"' in text(twice) and 'name="as_of-lequel"' not in text(twice)
    for which, offset in (("0", "-04:00"), ("1", "-05:00")):
        page = text(ask(client, accepted_at="2021-11-07T01:30", **{"accepted_at-lequel": which}))
        assert field(page, "accepted_at") == f"2021-11-07T01:30:00{offset}"
        data = {name: field(page, name).replace("&#34;", '"') for name in ("order", "expect", "accepted_at", "etag")}
        client.post("/cas", data={"csrf_token": token_of(page), "nom": f"Recul {which}", **data})
        again = text(client.get(f"/et-si?cas=recul-{which}"))
        assert ('value="1" checked' in again) == (which == "1")


def test_a_retailer_is_found_by_name_and_one_who_is_nobody_is_told(place, client):
    for id, name in (("chez-nous", "Chez Léa"), ("bar-1", "Le Zinc"), ("bar-2", "Le zinc")):
        card = Card(id, name)
        place.house.services.ledger.write(lambda connection, card=card: add_retailer(connection, card, NOW))
    named = text(ask(client, buyer="chez lea", items="24"))
    assert 'name="buyer" value="chez-nous"' in named and "Aucun détaillant" not in named
    assert "Aucun détaillant « Fantôme »" in text(ask(client, buyer="Fantôme", items="24")).replace("\u00a0", " ")
    several = ask(client, buyer="LE ZINC", items="24")
    assert several.status_code == 422 and 'id="buyer-faute"' in text(several)


def test_a_rule_is_told_condition_by_condition(place, client):
    # Where the ledger counts, it is never unknown.
    change_profile(place.house.settings.data, lambda seen: structs.replace(seen, receivables="source"))
    rule = {
        "label": {"fr": "Retards", "en": "Late"},
        "conditions": {"all": [{"name": "days_overdue", "operator": "greater_than", "value": 30}]},
        "actions": [{"name": "hold", "params": {"reason": "late"}}],
    }
    page = text(client.get("/groupes/tous"))
    data = {"csrf_token": token_of(page), "etag": field(page, "etag"), "json": json.dumps(rule)}
    client.post("/groupes/tous/regles", data=data)
    publish(client)
    page = text(ask(client, days_overdue="45"))
    assert "Condition par condition" in page and "(45\u00a0jours)" in page
    assert "inconnu\u00a0: la commande ne le dit pas" in text(ask(client))


def test_a_scenario_and_a_stored_order_can_be_taken_up_again(place, client):
    place.send(order("PO-7", items=36), "m-7")
    assert "PO-7" in text(client.get("/et-si?commande=1"))
    page = text(ask(client))
    kept = {name: field(page, name).replace("&#34;", '"') for name in ("order", "expect", "accepted_at", "etag")}
    client.post("/cas", data={"csrf_token": token_of(page), "nom": "Un comptoir", **kept})
    shown = text(client.get("/et-si?cas=un-comptoir"))
    assert "&#34;quantity&#34;: 24" in shown and "Un comptoir" in shown


def test_what_is_left_empty_is_not_said():
    typed = {
        "buyer": "bar-1",
        "items": "1 200",
        "price": "1 234,50 $",
        "overdue_balance": "12,00",
        "is_first_order": "no",
    }
    document = json.loads(order_body(typed, NOW, "fr"))
    assert document["lines"] == [{"sku": "article", "quantity": 1200, "unit_price": "1234.50"}]
    assert document["buyer"] == {"id": "bar-1", "is_first_order": False, "overdue_balance": "12.00"}
    assert document.keys() == {"id", "placed_at", "buyer", "lines"}
