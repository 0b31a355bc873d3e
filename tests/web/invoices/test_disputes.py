"""An invoice that its buyer contests: from its page, by key and from a shell, and what every page says of it."""

from html import unescape

import pytest

from houblon.orders.db import tables
from tests.clock import NOW, day_of
from tests.orders.services import rows
from tests.web.api.test_api import Caller
from tests.web.houses import order, token_of

DISPUTE, CLOSE = "/factures/1/contester", "/factures/1/clore"


@pytest.fixture
def owed(place):
    """Two invoices of one retailer."""
    place.send(order(), "m-1")
    place.send(order("PO-2"), "m-2")
    return place


def text(answer):
    return unescape(answer.get_data(as_text=True)).replace("\N{NO-BREAK SPACE}", " ")


def said(client, address):
    return text(client.get(address))


def post(client, address, **form):
    form["csrf_token"] = token_of(said(client, "/factures/1"))
    return client.post(address, data=form, follow_redirects=True)


def test_a_disputed_invoice_says_so_wherever_it_is_shown_until_that_is_closed(owed):
    client = owed.signed_in()
    answer = text(post(client, DISPUTE, raison="Une caisse <b>manque</b>."))
    assert "La facture F-2021-00001 est contestée" in answer and "Une caisse <b>manque</b>." in answer
    for address in ("/factures", "/factures?etat=contestees", "/factures/1", "/detaillants/comptoir-1"):
        assert "Contestée" in said(client, address), address
    assert "F-2021-00002" not in said(client, "/factures?etat=contestees")
    assert "dont contesté" in said(client, "/factures") and "contestés" in said(client, "/detaillants/comptoir-1")
    statement = said(client, "/detaillants/comptoir-1/releve")
    assert "Vous contestez la facture F-2021-00001" in statement
    answer = text(post(client, CLOSE, raison="Retrouvée."))
    assert "est close" in answer and "Retrouvée." in answer and "Contester…" in answer
    assert "F-2021-00001" not in said(client, "/factures?etat=contestees")
    assert "Vous contestez" not in said(client, "/detaillants/comptoir-1/releve")
    acts = [row.act for row in rows(owed.house.services, tables.audit) if "dispute" in row.act]
    assert acts == ["invoice.disputed", "invoice.dispute_closed"]


def test_what_can_t_be_is_said_in_the_form_and_changes_nothing(owed):
    client = owed.signed_in()
    refused = post(client, DISPUTE, raison="x" * 501)
    assert refused.status_code == 422 and "x" * 501 in text(refused)
    assert post(client, DISPUTE).status_code == 422
    assert "n’est pas contestée" in text(post(client, CLOSE))
    post(client, "/factures/1/payer", le=day_of(NOW).isoformat())
    assert "déjà payée" in text(post(client, DISPUTE, raison="trop tard"))
    assert post(client, "/factures/9/contester", raison="x").status_code == 404
    assert rows(owed.house.services, tables.disputes) == []


def test_a_program_disputes_closes_and_asks_for_what_is_disputed(owed):
    call = Caller(owed, "read", "write")
    before = call("GET", "/invoices/1").headers["ETag"]
    done = call("POST", "/invoices/1/dispute", {"reason": "Une caisse manque."})
    assert done.status_code == 200 and done.json["disputed"] and done.json["closed_at"] is None
    found = call("GET", "/invoices/1")
    assert found.json["disputed_at"] is not None and found.headers["ETag"] != before
    assert [each["number"] for each in call("GET", "/invoices?owed=disputed").json["items"]] == ["F-2021-00001"]
    statement = call("GET", "/retailers/comptoir-1/statement").json
    assert statement["disputed"] == found.json["balance"]
    assert [each["disputed"] for each in statement["owed"]] == [True, False]
    again = call("POST", "/invoices/1/dispute", {"reason": "encore"})
    assert (again.status_code, again.json["errors"][0]["code"]) == (409, "already_disputed")
    for wrong in ({}, {"reason": " "}, {"reason": "deux\nlignes"}, {"reason": 3}):
        assert call("POST", "/invoices/2/dispute", wrong).status_code == 422, wrong
    assert call("POST", "/invoices/9/dispute", {"reason": "x"}).status_code == 404
    closed = call("POST", "/invoices/1/close-dispute", {"outcome": "créditée"}).json
    assert (closed["disputed"], closed["outcome"]) == (False, "créditée")
    assert call("POST", "/invoices/1/close-dispute", {}).json["errors"][0]["code"] == "not_disputed"
    assert len(call("GET", "/invoices/1").json["disputes"]) == 1
