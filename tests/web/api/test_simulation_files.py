"""A file of orders by key: sent, understood, simulated; its report as a workbook and as CSV."""

import io

import pytest
from python_calamine import CalamineWorkbook

from houblon.orders.credentials.credentials import SCOPES
from houblon.simulation.jobs.worker import run_next
from houblon.web.api.keys import may_send_long
from houblon.web.limits import sizes
from tests.web.api.test_api import Caller, pointers

ROWS = "commande;date;detaillant;articles;valeur\nPO-1;2021-05-03;comptoir-1;24;1296,00\nPO-2;2021-05-04;x;12;648,00\n"


@pytest.fixture
def call(place):
    return Caller(place, *SCOPES)


def sent(call, rows=ROWS, name="mai.csv", **headers):
    return call("POST", f"/simulations/files?name={name}", raw=rows.encode(), **headers)


def run(place):
    run_next(place.house.services, place.house.settings.data / "simulations", place.house.now)


def test_a_file_of_orders_is_simulated_by_key_and_its_report_opens(call, place):
    file = sent(call)
    assert file.status_code == 201 and file.json["preview"]["value"] == "1944.00" and file.json["errors"] == []
    begun = call("POST", "/simulations", {"version": 2, "against": 1, "file": file.json["id"]})
    assert begun.status_code == 202 and begun.json["asked"]["file"] == "mai.csv"
    assert call("GET", f"/simulations/{begun.json['id']}/report.xlsx").status_code == 409
    run(place)
    where = f"/simulations/{begun.json['id']}"
    report = call("GET", f"{where}/report").json
    assert (report["orders"], report["source"]["name"]) == (2, "mai.csv")
    workbook = call("GET", f"{where}/report.xlsx", Accept_Language="fr")
    assert workbook.mimetype.endswith("spreadsheetml.sheet") and ".xlsx" in workbook.headers["Content-Disposition"]
    assert CalamineWorkbook.from_filelike(io.BytesIO(workbook.data)).sheet_names
    csv = call("GET", f"{where}/report.csv", Accept_Language="fr").get_data(as_text=True)
    assert ";" in csv and len(csv.splitlines()) == 1 + len(report["flips"])
    assert "," in call("GET", f"{where}/report.csv").get_data(as_text=True).splitlines()[0]
    again = call("POST", "/simulations", {"version": 2, "file": file.json["id"]})
    assert (again.status_code, pointers(again)) == (422, {"/file"})


def test_a_reading_is_corrected_and_what_it_lacks_is_said(call):
    id = sent(call, ROWS.replace("valeur", "chiffre")).json["id"]
    reading = {"meanings": ["order", "date", "buyer", "items", ""], "decimal": ","}
    wrong = call("POST", f"/simulations/files/{id}/reading", {"reading": reading}).json
    assert wrong["preview"] is None and [each["pointer"] for each in wrong["errors"]] == ["/reading/columns/value"]
    assert pointers(call("POST", "/simulations", {"version": 1, "file": id, "reading": reading})) == {
        "/reading/columns/value"
    }
    reading["meanings"][4] = "value"
    right = call("POST", f"/simulations/files/{id}/reading", {"reading": reading}).json
    assert right["errors"] == [] and right["preview"]["orders"] == 2
    assert call("POST", "/simulations", {"version": 1, "file": id, "reading": reading}).status_code == 202
    unknown = {"meanings": ["order", "prix"]}
    assert pointers(call("POST", f"/simulations/files/{id}/reading", {"reading": unknown})) == {"/reading/meanings"}


def test_a_file_is_its_senders_alone_and_gone_where_there_is_none(call, place):
    id, other = sent(call).json["id"], Caller(place, *SCOPES, name="autre")
    reading = {"reading": {"meanings": []}}
    assert other("POST", f"/simulations/files/{id}/reading", reading).status_code == 404
    assert pointers(other("POST", "/simulations", {"version": 1, "file": id})) == {"/file"}
    for missing in ("0", "..%2Fmai", "é"):
        assert call("POST", f"/simulations/files/{missing}/reading", reading).status_code == 404
    assert pointers(call("POST", "/simulations", {"version": 1, "file": "../upload"})) == {"/file"}
    assert pointers(call("POST", "/simulations", {"version": 1, "reading": reading["reading"]})) == {"/file"}


def test_a_file_that_is_too_long_or_none_is_refused(call, place):
    path = "/api/v1/simulations/files?name=x.csv"
    headers = {"Authorization": f"Bearer {call.key}"}
    too_long = {"CONTENT_LENGTH": str(sizes.MAX_BYTES + 1)}
    assert place.client().post(path, headers=headers, environ_overrides=too_long).status_code == 413
    assert pointers(sent(call, "")) == {"/file"} and pointers(sent(call, "%PDF-1.7")) == {"/file"}
    assert pointers(call("POST", "/simulations/files", raw=ROWS.encode())) == {"/name"}
    assert not list((place.house.settings.data / "simulations").glob("[0-9a-f]*"))


def test_only_a_key_that_may_write_is_given_time_to_send_a_file(place, call):
    def may(path, key):
        return may_send_long(place.house, {"PATH_INFO": path, "HTTP_AUTHORIZATION": f"Bearer {key}"})

    assert may("/api/v1/simulations/files", call.key)
    assert not may("/api/v1/simulations/files", place.key) and not may("/api/v1/simulations/files", "hbl_x")
    assert not may("/api/v1/simulations", call.key)


def test_a_period_that_ends_before_it_begins_is_refused(call):
    for until in ("2021-05-12T00:00:00-04:00", "2021-05-11T00:00:00-04:00"):
        asked = {"version": 1, "since": "2021-05-12T00:00:00-04:00", "until": until}
        assert pointers(call("POST", "/simulations", asked)) == {"/until"}
    assert call("GET", "/simulations").json["items"] == []
