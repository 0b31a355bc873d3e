"""Rules in and out by file: what comes in is a draft, what goes out is read by others."""

import io
import json

import pytest

from houblon.engine.core.strict_json import read_json
from houblon.orders.retailers.memberships import set_memberships
from houblon.rules.model.proposal import rebase
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish as publish_edits
from tests.clock import NOW
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


def test_what_is_exported_comes_back_unchanged_though_a_group_is_archived_in_between(place):
    client, store, ledger = place.signed_in(), place.house.store, place.house.services.ledger
    edit = Edit("group", "amis", {"id": "amis", "name": "Amis", "settings": {}, "rules": {}})
    publish_edits(store, [edit], author="x", note="", at=NOW)
    kept = {"a": ("amis",), "b": ("amis", "payeurs-a-risque"), "risque-1": ("payeurs-a-risque",)}
    ledger.write(lambda connection: set_memberships(connection, kept, NOW))
    publish_edits(store, [Edit("group", "amis", None)], author="x", note="", at=NOW)
    whole = client.get("/echange/tout.json").data
    assert json.loads(whole)["memberships"] == {"b": ["payeurs-a-risque"], "risque-1": ["payeurs-a-risque"]}
    page = client.get("/brouillons").get_data(as_text=True)
    form = {"csrf_token": token_of(page), "fichier": (io.BytesIO(whole), "tout.json")}
    assert client.post("/echange/importer", data=form).status_code == 302
    made = store.history().proposals["import-de-tout-json"]
    assert not rebase(
        made, store.content(made.base), store.content(made.base), place.house.check_context.memberships
    ).moves
    # A spreadsheet's too, though it puts each retailer in exactly the groups that it names.
    sheet = client.get("/detaillants/export.csv").data
    assert b"amis" not in sheet.lower()
    page = client.get("/detaillants/import").get_data(as_text=True)
    form = {"csrf_token": token_of(page), "fichier": (io.BytesIO(sheet), "d.csv"), "mode": "replace"}
    shown = client.post("/detaillants/import", data=form).get_data(as_text=True)
    assert "existe pas" not in shown and 'name="confirmer"' not in shown
