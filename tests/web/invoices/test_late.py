"""What is late, by how many days, and how old what is owed is: on pages, by key."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from houblon.orders.db import tables
from tests.clock import NOW, day_of
from tests.web.api.test_api import Caller
from tests.web.houses import order

FIRST = tables.invoices.c.key == 1


@pytest.fixture
def late(place):
    """Two invoices, the first one 52 days late."""
    place.send(order(), "m-1")
    place.send(order("PO-2"), "m-2")
    due = (day_of(NOW) - timedelta(days=52)).isoformat()
    place.house.services.ledger.write(lambda c: c.execute(update(tables.invoices).where(FIRST).values(due_date=due)))
    return place


def test_what_is_late_says_by_how_many_days_wherever_it_is_shown(late):
    client = late.signed_in()
    for address in ("/factures", "/factures?etat=en-retard", "/factures/1", "/detaillants/comptoir-1"):
        assert "En retard de 52 jours" in client.get(address).get_data(as_text=True), address
    page = client.get("/factures?etat=en-retard").get_data(as_text=True)
    assert "F-2021-00001" in page and "F-2021-00002" not in page
    assert "F-2021-00001" not in client.get("/factures?etat=partielles").get_data(as_text=True)
    for address in ("/factures", "/detaillants/comptoir-1"):
        ages = client.get(address).get_data(as_text=True).partition('<dl class="ages"')[2].partition("</dl>")[0]
        assert re.findall(r"<dt>([^<]+)</dt>.*?<small>(\d+)", ages) == [
            ("Pas encore échu", "1"),
            ("De 0 à 30 jours", "0"),
            ("De 31 à 60 jours", "1"),
            ("De 61 à 90 jours", "0"),
            ("Plus de 90 jours", "0"),
        ]


def test_days_late_are_told_by_key_and_asked_for(late):
    call = Caller(late, "read", "write")
    found = {each["number"]: each["days_late"] for each in call("GET", "/invoices").json["items"]}
    assert found == {"F-2021-00001": 52, "F-2021-00002": 0}
    assert call("GET", "/invoices/1").json["days_late"] == 52

    def numbers(owed):
        return [each["number"] for each in call("GET", f"/invoices?owed={owed}").json["items"]]

    assert numbers("late") == ["F-2021-00001"] and numbers("partly_paid") == []
    call("POST", "/invoices/2/payments", {"amount": "10.00", "on": day_of(NOW).isoformat()})
    assert numbers("partly_paid") == ["F-2021-00002"]
    call(
        "POST",
        "/invoices/1/payments",
        {"amount": call("GET", "/invoices/1").json["balance"], "on": day_of(NOW).isoformat()},
    )
    assert numbers("late") == [] and numbers("to_pay") == ["F-2021-00002"]
    assert call("GET", "/invoices/1").json["days_late"] == 0
