"""Shopify's and WooCommerce's own payloads, signed by their own secrets, become decisions."""

import json

import pytest
import structlog
from structlog.testing import capture_logs

from houblon.orders.credentials.credentials import add_source
from houblon.orders.intake.sources import set_source
from houblon.web.ingest.shop_signatures import is_signed, shop_signature
from houblon.web.ingest.signatures import sign
from tests import cases
from tests.clock import NOW
from tests.orders.intake.test_mapping import shopify, woocommerce
from tests.web.houses import order

SECRET = "hush-hush"


def add_shop(place, kind, secret=SECRET):
    ledger = place.house.services.ledger
    ledger.write(lambda connection: add_source(connection, kind, lambda count: b"", NOW, kind, secret))


def call(place, kind, body, secret=SECRET, **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = {
        "shopify": {
            "X-Shopify-Hmac-Sha256": shop_signature(secret, body),
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Webhook-Id": "b54557e4",
        },
        "woocommerce": {
            "X-WC-Webhook-Signature": shop_signature(secret, body),
            "X-WC-Webhook-Topic": "order.created",
            "X-WC-Webhook-Delivery-ID": "9f2c",
        },
    }[kind]
    signed.update({name.replace("_", "-"): value for name, value in headers.items()})
    return place.client().post(f"/webhooks/{kind}/orders", data=body, headers=signed)


def codes(response):
    return [reason["code"] for reason in response.json["reasons"]]


def test_the_shops_published_signatures_verify_and_no_bit_flip_of_them_does():
    vectors = cases.load("hmac_vectors.json")
    vectors = [(each["secret"], cases.path(each["file"]).read_bytes(), each["signature"]) for each in vectors]
    one = cases.load("shopify_vector.json")
    vectors.append((one["secret"], one["body"].encode(), one["signature"]))
    for secret, body, signature in vectors:
        assert is_signed([secret], signature, body)
        assert not is_signed([secret + "x"], signature, body)
        assert not is_signed([secret], signature, body + b" ")
        for place in range(len(signature)):
            for bit in range(7):
                flipped = signature[:place] + chr(ord(signature[place]) ^ 1 << bit) + signature[place + 1 :]
                assert not is_signed([secret], flipped, body)


@pytest.mark.parametrize(
    "kind, file",
    [
        ("shopify", "shopify_orders_create.json"),
        ("woocommerce", "woocommerce_order_723_3.json"),
        ("woocommerce", "woocommerce_order_727_0.json"),
        ("woocommerce", "woocommerce_order_727_2.json"),
        ("woocommerce", "woocommerce_order_727_10.json"),
    ],
)
def test_the_shops_samples_decide_without_an_error(place, kind, file):
    add_shop(place, kind)
    response = call(place, kind, cases.path(file).read_bytes())
    assert (response.status_code, response.json["outcome"]) == (200, "held")
    assert "currency" in codes(response)


def test_a_shop_s_order_is_decided_and_invoiced_once(place):
    add_shop(place, "shopify")
    line = {"id": 1, "sku": "IPA-24", "quantity": 24, "price": "27.00"}
    sold = shopify(line_items=[line], email="coin@example.com")
    first, again = call(place, "shopify", sold), call(place, "shopify", sold)
    assert (first.json["outcome"], first.json["order_id"]) == ("accepted", "#1001")
    assert (again.json, again.headers["Idempotent-Replay"]) == (first.json, "true")
    other = call(place, "shopify", {**sold, "note": "Sonnez"})
    assert (other.status_code, other.json["errors"][0]["code"]) == (202, "webhook_id_reused")
    # The same order under another delivery's id, or without one: its content says that it is known.
    same = call(place, "shopify", sold, X_Shopify_Webhook_Id="other")
    assert (same.status_code, same.headers["Idempotent-Replay"]) == (200, "true")


def test_tags_put_the_buyer_in_groups(place):
    add_shop(place, "shopify")
    line = {"sku": "IPA-24", "quantity": 24, "price": "27.00"}
    risky = shopify(line_items=[line], customer={"id": 7, "tags": "Payeurs à risque, VIP"})
    response = call(place, "shopify", risky)
    assert (response.json["chain"], codes(response)) == (["payeurs-a-risque", "tous"], ["manual"])
    trial = call(place, "shopify", {**shopify(line_items=[line], test=True), "name": "#2"}, X_Shopify_Webhook_Id="2")
    assert codes(trial) == ["sender_status"]


@pytest.mark.parametrize("kind", ["shopify", "woocommerce"])
def test_an_unsigned_or_misdirected_call_is_refused(place, kind):
    payload = {"shopify": shopify, "woocommerce": woocommerce}[kind]()
    assert call(place, kind, payload).status_code == 401  # nobody has a secret yet
    add_shop(place, kind)
    assert call(place, kind, payload, secret="another one").status_code == 401
    for signature in ("", "é", "=", "x" * 10_000):
        name = {"shopify": "X_Shopify_Hmac_Sha256", "woocommerce": "X_WC_Webhook_Signature"}[kind]
        assert call(place, kind, payload, **{name: signature}).status_code == 401
    topic = {"shopify": "X_Shopify_Topic", "woocommerce": "X_WC_Webhook_Topic"}[kind]
    wrong = call(place, kind, payload, **{topic: "products/update"})
    assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (202, "topic")
    assert call(place, kind, b"[1]").json["errors"][0]["code"] == "type"
    assert call(place, kind, b"{").json["errors"][0]["code"] == "json"
    # A standard source's secret opens no shop's door.
    assert call(place, kind, payload, secret=place.secret).status_code == 401


def test_woocommerce_s_ping_at_set_up_is_answered_and_does_nothing(place):
    client = place.client()
    address = "/webhooks/woocommerce/orders"
    assert client.post(address, data={"webhook_id": "12"}).status_code == 200
    assert client.post(address, data={"webhook_id": "12", "x": "y"}).status_code == 401


def test_a_source_s_default_group_counts_when_an_order_names_none(place):
    ledger = place.house.services.ledger
    ledger.write(lambda connection: set_source(connection, "essai", ["payeurs-a-risque"], None, NOW))
    assert place.send(order("PO-1"), "m-1").json["chain"] == ["payeurs-a-risque", "tous"]
    named = order("PO-2")
    named["buyer"]["groups"] = ["tous"]
    assert place.send(named, "m-2").json["chain"] == ["tous"]


def test_a_source_s_own_mapping_reads_what_it_sends(place):
    mapping = {
        "houblon_mapping": 1,
        "order": {"id": "no", "placed_at": {"path": "le", "as": "instant"}, "currency": {"value": "CAD"}},
        "buyer": {"id": {"path": "client", "as": "text"}},
        "lines_from": "articles",
        "lines": {"sku": "code", "quantity": "n", "unit_price": {"path": "prix", "as": "money"}},
    }
    place.house.services.ledger.write(lambda connection: set_source(connection, "essai", [], mapping, NOW))
    sent = {"no": "C-1", "le": "2021-05-12T09:30:00-04:00", "client": 12}
    sent["articles"] = [{"code": "IPA", "n": 24, "prix": 27}]
    body = json.dumps(sent).encode()
    headers = sign(place.secret, "m-1", NOW, body)
    response = place.client().post("/webhooks/orders", data=body, headers=headers)
    assert (response.json["outcome"], response.json["order_id"]) == ("accepted", "C-1")
    again = place.client().post("/webhooks/orders", data=body, headers=headers)
    assert again.headers["Idempotent-Replay"] == "true"


def test_replays_and_conflicts_are_logged_without_personal_data(place):
    structlog.reset_defaults()
    with capture_logs() as logged:
        place.send(order(), "m-1")
        place.send(order(), "m-1")
        place.send(order(items=48), "m-1")
        place.client().post("/webhooks/orders", data=b"{}")
    assert [each["event"] for each in logged if each["event"].startswith("webhook")] == [
        "webhook.taken",
        "webhook.replayed",
        "webhook.conflict",
        "webhook.unsigned",
    ]
    assert "comptoir" not in json.dumps(logged).lower()
    assert logged[0]["webhook"] == "m-1"


@pytest.mark.parametrize("kind", ["shopify", "woocommerce"])
def test_a_body_that_is_signed_and_is_not_utf_8_says_so(place, kind):
    add_shop(place, kind)
    answer = call(place, kind, '{"nom": "Brûlée"}'.encode("latin-1"))
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (202, "json") and "UTF-8" in answer.text
