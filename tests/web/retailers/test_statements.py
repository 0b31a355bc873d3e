"""A statement of account as people open it, send it and ask for it by key and from a shell."""

import dataclasses
import html
import json
from datetime import timedelta

import msgspec
import pytest

from houblon.orders.credentials.credentials import SCOPES
from houblon.orders.db import tables
from houblon.orders.mail.rendered import rendered
from houblon.orders.receivables.links import Opened, read_statement_link, statement_link
from houblon.orders.retailers.joins import join_retailers
from houblon.orders.services import FormerSecret
from tests.clock import NOW, day_of
from tests.orders.services import rows
from tests.web.api.test_api import Caller
from tests.web.houses import order, shell, token_of

DAY = day_of(NOW)
PERIOD = f"du={DAY.isoformat()}&au={DAY.isoformat()}"


@pytest.fixture
def call(place):
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2"), "m-2")
    call = Caller(place, *SCOPES)
    paid = {"amount": "800.00", "on": DAY.isoformat(), "reference": "VIR-7", "means": "transfer"}
    assert call("POST", "/invoices/1/payments", paid).status_code == 201
    return call


def link_in(place):
    """The link of the statement's letter that is to leave, as its retailer follows it."""
    [letter] = [row for row in rows(place.house.services, tables.outbox) if row.event == "retailer.statement"]
    link = letter.message["link"]
    assert link in rendered(letter.message)["text"] and link in rendered(letter.message)["html"]
    return link.removeprefix(place.house.services.base_url)


def text(answer):
    return html.unescape(answer.get_data(as_text=True)).replace("\N{NO-BREAK SPACE}", " ")


def test_a_statement_is_a_page_and_a_pdf_of_the_period_that_is_asked(call, place):
    client = place.signed_in()
    assert "/detaillants/comptoir-1/releve" in text(client.get("/detaillants/comptoir-1"))
    page = text(client.get("/detaillants/comptoir-1/releve"))
    for said in (
        "Facture F-2021-00001",
        "Paiement, facture F-2021-00001",
        "VIR-7",
        "690,08 $",
        "payés ou crédités en trop",
    ):
        assert said in page, said
    # Nothing happened on the day before: no page says what came after it.
    before = (DAY - timedelta(days=1)).isoformat()
    page = text(client.get(f"/detaillants/comptoir-1/releve?du={before}&au={before}"))
    assert "F-2021-00001" not in page and "Solde à payer" in page
    printed = client.get(f"/detaillants/comptoir-1/releve.pdf?{PERIOD}")
    assert printed.data.startswith(b"%PDF-") and "releve-comptoir-1" in printed.headers["Content-Disposition"]


@pytest.mark.parametrize("period", ["du=hier", "du=2999-01-01", "du=2021-05-12&au=2021-05-01"])
def test_a_period_that_can_t_be_is_asked_again(call, place, period):
    client = place.signed_in()
    answer = client.get(f"/detaillants/comptoir-1/releve?{period}")
    assert answer.status_code == 422 and 'role="alert"' in text(answer)
    assert client.get(f"/detaillants/comptoir-1/releve.pdf?{period}").status_code == 404


def test_a_retailer_of_any_id_has_one_and_nobody_else(call, place):
    place.send(order("PO-3", buyer="a/b é"), "m-3")
    client = place.signed_in()
    for address in ("/detaillants/releve?id=a/b%20é", "/detaillants/releve.pdf?id=a/b%20é"):
        assert client.get(address).status_code == 200, address
    assert "F-2021-00003" in text(client.get("/detaillants/releve?id=a/b%20é"))
    assert call("GET", "/retailers/a/b é/statement").json["closing"] == "745.04"
    assert client.get("/detaillants/personne/releve").status_code == 404
    assert call("GET", "/retailers/personne/statement").status_code == 404


def test_a_statement_is_read_then_sent_to_the_retailer(call, place):
    client = place.signed_in()
    page = client.get("/detaillants/comptoir-1/releve").get_data(as_text=True)
    assert "L’envoyer" in page and "Voici le relevé de votre compte" in page
    form = {"csrf_token": token_of(page), "id": "comptoir-1", "du": DAY.isoformat(), "au": DAY.isoformat()}
    answer = client.post("/detaillants/releve/envoyer", data=form, follow_redirects=True)
    assert "Le relevé part à" in text(answer)
    [sent] = [row for row in rows(place.house.services, tables.outbox) if row.event == "retailer.statement"]
    assert "Solde à payer" in rendered(sent.message)["text"] and sent.state == "pending"
    assert rows(place.house.services, tables.audit)[-1].act == "retailer.statement_sent"
    form["du"] = "2999-01-01"
    assert client.post("/detaillants/releve/envoyer", data=form).status_code == 404


def test_a_statement_is_asked_by_key_and_from_a_shell(call, place, tmp_path):
    made = call("GET", f"/retailers/comptoir-1/statement?since={DAY}&until={DAY}").json
    assert [(each["kind"], each["amount"], each["balance"]) for each in made["entries"]] == [
        ("invoice", "745.04", "745.04"),
        ("invoice", "745.04", "1490.08"),
        ("payment", "-800.00", "690.08"),
    ]
    assert (made["opening"], made["closing"], made["credit"]) == ("0.00", "690.08", "54.96")
    assert made["ages"] == {"not_due": "745.04", "0_30": "0.00", "31_60": "0.00", "61_90": "0.00", "over_90": "0.00"}
    assert call("GET", "/retailers/comptoir-1/statement.pdf").data.startswith(b"%PDF-")
    assert call("GET", "/retailers/comptoir-1/statement?since=2999-01-01").status_code == 422
    folder, target = place.house.settings.data, tmp_path / "releve.pdf"
    place.house.close()
    words = ["retailer", "statement", "comptoir-1", "--since", DAY, "--until", DAY, "--data", folder, "--json"]
    done = shell([*words, "--pdf", target, "--mail"])
    assert done.exit_code == 0, done.output
    assert {name: value for name, value in json.loads(done.stdout).items() if name != "to"} == made
    assert target.read_bytes().startswith(b"%PDF-")
    assert json.loads(shell([*words, "--pdf", target]).stderr)["errors"][0]["code"] == "exists"
    words[4] = "hier"
    assert json.loads(shell(words).stderr)["errors"][0]["pointer"] == "/since"


def test_the_letter_s_link_opens_the_statement_as_page_and_pdf_for_whoever_has_it(call, place):
    client, anybody = place.signed_in(), place.client()
    page = client.get("/detaillants/comptoir-1/releve").get_data(as_text=True)
    form = {"id": "comptoir-1", "du": DAY.isoformat(), "au": DAY.isoformat(), "csrf_token": token_of(page)}
    client.post("/detaillants/releve/envoyer", data=form)
    link = link_in(place)
    page = text(anybody.get(link))
    assert "Relevé de compte" in page and "Facture F-2021-00001" in page and "Envoyer" not in page
    made = anybody.get(f"{link}/releve.pdf")
    assert made.mimetype == "application/pdf" and made.data.startswith(b"%PDF")
    head, _, tail = link.rpartition("/r/")
    for wrong in (tail[:-1], tail[1:], f"{tail}A", "x", tail.replace(".", "", 1)):
        assert anybody.get(f"{head}/r/{wrong}").status_code == 404, wrong
    # What is signed for an invoice opens no statement.
    invoice = next(
        row.message["link"] for row in rows(place.house.services, tables.outbox) if "/f/" in str(row.message)
    )
    assert anybody.get(f"/r/{invoice.rpartition('/')[2]}").status_code == 404


def test_a_link_ends_with_its_months_and_with_its_retailer_s_account(call, place):
    services, anybody = place.house.services, place.client()
    opened = Opened("comptoir-1", DAY, DAY, NOW)

    def follow(link):
        return anybody.get(link.removeprefix(services.base_url)).status_code

    assert follow(statement_link(services, opened)) == 200
    months = timedelta(days=31 * place.house.profile.invoice_link_months + 1)
    assert follow(statement_link(services, msgspec.structs.replace(opened, sent_at=NOW - months))) == 410
    assert follow(statement_link(services, msgspec.structs.replace(opened, retailer="personne"))) == 404
    place.send(order("PO-3", buyer="comptoir-2"), "m-3")
    services.ledger.write(lambda connection: join_retailers(connection, "comptoir-1", "comptoir-2", by="anne", at=NOW))
    assert follow(statement_link(services, opened)) == 410


def test_a_former_secret_opens_what_was_sent_before_it_was_one(place):
    services, opened = place.house.services, Opened("comptoir-1", DAY, DAY, NOW)
    token = statement_link(services, opened).rpartition("/")[2]
    for until, expected in ((NOW, opened), (NOW - timedelta(days=1), None)):
        after = dataclasses.replace(services, secret="another", former=(FormerSecret(services.secret, until),))
        found = read_statement_link(after, token)
        assert (found and found.retailer) == (expected and expected.retailer)
    forged = msgspec.structs.replace(opened, until=DAY + timedelta(days=40))
    token = statement_link(services, forged).rpartition("/")[2]
    after = dataclasses.replace(services, secret="another", former=(FormerSecret(services.secret, NOW),))
    assert read_statement_link(after, token) is None
