"""Invoices and credit notes as people open them, at the moments when dates go wrong."""

import re
from datetime import UTC, datetime

import pytest

from houblon.orders.handling import lifecycle, review
from houblon.orders.invoicing.links import invoice_link
from houblon.simulation.jobs import jobs, worker
from houblon.simulation.jobs.simulation import Asked
from tests.clock import NOW
from tests.web.groups.test_pages import text
from tests.web.houses import copy_of, open_place, order


@pytest.fixture
def place(template, tmp_path, moment):
    folder, password = template
    opened = open_place(copy_of(folder, tmp_path / "data"), password, now=lambda: moment)
    yield opened
    opened.house.close()


def test_an_invoice_and_a_credit_note_open_as_pdf_for_the_house_and_for_the_buyer(place, moment):
    place.send(order("PO-1"), "m-1")
    services, client, buyer = place.house.services, place.signed_in(), place.client()
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=moment, why="")
    for key in (1, 2):
        address = invoice_link("", services.secret, key)
        answers = [client.get(f"/factures/{key}.pdf"), buyer.get(f"{address}/facture.pdf")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [answer.mimetype for answer in answers] == ["application/pdf"] * 2
        assert answers[0].data == answers[1].data and answers[0].data.startswith(b"%PDF-")


def lines(quantity, price, count=1, **members):
    return [{"sku": "IPA-24", "quantity": quantity, "unit_price": price, **members}] * count


AT_THE_BOUND = {
    "une ligne": lines(1, "999999999999.99", discount="0.01"),
    "dix": lines(10, "99999999999.99"),
    "deux lignes": lines(1, "499999999999.99", 2),
    "consignes": lines(24, "1.00", deposit="41666666665.66"),
    "tant d’articles": lines(1_000_000, "0.01", 100),
}
BEYOND = {
    "dix": lines(10, "100000000000.00"),
    "deux lignes": lines(1, "500000000000.00", 2),
    "consignes": lines(24, "1.00", deposit="41666666666.00"),
    "rabais": lines(1, "1.00", 2, discount="999999999999.99"),
}


def test_what_is_as_large_as_an_order_may_be_is_read_printed_summed_and_taken_back(place, moment):
    services, client, at = place.house.services, place.signed_in(), moment
    for key, (name, said) in enumerate(AT_THE_BOUND.items(), 1):
        answer = place.send(order(name, lines=said), f"m-{key}")
        if answer.json["outcome"] == "held":
            review.accept(services, key, by="anne", at=at)
    jobs.start(services, Asked(version=1), id="tout", by="anne", at=at)
    worker.run_next(services, place.house.settings.data / "simulations", place.house.now)
    addresses = ["/", "/file", "/commandes", "/factures?etat=a-payer", "/detaillants/comptoir-1", "/simulations/tout"]
    addresses += [f"/simulations/tout/export.{kind}" for kind in ("csv", "xlsx", "json")]
    addresses += [f"/commandes/{key}" for key in range(1, 6)]
    addresses += [f"/factures/{key}{kind}" for key in range(1, 6) for kind in ("", ".pdf")]
    assert {client.get(address, buffered=True).status_code for address in addresses} == {200}
    for key in range(1, 6):
        lifecycle.cancel(services, key, was="accepted", by="anne", at=at, why="")
        for address in (f"/commandes/{key}", f"/factures/{key + 5}", f"/factures/{key + 5}.pdf"):
            assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_larger_is_refused_at_the_door(place, name):
    answer = place.send(order(lines=BEYOND[name]), "m-1")
    assert answer.status_code == 422
    assert [(each["code"], each["pointer"]) for each in answer.json["errors"]] == [("too_large", "/lines")]


@pytest.mark.parametrize("said", [lines(24, "0.00"), lines(24, "10.00", discount="240.00")], ids=["prix", "rabais"])
def test_an_invoice_that_comes_to_nothing_is_settled(template, tmp_path, said):
    folder, password = template
    clock = [NOW]
    place = open_place(copy_of(folder, tmp_path / "data"), password, now=lambda: clock[0])
    services = place.house.services
    assert place.send(order(lines=said), "m-1").json["outcome"] == "held"  # under the least value
    review.accept(services, 1, by="anne", at=NOW)
    clock[0] = datetime(2021, 12, 1, 12, 0, 0, 5, UTC)
    client = place.signed_in()
    listed = text(client.get("/factures"))
    assert "Réglée" in listed and "F-2021-00001" in listed and "À payer (0)" in listed and "En retard (0)" in listed
    for filtered, is_there in (("a-payer", False), ("en-retard", False), ("payees", True)):
        assert ("F-2021-00001" in text(client.get(f"/factures?etat={filtered}"))) is is_there, filtered
    for address in ("/factures/1", "/detaillants/comptoir-1", "/commandes/1"):
        page = text(client.get(address))
        assert not re.search('refused">En retard|Payable au plus tard|Marquer payée', page), address
    assert "rien à payer" in text(client.get("/factures/1"))
    told = client.get("/api/v1/invoices/1", headers={"Authorization": f"Bearer {place.key}"}).json
    assert (told["state"], told["total"]) == ("paid", "0.00")
    client.set_cookie("langue", "en")
    assert "Settled" in text(client.get("/factures")) and "nothing to pay" in text(client.get("/factures/1"))
    lifecycle.cancel(services, 1, was="accepted", by="anne", at=clock[0], why="")
    assert "Credited" in text(client.get("/factures/1"))
    place.house.close()
