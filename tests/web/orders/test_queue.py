"""The review queue and the list of orders: found by filters, kept as views, settled several at a time."""

import re

import pytest

from houblon.orders.handling import review
from houblon.orders.queries.lists import list_orders
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from tests.clock import NOW
from tests.web.groups.test_pages import text
from tests.web.houses import order, token_of


@pytest.fixture
def client(place):
    return place.signed_in()


@pytest.fixture
def waiting(place):
    """Held orders: PO-0 to PO-2 for their items, PO-3 with a missing product, PO-4 of a bad payer."""
    for number in range(3):
        place.send(order(f"PO-{number}", items=10), f"m{number}")
    broken = order("PO-3", items=10)
    broken["lines"][0]["available"] = False
    place.send(broken, "m3")
    place.send(order("PO-4", buyer="risque-1"), "m4")


def states(place):
    with place.house.services.ledger.reading() as connection:
        return {row.order_id: row.state for row in list_orders(connection)}


def confirm(client, act, *keys, page=None, **form):
    page = page or text(
        client.post("/file/lot", data={"csrf_token": token(client), "cle": [*map(str, keys)], "acte": act})
    )
    seen = {f"vu-{key}": page.split(f'name="vu-{key}" value="')[1].split('"')[0] for key in keys if f"vu-{key}" in page}
    data = {"csrf_token": token_of(page), "acte": act, "cle": [*map(str, keys)], **seen, **form}
    return client.post("/file/lot/confirmer", data=data)


def token(client):
    return token_of(text(client.get("/file")))


def test_what_follows_is_shown_before_several_are_accepted(place, client, waiting):
    page = text(
        client.post("/file/lot", data={"csrf_token": token(client), "cle": ["1", "2", "4"], "acte": "accepter"})
    )
    assert "Accepter 2 commandes" in page and "n’est pas disponible" in page and "facture de 310,43\u00a0$" in page
    assert set(states(place).values()) == {"held"}
    response = confirm(client, "accepter", 1, 2)
    assert response.location == "/file" and "2 commandes acceptées." in text(client.get("/file"))
    assert [states(place)[f"PO-{number}"] for number in range(4)] == ["accepted", "accepted", "held", "held"]


def test_no_total_is_shown_where_the_taxes_depend_on_a_province_that_nobody_knows(place, client):
    place.send({**order("PO-Z"), "buyer": {"id": "z-1", "province": "Zorkie"}}, "mz")
    page = text(client.get("/file"))
    assert "dans quelle province va la commande PO-Z" in page and "Accepter et facturer" not in page
    page = text(client.post("/file/lot", data={"csrf_token": token(client), "cle": ["1"], "acte": "accepter"}))
    assert "dans quelle province va la commande PO-Z" in page
    assert "facture de" not in page and "Accepter 1 commande" not in page


def test_one_that_somebody_settled_meanwhile_takes_no_other_with_it(place, client, waiting):
    page = text(client.post("/file/lot", data={"csrf_token": token(client), "cle": ["1", "2"], "acte": "accepter"}))
    confirm(place.signed_in(), "refuser", 1, raison="fermé")
    confirm(client, "accepter", 1, 2, page=page)
    told = text(client.get("/file"))
    assert "1 commande acceptée." in told and "La commande PO-0 est déjà refusée" in told


def test_refusing_several_asks_why_and_keeps_what_was_chosen(place, client, waiting):
    response = confirm(client, "refuser", 1, 4)
    page = text(response)
    assert response.status_code == 422 and "Dites pourquoi" in page and "PO-3" in page
    assert confirm(client, "refuser", 1, 4, page=page, raison="fermé").status_code == 302
    assert states(place)["PO-0"] == states(place)["PO-3"] == "refused"


def test_nothing_chosen_is_told(client, waiting):
    assert client.post("/file/lot", data={"csrf_token": token(client), "acte": "accepter"}).location == "/file"
    assert "Cochez d’abord" in text(client.get("/file"))


def test_the_queue_is_filtered_by_group_reason_and_amount(client, waiting):
    assert "PO-4" in text(client.get("/file?raison=manual")) and "PO-0" not in text(client.get("/file?raison=manual"))
    shown = text(client.get("/file?groupe=payeurs-a-risque"))
    assert "commande=5" in shown and "commande=1" not in shown
    assert "commande=5" in text(client.get("/file?minimum=500,00")) and "Tout montrer" in text(
        client.get("/file?q=rien")
    )


def test_filters_are_kept_under_a_name_by_each_person_for_themselves(place, client, waiting):
    data = {"csrf_token": token(client), "nom": "Mauvais payeurs", "groupe": "payeurs-a-risque"}
    assert client.post("/vues/review", data=data).location == "/file?groupe=payeurs-a-risque"
    page = text(client.get("/file"))
    assert "Mauvais payeurs" in page and "/file?groupe=payeurs-a-risque" in page
    assert "Mauvais payeurs" not in text(client.get("/commandes"))
    forget = page.split('action="/vues/review/')[1].split('"')[0]
    client.post(f"/vues/review/{forget}", data={"csrf_token": token(client)})
    assert "Mauvais payeurs" not in text(client.get("/file"))


def test_a_day_of_the_installation_holds_what_came_that_day(client, waiting):
    assert "PO-4" in text(client.get("/commandes?du=2021-05-12&au=2021-05-12"))
    assert "PO-4" not in text(client.get("/commandes?du=2021-05-13"))
    assert client.get("/commandes?du=hier&minimum=beaucoup").status_code == 200


def test_an_orders_history_says_reasons_in_words_and_stays_in_time(place):
    client = place.signed_in()
    place.send(order("PO-1", items=3), "m-1")
    held = client.get("/commandes/1").get_data(as_text=True)
    history = held.split("Historique</h2>")[1]
    assert "3 articles, il en faut 24." in history and "minimum_items" not in history
    place.send(order("PO-2"), "m-2")
    paid = {"csrf_token": token_of(client.get("/factures/1").get_data(as_text=True)), "le": "2021-05-12"}
    client.post("/factures/1/payer", data=paid)
    told = client.get("/commandes/2").get_data(as_text=True).split("Historique</h2>")[1]
    assert "payée le 12 mai 2021" in told and "2021-05-12" not in told


@pytest.mark.parametrize(("page", "one"), [("/commandes", "PO-1"), ("/factures", "-00001")])
def test_a_search_looks_at_some_and_goes_on_from_there(place, monkeypatch, page, one):
    monkeypatch.setattr("houblon.orders.queries.lists.LOOKED_AT", 2)
    client = place.signed_in()
    for number in range(1, 5):
        place.send(order(f"PO-{number}"), f"m-{number}")
    found = text(client.get(f"{page}?q={one}"))
    assert "ne répond à cette recherche" in found
    further = re.search(r'href="([^"]+avant=3[^"]*)"', found)[1].replace("&amp;", "&")
    found = text(client.get(further))
    assert found.count("<tr>") == 2 and "Chercher plus loin" not in found


def test_such_an_order_is_not_delivered_with_an_invoice_of_no_total(place, client):
    store = place.house.store
    newest = store.newest().number
    tous = store.content(newest).groups["tous"].document
    settings = {**tous["settings"], "invoicing.trigger": "on_delivery"}
    publish(store, [Edit("group", "tous", {**tous, "settings": settings})], author="m", note="", at=NOW, base=newest)
    place.send({**order("PO-Z"), "buyer": {"id": "z-1", "province": "Zorkie"}}, "mz")
    review.accept(place.house.services, 1, by="anne", at=NOW)
    page = text(client.get("/commandes/1"))
    assert "dans quelle province va la commande PO-Z" in page and "Livrer PO-Z et facturer" not in page
