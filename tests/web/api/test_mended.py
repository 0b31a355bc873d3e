"""What is put right by key, and from a shell: what was a mistake undone, refused calls tried again or put aside."""

import json

import msgspec
import pytest

from houblon.web.api.rooms.order_shapes import Reviewed
from houblon.web.api.rooms.refused_shapes import DismissedCall, RetriedCall
from tests.orders.intake.test_mapping import shopify
from tests.web.api.test_api import Caller
from tests.web.api.test_records import audited
from tests.web.houses import order, shell
from tests.web.ingest.test_refused import HALF, mend
from tests.web.ingest.test_shops import add_shop
from tests.web.ingest.test_shops import call as shop_call


@pytest.fixture
def call(place):
    return Caller(place, "read", "write")


@pytest.fixture
def refused(place):
    """Two calls of a shop that could not be recorded."""
    add_shop(place, "shopify")
    for id in (71, 72):
        shop_call(
            place, "shopify", shopify(id=id, name=f"#{id}", line_items=[HALF]), **{"X-Shopify-Webhook-Id": f"w-{id}"}
        )


def test_a_refusal_a_cancellation_and_a_delivery_are_undone_as_they_were_seen(place, call):
    place.send(order("PO-1", items=1), "m-1")
    place.send(order("PO-2"), "m-2")
    for key, act, body, was, state in (
        (1, "refuse", {"why": "non"}, "refused", "held"),
        (1, "cancel", {"why": "non"}, "cancelled", "held"),
        (2, "deliver", {}, "delivered", "accepted"),
    ):
        assert call("POST", f"/orders/{key}/{act}", body).status_code == 200
        wrong = call("POST", f"/orders/{key}/undo", {"was": "refused" if was != "refused" else "delivered"})
        assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (409, "already_settled")
        done = call("POST", f"/orders/{key}/undo", {"was": was})
        assert (done.status_code, msgspec.convert(done.json, Reviewed).state) == (200, state), done.json
        assert len(audited(call, f"order.{was}_undone")) == 1
    assert call("POST", "/orders/2/undo", {"was": "delivered"}).status_code == 409
    assert call("POST", "/orders/2/undo", {"was": "accepted"}).status_code == 422
    assert call("POST", "/orders/2/undo", {}).status_code == 422
    assert call("POST", "/orders/99/undo", {"was": "refused"}).status_code == 404
    assert Caller(place, "read", name="lecteur")("POST", "/orders/2/undo", {"was": "refused"}).status_code == 403


def test_a_refused_call_is_tried_again_by_key_once_its_mapping_is_mended(place, call, refused):
    [newest, oldest] = [each["key"] for each in call("GET", "/refused-calls").json["items"]]
    still = msgspec.convert(call("POST", f"/refused-calls/{oldest}/retry").json, RetriedCall)
    assert (still.recorded, still.state, bool(still.errors)) == (False, None, True)
    assert len(call("GET", "/refused-calls").json["items"]) == 2 and audited(call, "call.retried") == []
    mend(place)
    done = msgspec.convert(call("POST", f"/refused-calls/{oldest}/retry").json, RetriedCall)
    assert done.recorded and done.errors == () and done.state in ("accepted", "held")
    assert [each["order_id"] for each in call("GET", "/orders?source=shopify").json["items"]] == [done.order_id]
    assert call("POST", f"/refused-calls/{oldest}/retry").status_code == 404
    assert audited(call, "call.retried") == [("shopify", None, {"order_id": done.order_id})]
    gone = call("POST", f"/refused-calls/{newest}/dismiss")
    assert msgspec.convert(gone.json, DismissedCall).key == newest
    assert call("POST", f"/refused-calls/{newest}/dismiss").status_code == 404
    assert call("GET", "/refused-calls").json["items"] == [] and len(audited(call, "call.dismissed")) == 1


def test_a_key_that_reads_neither_tries_a_call_nor_puts_it_aside(place, refused):
    reader = Caller(place, "read", name="lecteur")
    for act in ("retry", "dismiss"):
        assert reader("POST", f"/refused-calls/1/{act}").status_code == 403


def test_refused_calls_are_listed_tried_and_put_aside_from_a_shell(place, refused):
    mend(place)
    folder = place.house.settings.data
    place.house.close()

    def run(*words):
        done = shell([*words, "--data", folder, "--json"])
        return done.exit_code, json.loads(done.stdout or done.stderr)

    [newest, oldest] = run("refused-call", "list", "--source", "shopify")[1]["calls"]
    assert oldest["errors"] and run("refused-call", "list", "--source", "personne") == (0, {"calls": []})
    status, done = run("refused-call", "retry", oldest["key"])
    assert (status, done["order_id"]) == (0, oldest["order_id"])
    assert run("refused-call", "retry", oldest["key"])[1]["errors"][0]["code"] == "unknown_call"
    assert run("refused-call", "dismiss", newest["key"]) == (0, {"key": newest["key"], "dismissed": True})
    assert run("refused-call", "dismiss", newest["key"])[0] == 1
    acts = [each["act"] for each in run("audit", "list", "--who", "cli")[1]["entries"]]
    assert acts == ["call.dismissed", "call.retried"]


def test_an_endpoint_is_said_anew_and_has_a_new_secret_from_a_shell(place):
    folder = place.house.settings.data
    place.house.close()

    def run(*words):
        done = shell([*words, "--data", folder, "--json"])
        return json.loads(done.stdout or done.stderr)

    made = run("endpoint", "add", "https://a.example/", "--event", "order.accepted")
    assert run("endpoint", "set", made["id"], "--event", "order.held")["url"] == "https://a.example/"
    assert run("endpoint", "set", made["id"], "--url", "https://b.example/")["events"] == ["order.held"]
    assert run("endpoint", "set", made["id"], "--url", "ftp://b.example/")["errors"][0]["code"] == "url"
    [kept] = run("endpoint", "list")
    assert (kept["url"], kept["events"]) == ("https://b.example/", ["order.held"])
    assert run("endpoint", "new-secret", made["id"])["secret"] != made["secret"]
    acts = [each["act"] for each in run("audit", "list", "--who", "cli")["entries"]]
    assert acts == ["endpoint.rotated", "endpoint.changed", "endpoint.changed", "endpoint.added"]
