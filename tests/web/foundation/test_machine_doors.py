"""Every door for machines of a running server, asked once as a machine would, on either database."""

import json
import os
import urllib.error
import urllib.request

import pytest

from houblon.orders.credentials.credentials import add_key, add_source
from houblon.web.ingest.shop_signatures import shop_signature
from tests.orders.intake.test_mapping import shopify, woocommerce
from tests.orders.postgresql import pytestmark, url  # noqa: F401
from tests.web.houses import NOW, make_folder, open_place, order
from tests.web.servers import send, serving

SECRET = "hush-hush"
IDS = {"groups": "tous", "cycles": "transbroue", "versions": 2}


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request, tmp_path):
    """A running server, and what opens its doors."""
    environ = {"HOUBLON_DATABASE_URL": request.getfixturevalue("url")} if request.param == "postgresql" else {}
    password = make_folder(tmp_path / "data", environ)
    place = open_place(tmp_path / "data", password, environ=environ)
    for kind in ("shopify", "woocommerce"):
        place.house.services.ledger.write(lambda c, kind=kind: add_source(c, kind, os.urandom, NOW, kind, SECRET))
    key = place.house.services.ledger.write(lambda c: add_key(c, "tout", ["decide", "read", "write"], os.urandom, NOW))
    place.house.close()
    with serving(tmp_path / "data", {**os.environ, **environ}) as running:
        yield running, place.secret, key


def ask(server, method, address, body=None, **headers):
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **{name.replace("_", "-"): each for name, each in headers.items()}}
    request = urllib.request.Request(f"{server.address}{address}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def test_every_door_answers(service):
    running, secret, key = service
    assert send(running.address, secret, order(), "m-1")[1]["outcome"] == "accepted"
    assert send(running.address, secret, order(), "m-1")[0] == 200
    assert send(running.address, secret, order("PO-2", items=2), "m-2")[1]["outcome"] == "held"
    for kind, payload, signature, topic in (
        ("shopify", shopify(), "X-Shopify-Hmac-Sha256", {"X-Shopify-Topic": "orders/create"}),
        ("woocommerce", woocommerce(), "X-WC-Webhook-Signature", {"X-WC-Webhook-Topic": "order.created"}),
    ):
        body = json.dumps(payload).encode()
        headers = {signature: shop_signature(SECRET, body), **topic}
        assert ask(running, "POST", f"/webhooks/{kind}/orders", body, **headers)[0] == 200, kind
    for address in ("/healthz", "/readyz", "/readyz", "/metrics"):
        assert ask(running, "GET", address)[0] == 200, address
    told = {}
    for path, operations in json.loads(ask(running, "GET", "/api/v1/openapi.json")[1])["paths"].items():
        names = {
            "id": IDS.get(path.split("/")[3], "rien"),
            "key": 1,
            "number": 2,
            "line": 1,
            "name": "rien",
            "sku": "rien",
            "table": "journal",
        }
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
            body = None if method == "get" else {}
            found = ask(running, method.upper(), path.format(**names), body, Authorization=f"Bearer {key}")
            told[method, path] = found[0]
    assert {each: status for each, status in told.items() if status >= 500} == {}
    assert len(told) > 30 and {told["get", f"/api/v1/{kind}"] for kind in ("orders", "invoices", "groups")} == {200}
    decided = ask(running, "POST", "/api/v1/decisions", {"order": order("PO-9")}, Authorization=f"Bearer {key}")
    assert decided[0] == 200
