"""Rules in and out by file: what comes in is a draft, what goes out is read by others."""

import io
import json

import pytest

from houblon.engine.core.strict_json import read_json
from tests.web.groups.test_pages import publish, text
from tests.web.houses import order, token_of


@pytest.fixture
def client(place):
    return place.signed_in()


def upload(client, document, **form):
    data = {
        "csrf_token": token_of(text(client.get("/brouillons"))),
        "fichier": (io.BytesIO(json.dumps(document).encode()), "lot.json"),
        **form,
    }
    return client.post("/echange/importer", data=data, content_type="multipart/form-data")


def test_a_bundle_that_is_uploaded_is_a_draft_until_it_is_published(place, client):
    bars = {"id": "bars", "name": "Bars", "rank": 20, "settings": {"acceptance.minimum_items": None}}
    response = upload(client, {"houblon": 1, "groups": [bars], "memberships": {"bar-1": ["bars"]}})
    assert response.status_code == 302 and place.house.store.newest().number == 2
    assert "bar-1" in text(client.get(response.location)) and "aucun groupe" in text(client.get(response.location))
    publish(client)
    assert place.send(order("A", items=10, buyer="bar-1"), "a").json["outcome"] == "accepted"


def test_every_fault_of_a_file_is_told_and_nothing_is_made(place, client):
    response = upload(client, {"houblon": 1, "groups": [{"id": "bars", "name": "Bars", "settings": {"x": 1}}]})
    page = text(response)
    assert response.status_code == 422 and "/groups/0/settings/x" in page
    assert not place.house.store.history().proposals


def test_a_rule_list_goes_into_the_group_that_is_named(client):
    rules = [{"conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 99}]}}]
    rules[0]["actions"] = [{"name": "hold", "params": {"reason": "beaucoup"}}]
    response = upload(client, rules, groupe="payeurs-a-risque")
    assert "Payeurs à risque" in text(client.get(response.location))


def test_everything_that_is_exported_comes_back_as_it_went_and_changes_nothing(client):
    sent = client.get("/echange/tout.json")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="houblon.json"'
    response = upload(client, json.loads(sent.data))
    assert "Rien encore" in text(client.get(response.location))


def test_a_group_and_its_policy_can_be_taken_away_alone(client):
    (group,) = client.get("/echange/groupes/payeurs-a-risque.json").json["groups"]
    assert group["settings"] == {"acceptance.mode": "manual"}
    rules = read_json(client.get("/echange/groupes/payeurs-a-risque.regles.json").data)
    assert {"hold"} == {action["name"] for rule in rules for action in rule["actions"]}
    assert client.get("/echange/groupes/personne.json").status_code == 404
