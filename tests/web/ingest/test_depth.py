"""JSON nested too deep is one Problem with its place, at every door that reads JSON, on every Python."""

import dataclasses
import json
import os

import pytest

from houblon.orders.credentials.credentials import add_key
from houblon.web.ingest.signatures import sign
from tests.orders.intake.test_mapping import shopify
from tests.web.groups.test_pages import text
from tests.web.houses import order, shell, token_of
from tests.web.ingest.test_shops import add_shop, call

DEEP = "[" * 5_000 + "]" * 5_000


def deep(document):
    """The document with a member that nobody knows, 5,000 levels deep."""
    return (json.dumps(document)[:-1] + f', "extra": {DEEP}}}').encode()


def told(problems):
    return [(each["code"], each["pointer"]) for each in problems["errors"]]


def by_webhook(place, body):
    return place.client().post(
        "/webhooks/orders", data=body, headers=sign(place.secret, "m-1", place.house.now(), body)
    )


def by_api(path):
    def ask(place, body):
        return place.client().post(f"/api/v1/{path}", data=body, headers={"Authorization": f"Bearer {place.key}"})

    return ask


def by_shop(place, body):
    add_shop(place, "shopify")
    return call(place, "shopify", body)


@pytest.mark.parametrize(
    ("ask", "body", "pointer"),
    [
        (by_webhook, deep(order()), "/extra/0/0/0/0"),
        (by_shop, deep(shopify()), "/extra/0/0/0/0"),
        (by_api("decisions"), deep({"order": order()}), "/extra/0/0/0/0"),
        (by_api("decisions"), deep({"orders": [order()]}), "/extra/0/0/0/0"),
        (by_api("decisions"), b'{"order": ' + deep(order()) + b"}", "/order/extra/0/0/0"),
        (by_api("simulations"), deep({"version": 1}), "/extra/0/0/0/0"),
    ],
)
def test_a_door_for_machines_refuses_it(place, ask, body, pointer):
    ledger, scopes = place.house.services.ledger, ["decide", "read", "write"]
    key = ledger.write(lambda connection: add_key(connection, "tout", scopes, os.urandom, place.house.now()))
    place = dataclasses.replace(place, key=key)
    answer = ask(place, body)
    # A shop is told no more than that: refused often, it would stop sending.
    status = 202 if ask is by_shop else 422
    assert (answer.status_code, told(answer.json)) == (status, [("too_deep", pointer)])


def test_pages_refuse_it(place):
    client = place.signed_in()
    for address, form in (
        ("/et-si", {"json": deep(order()).decode(), "version": ""}),
        (
            "/sources/lecture?source=essai",
            {"source": "essai", "payload": deep(order()).decode(), "mapping": "", "act": "try"},
        ),
    ):
        page = text(client.get(address))
        answer = client.post(address, data={"csrf_token": token_of(page), **form})
        assert answer.status_code == 422 and "100 niveaux" in text(answer), address


@pytest.mark.parametrize("command", ["decide", "import"])
def test_the_shell_refuses_it(place, tmp_path, command):
    (tmp_path / "f.json").write_bytes(deep(order() if command == "decide" else {"houblon": 1}))
    done = shell([command, str(tmp_path / "f.json"), "--data", str(place.house.settings.data)])
    assert done.exit_code == 1
    assert told(json.loads(done.stderr)) == [("too_deep", "/extra/0/0/0/0")]
