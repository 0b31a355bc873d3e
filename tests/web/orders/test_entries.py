"""An act on an order leaves the same entry in the audit log from a page, by key and from a shell."""

import json
from datetime import timedelta

import pytest

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db.tables import audit
from tests.clock import real
from tests.orders.services import rows
from tests.web.api.test_after_acceptance import invoice_at
from tests.web.api.test_api import Caller
from tests.web.houses import order, shell, token_of

LINES = [
    {"sku": sku, "quantity": 24, "unit_price": "27.00", "available": sku != "STO-12"}
    for sku in ("IPA-24", "STO-12", "SAISON")
]


@pytest.fixture
def doors(place):
    """Does something by each door: the page, the key, the shell."""
    client, call = place.signed_in(), Caller(place, *SCOPES)

    def page(path, **form):
        token = token_of(client.get("/commandes/1").get_data(as_text=True))
        assert client.post(path, data={"csrf_token": token, **form}).status_code == 302

    def command(*words):
        done = shell(["order", *words, "--data", place.house.settings.data, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return page, call, command


def entries(place, act):
    found = [row for row in rows(place.house.services, audit) if row.act == act]
    return [(row.subject, row.before, row.after) for row in found]


def held(call, key):
    return call("GET", f"/orders/{key}").json["content_hash"]


def test_a_line_is_told_by_its_number_from_1(place, doors):
    page, call, command = doors
    for number in (1, 2, 3):
        place.send(order(f"PO-{number}", lines=LINES), f"m-{number}")
    page("/commandes/1/lignes/2/retirer", vu=held(call, 1))
    assert call("POST", "/orders/2/lines/3/remove").status_code == 200
    command("remove-line", 3, 3)
    assert entries(place, "order.line_removed") == [(f"PO-{key}", None, {"line": 3}) for key in (1, 2, 3)]
    page("/commandes/1/lignes/1/disponible", vu=held(call, 1))
    command("line-available", 3, 2)
    assert entries(place, "order.line_available") == [(f"PO-{key}", None, {"line": 2}) for key in (1, 3)]


def test_an_invoice_issued_by_hand_is_in_the_log_by_its_number(place, doors):
    page, call, command = doors
    invoice_at(place, "manual")
    for number in (1, 2, 3):
        place.send(order(f"PO-{number}"), f"m-{number}")
    page("/file/1/facturer")
    assert call("POST", "/orders/2/invoice").status_code == 201
    assert call("POST", "/orders/3/deliver").status_code == 200
    told = command("invoice", 3)
    assert (told["state"], told["invoice"]) == ("delivered", call("GET", "/orders/3").json["invoice_number"])
    numbers = [call("GET", f"/orders/{key}").json["invoice_number"] for key in (1, 2, 3)]
    assert entries(place, "order.invoiced") == [(f"PO-{key}", None, numbers[key - 1]) for key in (1, 2, 3)]


def test_a_delivery_planned_for_another_day_is_told_with_the_due_date_only_where_that_followed(place, doors):
    page, call, command = doors
    for number in (1, 2, 3):
        place.send(order(f"PO-{number}"), f"m-{number}")
    page("/commandes/1/livraison", date="2021-06-03", raison=" pluie ", vu="0")
    said = {"date": "2021-06-03", "why": " pluie "}
    assert call("PUT", "/orders/2/planned-delivery", said).status_code == 200
    # The shell is at the clock as it is.
    in_nine_days = (real() + timedelta(days=9)).date().isoformat()
    command("plan", 3, in_nine_days, "--why", " pluie ")
    found = entries(place, "order.delivery_changed")
    days = ("2021-06-03", "2021-06-03", in_nine_days)
    assert [(subject, after) for subject, _before, after in found] == [
        (f"PO-{key}", {"planned_delivery": day, "why": "pluie"}) for key, day in zip((1, 2, 3), days, strict=True)
    ]
    assert len({tuple(before) for _subject, before, _after in found}) == 1
