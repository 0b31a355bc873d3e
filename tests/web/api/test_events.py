"""Events by key: each once, from a place on, by pages; a place that is not kept any more is told."""

import pytest

from houblon.orders.privacy import retention
from tests.clock import NOW
from tests.web.api.test_api import Caller
from tests.web.houses import order


@pytest.fixture
def call(place):
    return Caller(place, "read")


def test_a_reader_by_pages_has_every_event_once_and_asks_on_from_the_last(place, call):
    for number in range(3):
        place.send(order(f"PO-{number}"), f"m-{number}")
    seen, path = [], "/events?limit=2"
    while path:
        answer = call("GET", path)
        assert answer.status_code == 200
        seen += answer.json["items"]
        link = answer.headers.get("Link", "")
        path = link and link.partition(">")[0].removeprefix("</api/v1")
    assert [each["id"] for each in seen] == sorted({each["id"] for each in seen})
    of_orders = [each for each in seen if "order_id" in each["data"]]
    assert [each["type"] for each in of_orders] == ["order.accepted", "invoice.issued"] * 3
    assert of_orders[0]["data"]["invoice_number"] == of_orders[1]["data"]["invoice_number"]
    last = seen[-1]["id"]
    assert call("GET", f"/events?after={last}").json == {"items": []}
    place.send(order("PO-9", items=3), "m-9")
    (held,) = call("GET", f"/events?after={last}").json["items"]
    assert (held["type"], held["data"]["source"], held["data"]["order_id"]) == ("order.held", "essai", "PO-9")
    issued = call("GET", "/events?type=invoice.issued").json["items"]
    assert [each["data"]["order_id"] for each in issued] == ["PO-0", "PO-1", "PO-2"]


def test_a_place_that_is_not_kept_or_not_there_yet_is_told(place, call):
    for number in range(3):
        place.send(order(f"PO-{number}"), f"m-{number}")
    first = call("GET", "/events").json["items"][0]["id"]
    retention.remove(place.house.services.ledger, retention.old_events(NOW.replace(year=NOW.year + 1)))
    gone = call("GET", f"/events?after={first}")
    assert (gone.status_code, gone.json["errors"][0]["code"]) == (410, "events_gone")
    assert len(call("GET", "/events").json["items"]) == 1
    ahead = call("GET", "/events?after=999999")
    assert (ahead.status_code, ahead.json["errors"][0]["code"]) == (422, "place_to_come")
    assert call("GET", "/events?type=order.lost").status_code == 422


def test_without_the_scope_no_event_is_told(place):
    assert Caller(place, "decide", name="autre")("GET", "/events").status_code == 403
