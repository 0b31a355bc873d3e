"""One thing written in several ways is one thing, at every door: ids, groups, distributors, provinces."""

import json

import pytest

from houblon.engine.core.problem import Invalid
from houblon.rules.exchange.bundle import read_bundle
from tests.web.groups.test_pages import publish, text
from tests.web.houses import order, shell, token_of
from tests.web.rule_editor.test_pages import press

WRITTEN = ["risque-1 ", "risque-1\n", "risque-1\u200b", "\ufeffrisque-1", "\u00a0risque-1"]


@pytest.mark.parametrize("buyer", WRITTEN)
def test_a_payload_leaves_no_group_by_the_way_it_writes_its_buyer(place, buyer):
    headers = {"Authorization": f"Bearer {place.key}"}
    said = place.client().post("/api/v1/decisions", json={"order": order("A", buyer=buyer)}, headers=headers).json
    taken = place.send(order("A", buyer=buyer), "m-1").json
    assert said["chain"] == taken["chain"] == ["payeurs-a-risque", "tous"]
    assert (taken["outcome"], taken["order_id"]) == ("held", "A")


def test_an_accent_composed_or_not_is_one_retailer_and_one_order(place):
    first = place.send(order("é-1", buyer="caf\u00e9"), "m-1").json
    again = place.send(order("e\u0301-1 ", buyer="cafe\u0301"), "m-2")
    assert (again.status_code, first["order_id"]) == (409, "é-1")  # accepted already, and its content differs
    assert "cafe\u0301" not in text(place.signed_in().get("/detaillants"))


@pytest.mark.parametrize("id", ["\u200b", " ", "a\x07"])
def test_what_is_no_id_is_refused(place, id):
    answer = place.send(order(id), "m-1")
    assert answer.status_code == 422 and [each["pointer"] for each in answer.json["errors"]] == ["/id"]


@pytest.mark.parametrize("distributor", ["Transbroue", " TRANSBROUE ", "transbroue\u200b"])
def test_the_cycle_of_a_distributor_is_found_however_its_name_is_written(place, distributor):
    decision = place.send(order("A", distributor=distributor), "m-1").json
    assert (decision["invoice"]["basis"], decision["invoice"]["due_date"]) == ("cycle", "2021-06-19")


def test_a_group_that_an_order_claims_is_found_in_any_case(place):
    buyer = {"id": "x", "groups": [" Payeurs-A-Risque", "TOUS"]}
    assert place.send(order("A") | {"buyer": buyer}, "m-1").json["chain"] == ["payeurs-a-risque", "tous"]


def test_memberships_of_a_bundle_are_of_clean_ids(place):
    bundle = {"houblon": 1, "memberships": {" x\u200b": ["payeurs-a-risque"]}}
    assert list(read_bundle(bundle, place.house.store.content(2)).memberships) == ["x"]
    with pytest.raises(Invalid):
        read_bundle({"houblon": 1, "memberships": {"x": [], "x ": []}}, place.house.store.content(2))


def test_a_retailer_that_a_person_adds_has_a_clean_id_and_an_address_that_mail_takes(place):
    client = place.signed_in()
    data = {"csrf_token": token_of(text(client.get("/detaillants/nouveau"))), "id": " x\u200b", "province": " québec "}
    typed = {"name": "Chez\u00a0Lui\u202f! ☕\ufe0f", "language": "fr"}
    assert client.post("/detaillants/nouveau", data=data | typed | {"email": "a b@x.ca"}).status_code == 422
    assert client.post("/detaillants/nouveau", data=data | typed | {"email": " a\u200b@x.ca "}).status_code == 302
    assert client.get("/detaillants/x").status_code == 200
    page = text(client.get("/detaillants/x"))
    assert "QC" in page and "a@x.ca" in page


def test_a_province_is_one_for_the_rule_and_for_the_order(place):
    client = place.signed_in()
    typed = {"c-0-fact": "province", "c-0-was": "province", "c-0-operator": "contains", "c-0-value": "*"}
    assert press(client, "save", **typed, **{"c-0-other": " Québec "}).status_code == 302
    publish(client)
    for number, province in enumerate(("QC", " qc ", "quebec", "ON", "")):
        buyer = {"id": "x", "province": province}
        outcome = place.send(order(f"P-{number}") | {"buyer": buyer}, f"m-{number}").json
        codes = [each["code"] for each in outcome["reasons"] if each["code"] != "automatic"]
        assert codes == (["gros_montants"] if number < 3 else [] if province else ["missing_fact"])


def test_the_same_ids_are_read_from_a_file(place, tmp_path):
    path = tmp_path / "ordre.json"
    path.write_text(json.dumps(order("A", buyer="risque-1\u200b\n", distributor="Transbroue")))
    decision = json.loads(shell(["decide", path, "--data", place.house.settings.data, "--json"]).stdout)
    assert decision["chain"] == ["payeurs-a-risque", "tous"] and decision["if_accepted"]["basis"] == "cycle"
