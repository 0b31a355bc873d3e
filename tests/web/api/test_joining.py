"""Retailers joined and parted by key, as shown before."""

import msgspec
import pytest

from houblon.orders.retailers.memberships import set_memberships
from houblon.web.api.rooms.joining_shapes import JoinPreview, RetailerJoined, RetailerParted
from tests.clock import NOW
from tests.web.api.test_api import Caller
from tests.web.api.test_records import audited
from tests.web.houses import order


@pytest.fixture
def call(place):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=1, buyer="jumeau"), "m-2")
    place.house.services.ledger.write(lambda c: set_memberships(c, {"jumeau": ["payeurs-a-risque"]}, NOW))
    return Caller(place, "read", "write")


def test_what_was_shown_is_joined_and_parted_again(call):
    shown = call("POST", "/retailers/jumeau/join/preview", {"into": "comptoir-1"})
    preview = msgspec.convert(shown.json, JoinPreview)
    assert (preview.joined.orders, preview.kept.orders, preview.groups) == (1, 1, ("payeurs-a-risque",))
    assert {each.retailer for each in preview.effects} == {"comptoir-1"}
    assert call("GET", "/orders?buyer=jumeau").json["items"]
    done = call("POST", "/retailers/jumeau/join", {"into": "comptoir-1"}, If_Match=shown.headers["ETag"])
    assert msgspec.convert(done.json, RetailerJoined) == RetailerJoined(
        "jumeau", "comptoir-1", 1, ("payeurs-a-risque",)
    )
    assert len(call("GET", "/orders?buyer=comptoir-1").json["items"]) == 2
    again = call("POST", "/retailers/jumeau/join", {"into": "comptoir-1"})
    assert (again.status_code, again.json["errors"][0]["code"]) == (409, "joined")
    back = call("POST", "/retailers/jumeau/part")
    assert msgspec.convert(back.json, RetailerParted) == RetailerParted("jumeau", "comptoir-1", 1, ())
    assert call("POST", "/retailers/jumeau/part").json["errors"][0]["code"] == "not_joined"
    assert audited(call, "retailer.joined") == [
        ("jumeau", {"groups": []}, {"joined_to": "comptoir-1", "groups": ["payeurs-a-risque"], "orders": 1})
    ]
    [(subject, before, _)] = audited(call, "retailer.parted")
    assert (subject, before["joined_to"]) == ("jumeau", "comptoir-1")


def test_what_is_not_as_it_was_shown_is_not_joined(place, call):
    shown = call("POST", "/retailers/jumeau/join/preview", {"into": "comptoir-1"})
    place.send(order("PO-3", buyer="jumeau"), "m-3")
    stale = call("POST", "/retailers/jumeau/join", {"into": "comptoir-1"}, If_Match=shown.headers["ETag"])
    assert stale.status_code == 412 and len(call("GET", "/orders?buyer=jumeau").json["items"]) == 2


@pytest.mark.parametrize("act", ["join", "join/preview"])
def test_who_can_t_be_joined_is_refused_and_nothing_changes(call, act):
    for id, into, status, code in (
        ("personne", "comptoir-1", 404, "not_found"),
        ("jumeau", "personne", 422, "unknown_retailer"),
        ("jumeau", "jumeau", 422, "same"),
        ("jumeau", "", 422, "text"),
    ):
        answered = call("POST", f"/retailers/{id}/{act}", {"into": into})
        assert answered.status_code == status, answered.json
        assert code in {answered.json["code"], *(each["code"] for each in answered.json.get("errors", ()))}
    assert call("POST", f"/retailers/jumeau/{act}", {}).status_code == 422
    assert call("POST", "/retailers/personne/part").status_code == 404
    assert audited(call, "retailer.joined") == []


def test_a_key_that_reads_is_shown_and_joins_nobody(place, call):
    reader = Caller(place, "read", name="lecteur")
    assert reader("POST", "/retailers/jumeau/join/preview", {"into": "comptoir-1"}).status_code == 200
    assert reader("POST", "/retailers/jumeau/join", {"into": "comptoir-1"}).status_code == 403
    assert reader("POST", "/retailers/jumeau/part").status_code == 403
