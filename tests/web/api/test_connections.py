"""Endpoints, sources and mappings by key: what their pages do, secrets told once, the audit log naming the key."""

import json

import pytest
from sqlalchemy import select

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db.tables import audit, outbox, source_settings
from houblon.orders.events.feed import feed
from houblon.orders.privacy import retention
from houblon.web.ingest.signatures import sign
from tests.clock import NOW
from tests.web.api.test_api import Caller, pointers, statements
from tests.web.houses import order, shell

HOOK = {"url": "https://comptabilite.example/houblon", "events": ["order.accepted"], "description": "Comptabilité"}
MAPPING = {
    "houblon_mapping": 1,
    "order": {"id": "number", "placed_at": {"path": "created", "as": "instant"}, "currency": {"value": "CAD"}},
    "buyer": {"id": "customer", "province": {"value": "QC"}},
    "lines_from": "items",
    "lines": {
        "sku": "sku",
        "quantity": {"path": "quantity", "as": "whole"},
        "unit_price": {"path": "price", "as": "money"},
    },
    "stated_total": {"amount": {"path": "total", "as": "money"}, "taxes_included": {"value": True}},
}
PAYLOAD = {
    "number": "C-1",
    "created": "2021-05-12T09:30:00-04:00",
    "customer": "comptoir-1",
    "items": [{"sku": "IPA-24", "quantity": 24, "price": "54.00", "weight": 11}],
    "total": "1490.08",
}


@pytest.fixture
def call(place):
    return Caller(place, *SCOPES)


def entries(place):
    with place.house.services.ledger.reading() as connection:
        return [(row.who, row.act) for row in connection.execute(select(audit).order_by(audit.c.key))]


def test_an_endpoint_is_looked_after_by_key_and_its_secret_told_once(call, place):
    made = call("POST", "/endpoints", HOOK)
    assert made.status_code == 201 and made.json["secret"].startswith("whsec_")
    id = made.json["id"]
    assert made.headers["Location"] == f"/api/v1/endpoints/{id}"
    shown = call("GET", f"/endpoints/{id}")
    assert "secret" not in shown.json and shown.json["events"] == ["order.accepted"] and shown.json["active"]
    assert made.json["secret"] not in call("GET", "/endpoints").get_data(as_text=True)
    rotated = call("POST", f"/endpoints/{id}/secret")
    assert rotated.json["secret"] != made.json["secret"] and rotated.json["old_secret_until"]
    assert call("POST", f"/endpoints/{id}/test").status_code == 202
    assert call("POST", f"/endpoints/{id}/pause").json["active"] is False
    refused = call("POST", f"/endpoints/{id}/test")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (409, "paused")
    assert call("POST", f"/endpoints/{id}/resume").json["active"] is True
    assert call("DELETE", f"/endpoints/{id}").json["url"] == HOOK["url"]
    assert call("GET", f"/endpoints/{id}").status_code == call("DELETE", f"/endpoints/{id}").status_code == 404
    with place.house.services.ledger.reading() as connection:
        assert connection.execute(select(outbox.c.event, outbox.c.state)).all() == [("endpoint.test", "parked")]
    acts = ["added", "rotated", "paused", "resumed", "removed"]
    assert [each for each in entries(place) if each[1].startswith("endpoint.")] == [
        ("api:caisse", f"endpoint.{act}") for act in acts
    ]


def test_an_endpoint_is_changed_as_it_was_read_and_refused_with_every_fault(call):
    id = call("POST", "/endpoints", HOOK).json["id"]
    etag = call("GET", f"/endpoints/{id}").headers["ETag"]
    other = {**HOOK, "url": "https://ailleurs.example/"}
    assert call("PUT", f"/endpoints/{id}", other, If_Match=etag).json["url"] == other["url"]
    assert call("PUT", f"/endpoints/{id}", HOOK, If_Match=etag).status_code == 412
    assert call("DELETE", f"/endpoints/{id}", If_Match=etag).status_code == 412
    wrong = {"url": "http://127.0.0.1/", "events": ["order.lost"], "description": ""}
    assert pointers(call("POST", "/endpoints", wrong)) == {"/url", "/events"}
    assert pointers(call("POST", "/endpoints", {"adress": "x"})) == {"/url", "/adress"}
    assert len(call("GET", "/endpoints").json["items"]) == 1
    everything = call("POST", "/endpoints", {"url": "https://tout.example/"}).json["events"]
    assert "policy.published" in everything and "invoice.issued" in everything


def test_an_endpoint_is_sent_again_what_happened_from_an_event_on(call, place):
    id = call("POST", "/endpoints", {**HOOK, "events": ["order.accepted", "order.held"]}).json["id"]
    for number in range(3):
        place.send(order(f"PO-{number}", items=24 if number else 12), f"m-{number}")
    feed(place.house.services.ledger, place.house.now())
    told = call("GET", f"/endpoints/{id}").json
    assert (told["pending"], told["unread"], told["lost_through"]) == (3, 0, None)
    again = call("POST", f"/endpoints/{id}/resend", {"after": told["place"] - 1})
    assert again.json["place"] == told["place"] - 1
    assert call("POST", f"/endpoints/{id}/resend", {"after": 0}).json["unread"] == 3
    assert pointers(call("POST", f"/endpoints/{id}/resend", {"after": 10_000})) == {"/after"}
    assert call("POST", "/endpoints/ep_0/resend", {"after": 0}).status_code == 404
    assert ("api:caisse", "endpoint.resent") in entries(place)


def test_an_endpoint_is_not_sent_again_what_is_not_kept(call, place):
    id = call("POST", "/endpoints", HOOK).json["id"]
    for number in range(3):
        place.send(order(f"PO-{number}"), f"m-{number}")
    feed(place.house.services.ledger, place.house.now())
    told = call("GET", f"/endpoints/{id}").json["place"]
    retention.remove(place.house.services.ledger, retention.old_events(NOW.replace(year=NOW.year + 1)))
    gone = call("POST", f"/endpoints/{id}/resend", {"after": 1})
    assert (gone.status_code, gone.json["errors"][0]["code"]) == (410, "events_gone")
    assert call("GET", f"/endpoints/{id}").json["place"] == told
    assert ("api:caisse", "endpoint.resent") not in entries(place)


def test_an_endpoint_that_a_shell_removes_is_in_the_log_as_it_was(call, place):
    id = call("POST", "/endpoints", HOOK).json["id"]
    folder = place.house.settings.data
    place.house.close()
    assert shell(["endpoint", "remove", id, "--data", folder]).exit_code == 0
    removed = next(each for each in listed(folder) if each["act"] == "endpoint.removed")
    assert (removed["before"], removed["after"]) == ({"url": HOOK["url"], "events": HOOK["events"]}, None)


def test_what_waits_is_counted_once_for_all_endpoints(call):
    for number in range(3):
        call("POST", "/endpoints", {**HOOK, "url": f"https://{number}.example/"})
    said = statements(lambda: call("GET", "/endpoints"))
    assert len([each for each in said if "GROUP BY outbox.destination" in each]) == 1


def listed(folder):
    return json.loads(shell(["audit", "list", "--who", "cli", "--data", folder, "--json"]).stdout)["entries"]


def test_the_same_idempotency_key_adds_one_endpoint(call):
    first, again = (call("POST", "/endpoints", HOOK, Idempotency_Key="k-1") for _ in range(2))
    assert again.json == first.json and len(call("GET", "/endpoints").json["items"]) == 1


def test_a_source_is_added_rotated_and_retired_by_key(call, place):
    made = call("POST", "/sources", {"name": "Épicerie du / coin"})
    assert made.status_code == 201 and made.json["address"].endswith("/webhooks/orders")
    where = "/sources/%C3%89picerie%20du%20%2F%20coin"
    more = call("POST", "/sources", {"name": "Épicerie du / coin"})
    keys = [each["key"] for each in call("GET", where).json["secrets"]]
    assert len(keys) == 2 and "whsec_" not in call("GET", where).get_data(as_text=True)

    def sent(secret, id):
        body = json.dumps(order(id)).encode()
        return place.client().post("/webhooks/orders", data=body, headers=sign(secret, id, place.house.now(), body))

    assert sent(made.json["secret"], "PO-1").status_code == sent(more.json["secret"], "PO-2").status_code == 200
    retired = call("POST", f"{where}/secrets/{min(keys)}/retire")
    assert {each["key"]: each["active"] for each in retired.json["secrets"]} == {min(keys): False, max(keys): True}
    assert sent(made.json["secret"], "PO-3").status_code == 401 and sent(more.json["secret"], "PO-4").status_code == 200
    assert not any(each["active"] for each in call("POST", f"{where}/retire").json["secrets"])
    assert sent(more.json["secret"], "PO-5").status_code == 401
    assert (
        call("POST", f"{where}/secrets/999/retire").status_code == call("POST", "/sources/x/retire").status_code == 404
    )
    assert [each for each in entries(place) if each[1].startswith("source.")] == [
        ("api:caisse", act)
        for act in ("source.added", "source.added", "source.secret_retired", "source.secret_retired")
    ]


def test_a_shops_secret_is_given_and_not_repeated(call):
    assert pointers(call("POST", "/sources", {"name": "Boutique", "kind": "shopify"})) == {"/secret"}
    made = call("POST", "/sources", {"name": "Boutique", "kind": "shopify", "secret": "shpss_0123456789"})
    assert made.json["secret"] is None and made.json["mapping"] is None and made.json["mapping_in_use"]["lines"]
    assert "shpss" not in made.get_data(as_text=True)
    assert pointers(call("POST", "/sources", {"name": "Boutique", "kind": "standard"})) == {"/kind"}


def test_a_source_may_have_buyers_of_its_own(call, place):
    assert call("POST", "/sources", {"name": "erp"}).json["own_buyers"] is False
    assert call("POST", "/sources", {"name": "caisse", "own_buyers": True}).json["own_buyers"] is True
    assert pointers(call("POST", "/sources", {"name": "x", "own_buyers": "oui"})) == {"/own_buyers"}


def test_a_mapping_is_tried_kept_and_taken_back_by_key(call, place):
    call("POST", "/sources", {"name": "caisse"})
    tried = call("POST", "/sources/caisse/mapping/trial", {"payload": PAYLOAD, "mapping": MAPPING})
    assert tried.status_code == 200, tried.json
    assert tried.json["order"]["lines"] == [{"sku": "IPA-24", "quantity": 24, "unit_price": "54.00"}]
    assert tried.json["unread"] == [{"path": "items[].weight", "example": 11}]
    assert (tried.json["totals"]["total"], tried.json["stated"]["amount"], tried.json["differs"]) == (
        "1490.08",
        "1490.08",
        False,
    )
    assert tried.json["decision"]["outcome"] == "accepted" and "credit_limit" in tried.json["unsaid"]
    short = call(
        "POST", "/sources/caisse/mapping/trial", {"payload": {**PAYLOAD, "total": "900.00"}, "mapping": MAPPING}
    )
    assert short.json["differs"] and short.json["decision"]["reasons"][0]["code"] == "total_differs"
    with place.house.services.ledger.reading() as connection:
        assert connection.execute(select(source_settings)).all() == []  # a trial keeps nothing
    etag = call("GET", "/sources/caisse").headers["ETag"]
    assert call("PUT", "/sources/caisse/mapping", {"mapping": MAPPING}, If_Match=etag).json["mapping"] == MAPPING
    assert call("PUT", "/sources/caisse/mapping", {"mapping": None}, If_Match=etag).status_code == 412
    assert call("PUT", "/sources/caisse/groups", {"groups": ["payeurs-a-risque"]}).json["mapping"] == MAPPING
    kept = call("POST", "/sources/caisse/mapping/trial", {"payload": PAYLOAD})
    assert kept.json["order"]["buyer"]["groups"] == ["payeurs-a-risque"] and kept.json["decision"]["outcome"] == "held"
    assert call("PUT", "/sources/caisse/mapping", {"mapping": None}).json["mapping_in_use"] is None
    assert [each for each in entries(place) if each[1] == "source.set"] == [("api:caisse", "source.set")] * 3


def test_what_a_mapping_can_t_read_is_said_at_its_place(call):
    call("POST", "/sources", {"name": "caisse"})

    def refused(**members):
        return pointers(
            call("POST", "/sources/caisse/mapping/trial", {"payload": PAYLOAD, "mapping": MAPPING, **members})
        )

    assert refused(mapping={**MAPPING, "houblon_mapping": 2}) == {"/mapping/houblon_mapping"}
    assert refused(mapping="x") == {"/mapping"} and refused(payload=[1]) == {"/payload"}
    assert refused(payload={**PAYLOAD, "number": None}) == {"/order/id"}
    assert refused(groups=["bars"]) == {"/groups/0"}
    assert pointers(call("PUT", "/sources/caisse/groups", {"groups": ["bars"]})) == {"/groups/0"}
    several = {"groups": ["bars", "payeurs-a-risque", "caves"]}
    assert pointers(call("PUT", "/sources/caisse/groups", several)) == {"/groups/0", "/groups/2"}
    assert pointers(call("PUT", "/sources/caisse/mapping", {"mapping": {"houblon_mapping": 1}})) >= {"/mapping/order"}
    assert call("POST", "/sources/nulle/mapping/trial", {"payload": PAYLOAD}).status_code == 404
