"""Orders and invoices are found by what their senders know of them, and every answer says where they are."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from houblon.engine.core.order import convert
from houblon.orders.db import tables
from houblon.orders.retailers.joins import join_retailers
from houblon.web.api.rooms.invoice_shapes import Invoice
from houblon.web.api.rooms.order_shapes import KeptOrder, RecordedDecision
from tests.clock import NOW
from tests.web.api.test_api import Caller
from tests.web.houses import order

ZONE = ZoneInfo("America/Toronto")
REFERENCES = {"source", "order_id", "order_key", "invoice_key", "invoice_number", "total"}


@pytest.fixture
def call(place):
    return Caller(place, "read", "write")


def references(document):
    return {name: value for name, value in document.items() if name in REFERENCES}


def found(call, path):
    response = call("GET", path)
    assert response.status_code == 200, response.json
    return [each["order_id"] for each in response.json["items"]]


def test_every_answer_about_an_order_says_where_it_and_its_invoice_are(call, place):
    taken = place.send(order("PO-1"), "m-1").json
    invoice = call("GET", f"/invoices/{taken['invoice_key']}").json
    assert references(taken) == {
        "source": "essai",
        "order_id": "PO-1",
        "order_key": 1,
        "invoice_key": 1,
        "invoice_number": invoice["number"],
        "total": invoice["total"],
    }
    again = place.send(order("PO-1"), "m-1").json
    by_content = place.send(order("PO-1"), "m-2").json
    shown, [listed] = call("GET", "/orders/1").json, call("GET", "/orders").json["items"]
    for each in (again, by_content, shown, listed, invoice):
        assert references(each) == references(taken)
    msgspec.convert(taken, RecordedDecision)
    convert(shown, KeptOrder)


def test_an_order_without_an_invoice_names_none_until_it_has_one(call, place):
    held = place.send(order("PO-2", items=12), "m-1").json
    assert references(held) == {"source": "essai", "order_id": "PO-2", "order_key": 1}
    accepted = call("POST", "/orders/1/accept", {}).json
    assert set(references(accepted)) == REFERENCES and accepted["state"] == "accepted"
    assert references(place.send(order("PO-2", items=12), "m-1").json) == references(accepted)


def test_orders_are_looked_up_by_what_is_known_of_them(call, place):
    for number, (buyer, items) in enumerate([("bar-1", 48), ("bar-2", 12), ("bar-1", 12)]):
        assert place.send(order(f"PO-{number}", items=items, buyer=buyer), f"m-{number}").status_code == 200
    assert found(call, "/orders?source=essai&order_id=PO-1") == ["PO-1"]
    assert found(call, "/orders?order_id=PO-1") == ["PO-1"]
    assert found(call, "/orders?order_id=PO-") == [] == found(call, "/orders?source=autre")
    assert found(call, "/orders?buyer=bar-1") == ["PO-2", "PO-0"]
    assert found(call, "/orders?buyer=bar-1&state=held") == ["PO-2"]
    day, next_day = (f"{NOW.astimezone(ZONE) + timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    assert len(found(call, f"/orders?since={day}&until={next_day}")) == 3
    assert found(call, f"/orders?until={day}") == [] == found(call, f"/orders?since={next_day}")
    instant = (NOW + timedelta(seconds=1)).isoformat().replace("+", "%2B")
    assert found(call, f"/orders?since={instant}") == [] and len(found(call, f"/orders?until={instant}")) == 3


def test_invoices_are_looked_up_by_number_state_buyer_and_day(call, place):
    for number, buyer in enumerate(["bar-1", "bar-2"]):
        place.send(order(f"PO-{number}", buyer=buyer), f"m-{number}")
    [first] = call("GET", "/invoices?buyer=bar-1").json["items"]
    [again] = call("GET", f"/invoices?number={first['number']}").json["items"]
    assert again == first and (first["order_id"], first["source"]) == ("PO-0", "essai")
    assert found(call, "/invoices?state=issued") == ["PO-1", "PO-0"] and found(call, "/invoices?state=paid") == []
    assert (
        found(call, "/invoices?since=2021-01-01") == ["PO-1", "PO-0"]
        and found(call, "/invoices?until=2021-01-01") == []
    )


def test_the_link_to_the_next_page_asks_what_was_asked(call, place):
    for number in range(3):
        place.send(order(f"PO-{number}", items=12), f"m-{number}")
    first = call("GET", "/orders?state=held&since=2021-01-01&limit=2")
    link = first.headers["Link"]
    assert "state=held" in link and "since=2021-01-01" in link and "limit=2" in link
    assert found(call, link[len("</api/v1") : link.index(">")]) == ["PO-0"]


@pytest.mark.parametrize(
    "path", ["/orders?since=hier", "/invoices?state=late", "/orders?until=2021-02-30", "/orders?buyer="]
)
def test_a_filter_that_can_t_be_is_refused(call, path):
    refused = call("GET", path)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/{path.split('?')[1].split('=')[0]}")


def test_no_route_takes_a_parameter_that_it_does_not_know(place):
    """One mechanism: every operation of the document, whatever its method."""
    every = Caller(place, "decide", "read", "write", "approve", name="tout")
    for path, item in place.client().get("/api/v1/openapi.json").json["paths"].items():
        where = path.removeprefix("/api/v1")
        for name in ("key", "number", "id", "line", "a"):
            where = where.replace(f"{{{name}}}", "1")
        for method in item.keys() - {"parameters"}:
            refused = every(method.upper(), f"{where}?sourc=essai&limite=2")
            assert refused.status_code == 422, (method, path)
            said = {(each["code"], each["pointer"]) for each in refused.json["errors"]}
            assert said >= {("unknown_parameter", "/sourc"), ("unknown_parameter", "/limite")}, (method, path)
    assert every("GET", "/openapi.json?x=1").status_code == 422
    twice = every("GET", "/orders?state=held&state=accepted")
    assert (twice.status_code, twice.json["errors"][0]["code"]) == (422, "repeated")


def test_an_invoice_is_answered_in_decimal_strings_and_every_member_is_typed(call, place):
    place.send(order("PO-1", charges=[{"kind": "shipping", "amount": "25.00", "name": "Livraison"}]), "m-1")
    answered = call("GET", "/invoices/1").json
    document = answered["document"]
    assert [(each["tax"], each["amount"]) for each in document["taxes"]] == [("TPS", "33.65"), ("TVQ", "67.13")]
    assert document["amounts"]["total"] == answered["total"] and "cents" not in document
    assert document["amounts"]["charges"] == "25.00"
    # Every member that is answered has its type: what a struct does not know would be lost here.
    assert msgspec.to_builtins(msgspec.convert(answered, Invoice))["document"].keys() == document.keys()
    spec = place.client().get("/api/v1/openapi.json").json["components"]["schemas"]
    assert spec["Invoice"]["properties"]["document"]["$ref"].endswith("/PrintedInvoice")


def test_an_order_entered_by_key_is_one_that_came_by_a_door(call, place):
    entered = call("POST", "/orders", order("PO-9"))
    assert (entered.status_code, entered.headers["Location"]) == (201, "/api/v1/orders/1")
    assert set(references(entered.json)) == REFERENCES and entered.json["source"] == "saisie"
    again = call("POST", "/orders", order("PO-9"))
    assert (again.status_code, again.json) == (200, entered.json)
    changed = call("POST", "/orders", order("PO-9", items=36))
    assert (changed.status_code, changed.json["errors"][0]["code"]) == (409, "already_settled")
    faulty = call("POST", "/orders", {"id": "PO-10"})
    assert faulty.status_code == 422 and {"/placed_at", "/buyer", "/lines"} <= {
        each["pointer"] for each in faulty.json["errors"]
    }
    with place.house.services.ledger.reading() as connection:
        entries = connection.execute(tables.audit.select().where(tables.audit.c.act == "order.entered")).all()
    assert [(each.who, each.subject) for each in entries] == [("api:caisse", "PO-9")]
    assert place.send(order("PO-9"), "m-1").json["order_key"] == 2, "another source's order of the same id"
    assert Caller(place, "read", name="lecture")("POST", "/orders", order("PO-11")).status_code == 403


def test_an_order_is_entered_once_with_its_idempotency_key(call):
    first = call("POST", "/orders", order("PO-9"), Idempotency_Key="k-1")
    again = call("POST", "/orders", order("PO-9"), Idempotency_Key="k-1")
    assert (again.status_code, again.data) == (201, first.data) and again.headers["Idempotent-Replay"] == "true"


def test_members_that_nobody_knows_are_told_to_who_wrote_them(call, place):
    asked = {**order("PO-1"), "distribtor": "transbroue"}
    asked["lines"] = [{**line, "discont": "1.00"} for line in asked["lines"] * 2]
    taken = place.send(asked, "m-1").json
    assert {each["pointer"] for each in taken["warnings"]} == {"/distribtor", "/lines/0/discont"}
    assert {each["code"] for each in taken["warnings"]} == {"unknown_member"}
    said = json.dumps(taken["warnings"], ensure_ascii=False)
    assert "« distributor »" in said and "“discount”" in said
    assert place.send(asked, "m-1").json["warnings"] == taken["warnings"], "and told again where it is replayed"
    assert call("POST", "/orders", asked).json["warnings"] == taken["warnings"]
    decides = Caller(place, "decide", name="essais")
    [first, second] = decides("POST", "/decisions", {"order": asked}).json["warnings"]
    assert {first["pointer"], second["pointer"]} == {"/order/distribtor", "/order/lines/0/discont"}
    batch = decides("POST", "/decisions", {"orders": [order("PO-2"), asked]}).json["decisions"]
    assert "warnings" not in batch[0] and batch[1]["warnings"] == taken["warnings"]
    assert "warnings" not in place.send(order("PO-3"), "m-3").json


def test_the_id_of_a_retailer_that_is_joined_leads_to_the_other_one(call, place):
    for name in ("PO-1", "PO-2"):
        place.send(order(name, buyer=f"of-{name}"), f"m-{name}")
    ledger = place.house.services.ledger
    ledger.write(lambda connection: join_retailers(connection, "of-PO-1", "of-PO-2", by="anne", at=NOW))
    assert call("GET", "/retailers/of-PO-1").json["id"] == "of-PO-2"
    assert [len(call("GET", f"/{room}?buyer=of-PO-1").json["items"]) for room in ("orders", "invoices")] == [2, 2]
    put = call("PUT", "/retailers/of-PO-1/groups", {"groups": ["payeurs-a-risque"]})
    assert (put.json["id"], put.json["groups"]) == ("of-PO-2", ["payeurs-a-risque"])
    card = call("PUT", "/retailers/of-PO-1", {"name": "Autre"})
    assert (card.status_code, card.json["code"]) == (409, "joined")
