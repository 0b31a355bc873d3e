"""A bank's file by key and from a shell: tried, recorded once, taken back."""

import pytest

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db import tables
from tests.clock import NOW, day_of
from tests.orders.services import rows
from tests.web.api.test_api import Caller
from tests.web.houses import order

DAY = day_of(NOW).isoformat()
CSV = f"Date;Description;Débit;Crédit\n{DAY};VIREMENT F-2021-00001;;745,04\n{DAY};DÉPÔT;;800,00\n{DAY};HYDRO;9,00;\n"


@pytest.fixture
def call(place):
    for number in (1, 2):
        place.send(order(f"PO-{number}"), f"m-{number}")
    return Caller(place, *SCOPES)


def codes(answer):
    return answer.status_code, [each["code"] for each in answer.json["errors"]]


def test_a_file_is_tried_recorded_once_and_taken_back_by_key(call, place):
    shown = call("POST", "/bank-files/preview", {"csv": CSV}).json
    assert [(each["line"], each["state"]) for each in shown["lines"]] == [(2, "matched"), (3, "unmatched")]
    assert shown["out"] == 1 and rows(place.house.services, tables.payments) == []
    body = {"csv": CSV, "name": "mai.csv", "choices": [{"line": 3, "invoices": ["F-2021-00002"]}]}
    assert codes(call("POST", "/bank-files", {**body, "seen": shown["seen"]})) == (412, ["plan_changed"])
    seen = call("POST", "/bank-files/preview", body | {"choices": body["choices"]}).json
    assert seen["lines"][1]["over"] == "54.96"
    done = call("POST", "/bank-files", {**body, "lines": [2, 3], "seen": seen["seen"]})
    assert done.status_code == 201 and done.json["amount"] == "1545.04"
    assert [(each["invoice_number"], each["state"], each["balance"]) for each in done.json["payments"]] == [
        ("F-2021-00001", "paid", "0.00"),
        ("F-2021-00002", "paid", "-54.96"),
    ]
    assert codes(call("POST", "/bank-files", body | {"lines": [2]})) == (422, ["already_recorded"])
    assert codes(call("POST", "/bank-files", {"csv": CSV})) == (422, ["nothing"])
    [kept] = call("GET", "/bank-files").json["items"]
    assert (kept["name"], kept["lines"], kept["amount"], kept["undone_at"]) == ("mai.csv", 2, "1545.04", None)
    undone = call("POST", "/bank-files/1/undo", {"why": "mauvais compte"}).json
    assert [each["amount"] for each in undone["payments"]] == ["-745.04", "-800.00"]
    assert codes(call("POST", "/bank-files/1/undo")) == (409, ["already_undone"])
    assert call("POST", "/bank-files/9/undo").status_code == 404


def test_what_a_file_does_not_prove_is_asked_by_key(call):
    csv = "05/06/2021,A,,10.00,1.00\n"
    answer = call("POST", "/bank-files/preview", {"csv": csv})
    assert codes(answer) == (422, ["day_order"]) and answer.json["errors"][0]["pointer"] == "/days"
    assert call("POST", "/bank-files/preview", {"csv": csv, "days": "mdy"}).json["lines"][0]["on"] == "2021-05-06"
    columns = {"date": 1, "paid_in": 0, "texts": [2]}
    assert codes(call("POST", "/bank-files/preview", {"csv": f"5,{DAY},A\n"})) == (422, ["columns"])
    found = call("POST", "/bank-files/preview", {"csv": f"5,{DAY},A\n", "columns": columns}).json
    assert (found["lines"][0]["amount"], found["lines"][0]["text"]) == ("5.00", "A")


def test_what_is_over_on_one_invoice_is_applied_to_another_by_key(call):
    over = {"amount": "800.00", "on": DAY}
    assert call("POST", "/invoices/1/payments", over).json["balance"] == "-54.96"
    assert codes(call("POST", "/invoices/2/apply-credit", {"source": 1, "amount": "55.00"})) == (422, ["amount"])
    done = call("POST", "/invoices/2/apply-credit", {"source": 1})
    assert (done.status_code, done.json["amount"], done.json["means"]) == (201, "54.96", "credit")
    assert done.json["balance"] == "690.08" and call("GET", "/invoices/1").json["balance"] == "0.00"
    assert codes(call("POST", "/invoices/2/apply-credit", {"source": 1})) == (409, ["nothing_over"])
    assert call("POST", "/invoices/2/apply-credit", {"source": 99}).status_code == 404
