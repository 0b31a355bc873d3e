"""A change of an accepted order as its source sends it, and as people settle it: by page, by key, from a shell."""

import json

import pytest

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db.tables import audit, invoices, orders
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.publishing.publish import publish
from tests.clock import NOW
from tests.orders.intake.test_mapping import shopify
from tests.orders.services import rows
from tests.web.api.test_api import Caller
from tests.web.houses import SEED, order, shell, token_of
from tests.web.ingest.test_shops import add_shop, call

LINE = {"id": 1, "sku": "IPA-24", "quantity": 24, "price": "27.00"}
TIMES = [f"2021-05-12T09:{minute}:00-04:00" for minute in (40, 45, 50, 55)]


@pytest.fixture
def amendable(place):
    """Tous lets a source change an order after its acceptance."""
    tous = {**SEED["groups"][0], "settings": {"acceptance.amendable": True}}
    bundle = read_bundle({"houblon": 1, "groups": [tous]}, place.house.store.content(2))
    publish(place.house.store, bundle.edits, author="marie", note="", at=NOW, base=2)
    return place


def papers(place):
    return [(row.kind, row.state) for row in rows(place.house.services, invoices)]


def test_a_shop_s_order_is_accepted_and_invoiced_then_updated(amendable):
    place = amendable
    add_shop(place, "shopify")
    count = iter(range(1_000))

    def tell(topic, time, **members):
        payload = shopify(**{"line_items": [LINE], "financial_status": "pending", "updated_at": time, **members})
        return call(place, "shopify", payload, X_Shopify_Topic=topic, X_Shopify_Webhook_Id=f"d-{next(count)}")

    first = tell("orders/create", TIMES[0])
    assert first.json["outcome"] == "accepted"
    more = tell("orders/updated", TIMES[1], line_items=[{**LINE, "quantity": 30}])
    assert (more.status_code, more.json["outcome"], "change" in more.json) == (200, "accepted", False)
    assert more.json["invoice_number"] != first.json["invoice_number"]
    assert papers(place) == [("invoice", "credited"), ("credit_note", "issued"), ("invoice", "issued")]
    # What was caught of the first one and is sent again is old; what stands is known.
    assert tell("orders/updated", TIMES[0]).headers["Idempotent-Replay"] == "true"
    assert tell("orders/updated", TIMES[2], line_items=[{**LINE, "quantity": 30}]).status_code == 200
    few = tell("orders/updated", TIMES[3], line_items=[{**LINE, "quantity": 2}])
    assert (few.json["outcome"], few.json["change"]) == ("held", "waiting")
    assert few.json["invoice_number"] == more.json["invoice_number"]
    # Paid for at the shop with all else as it stands: the invoice is, and nothing is changed.
    paid = tell(
        "orders/paid", "2021-05-12T10:10:00-04:00", line_items=[{**LINE, "quantity": 30}], financial_status="paid"
    )
    assert paid.json["state"] == "accepted" and papers(place)[-1] == ("invoice", "paid")
    page = place.signed_in().get("/commandes/1").get_data(as_text=True)
    assert "Modification en attente" in page and "sa modification ne peut plus être acceptée" in page


@pytest.fixture
def waiting(amendable):
    """Three accepted orders, a change of each waits."""
    for number in (1, 2, 3):
        amendable.send(order(f"PO-{number}"), f"m-{number}")
        assert amendable.send(order(f"PO-{number}", items=2), f"n-{number}").json["change"] == "waiting"
    return amendable


def entries(place, act):
    return [row.subject for row in rows(place.house.services, audit) if row.act == act]


def test_the_queue_has_the_change_and_the_order_shows_it_beside_what_stands(waiting):
    client = waiting.signed_in()
    queue = client.get("/file").get_data(as_text=True)
    assert "3 modifications attendent une décision" in queue and "-594,00" in queue.replace("−", "-")
    page = client.get("/commandes/1").get_data(as_text=True)
    for said in ("Modification en attente", "24 ×", "2 ×", "Accepter la modification et refaire la facture"):
        assert said in page, said
    english = client.get("/commandes/1?langue=en").get_data(as_text=True)
    assert "Change waiting" in english or "Modification en attente" in english


def test_a_shell_shows_why_the_order_stands_not_why_its_change_waits(waiting):
    shown = shell(["order", "show", 1, "--data", waiting.house.settings.data]).stdout
    assert "acceptation automatique" in shown and "a change of it waits" in shown and "2 articles" not in shown


@pytest.mark.parametrize("act", ["accept", "dismiss"])
def test_a_change_is_settled_by_page_by_key_and_from_a_shell_alike(waiting, act):
    client, by_key = waiting.signed_in(), Caller(waiting, *SCOPES)
    shown = by_key("GET", "/orders/1").json
    assert shown["change"]["lines"] == [
        {
            "sku": "IPA-24",
            "quantity_before": 24,
            "quantity_after": 2,
            "value_before": "648.00",
            "value_after": "54.00",
        }
    ]
    assert (shown["change"]["difference"], shown["change"]["barred"]) == ("-594.00", None)
    form = {"csrf_token": token_of(client.get("/commandes/1").get_data(as_text=True)), "raison": "d’accord"}
    form["vu"] = shown["change"]["content_hash"]
    path = {"accept": "accepter", "dismiss": "ecarter"}[act]
    assert client.post(f"/commandes/1/modification/{path}", data=form).status_code == 302
    answer = by_key("POST", f"/orders/2/change/{act}", {"why": "d’accord"})
    assert answer.status_code == 200 and answer.json["change"] == f"{act}ed"
    words = ["order", f"{act}-change", "3", "--why", "d’accord", "--data", waiting.house.settings.data, "--json"]
    done = shell(words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["change"] == f"{act}ed"
    assert entries(waiting, f"order.change_{act}ed") == ["PO-1", "PO-2", "PO-3"]
    counts = [row.item_count for row in rows(waiting.house.services, orders)]
    assert counts == [2, 2, 2] if act == "accept" else [24, 24, 24]
    assert len(papers(waiting)) == (9 if act == "accept" else 3)
    after = by_key("GET", "/orders/1").json
    assert after["change"] is None
    assert [each["invoice_number"] for each in after["former_invoices"]] == (
        [shown["invoice_number"]] if act == "accept" else []
    )
    again = by_key("POST", "/orders/2/change/accept", {})
    assert (again.status_code, again.json["code"]) == (409, "no_change")
    page = client.get("/commandes/1").get_data(as_text=True)
    assert ("modification acceptée" if act == "accept" else "modification écartée") in page


def test_what_somebody_saw_is_not_what_waits_any_more(waiting):
    by_key = Caller(waiting, *SCOPES)
    etag = by_key("GET", "/orders/1").headers["ETag"]
    waiting.send(order("PO-1", items=3), "o-1")
    assert by_key("POST", "/orders/1/change/accept", {}, If_Match=etag).status_code == 412
    assert by_key("GET", "/orders/1").headers["ETag"] != etag
    assert by_key("POST", "/orders/9/change/accept", {}).status_code == 404
