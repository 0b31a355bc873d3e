"""The page of what sources sent and could not be recorded: why, tried again, tried in the mapping's page, put aside."""

import json
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest

from houblon.orders.credentials.credentials import SHOPIFY, add_key
from houblon.orders.db.tables import audit, orders
from houblon.orders.intake import refused_calls as kept
from houblon.orders.intake.sources import default_mapping, set_source
from tests.clock import NOW
from tests.orders.intake.test_mapping import shopify
from tests.orders.services import rows
from tests.web.admin.test_pages import post, text
from tests.web.houses import order, token_of
from tests.web.ingest.test_shops import add_shop, call
from tests.web.people import populate, someone

PAGE = "/appels-refuses"


@pytest.fixture
def client(place):
    return place.signed_in()


def said(response):
    return unescape(text(response)).replace("\u00a0", " ")


def half(number=1, **members):
    line = {"id": 1, "sku": "IPA-24", "quantity": 1.5, "price": "27.00"}
    return shopify(name=f"#{number}", line_items=[line], **members)


def refuse(place, count=1):
    add_shop(place, "shopify")
    for number in range(1, count + 1):
        assert call(place, "shopify", half(number), X_Shopify_Webhook_Id=f"d-{number}").status_code == 202


def mend(place):
    mapping = json.loads(json.dumps(default_mapping(SHOPIFY)))
    mapping["lines"]["quantity"] = {"value": 24}
    place.house.services.ledger.write(lambda connection: set_source(connection, "shopify", [], mapping, NOW))


def press(client, address, **form):
    token = token_of(text(client.get(PAGE)))
    return client.post(address, data={"csrf_token": token, **form}, follow_redirects=True)


def test_nothing_refused_says_so(client):
    assert "Rien n’est refusé." in said(client.get(PAGE))
    assert "n’a pas pu être enregistré" not in said(client.get("/"))


def test_a_refused_call_is_shown_with_the_sentence_of_each_fault_in_both_languages(place, client):
    refuse(place)
    page = said(client.get(PAGE))
    for words in ("<h2>shopify</h2>", "1 appel", "#1", "Un nombre entier est attendu.", "Ligne 1, quantité"):
        assert words in page, words
    assert "1 appel signé de vos sources n’a pas pu être enregistré." in said(client.get("/"))
    page = said(client.get(PAGE, headers={"Accept-Language": "en"}))
    post(client, "/langue", PAGE, langue="en")
    page = said(client.get(PAGE))
    assert "A whole number is expected." in page and "Refused calls" in page


def test_it_is_tried_in_the_page_of_its_mapping_and_again_once_that_is_mended(place, client):
    refuse(place)
    trial = said(client.get("/sources/lecture?source=shopify&appel=1"))
    assert '"quantity": 1.5' in trial and "/lines/0/quantity" in trial
    assert client.get("/sources/lecture?source=essai&appel=1").status_code == 404
    assert "Toujours refusé : Un nombre entier est attendu." in said(press(client, f"{PAGE}/1/reessayer"))
    mend(place)
    assert "Enregistré : la commande #1 est acceptée." in said(press(client, f"{PAGE}/1/reessayer"))
    assert [row.order_id for row in rows(place.house.services, orders)] == ["#1"]
    assert "Rien n’est refusé." in said(client.get(PAGE))
    acts = [(row.act, row.subject, row.after) for row in rows(place.house.services, audit)]
    assert acts[-1] == ("call.retried", "shopify", {"order_id": "#1"})
    late = client.post(f"{PAGE}/1/reessayer", data={"csrf_token": token_of(text(client.get("/sources")))})
    assert late.status_code == 302


def test_of_many_who_try_it_again_at_once_one_is_in_the_log(place, client):
    refuse(place)
    mend(place)
    token = token_of(text(client.get(PAGE)))
    clients = [client, *(place.signed_in() for _ in range(3))]
    tokens = [token, *(token_of(text(each.get(PAGE))) for each in clients[1:])]
    with ThreadPoolExecutor(len(clients)) as pool:
        pressed = pool.map(
            lambda who, of: who.post(f"{PAGE}/1/reessayer", data={"csrf_token": of}).status_code, clients, tokens
        )
        assert set(pressed) == {302}
    assert len(rows(place.house.services, orders)) == 1
    assert [row.act for row in rows(place.house.services, audit)].count("call.retried") == 1


def test_all_of_a_source_are_tried_again_in_the_order_in_which_they_came(place, client):
    refuse(place, 3)
    page = said(press(client, f"{PAGE}/reessayer", source="shopify"))
    assert "3 restent refusés." in page, page[page.index("notice") :][:300]
    mend(place)
    assert "3 appels sont enregistrés" in said(press(client, f"{PAGE}/reessayer", source="shopify"))
    assert [row.order_id for row in rows(place.house.services, orders)] == ["#1", "#2", "#3"]


def test_a_call_is_put_aside_for_good(place, client):
    refuse(place)
    assert "L’appel est écarté." in said(press(client, f"{PAGE}/1/ecarter"))
    assert "Rien n’est refusé." in said(client.get(PAGE))
    assert rows(place.house.services, audit)[-1].act == "call.dismissed"
    with place.house.services.ledger.reading() as connection:
        assert kept.find(connection, 1) is None


def test_many_of_a_source_are_shown_by_pages(place, client):
    for number in range(55):
        place.send({**order(f"R-{number}"), "buyer": {}}, f"m-{number}")
    page = said(client.get(PAGE))
    assert "55 appels" in page and "R-54" in page and "R-40" not in page and "Voir les 55 appels" in page
    page = said(client.get(f"{PAGE}?source=essai"))
    assert "R-5<" in page and "R-4<" not in page
    older = page.split("avant=")[1].split('"')[0]
    assert "R-4<" in said(client.get(f"{PAGE}?source=essai&avant={older}"))


def test_who_only_reads_sees_them_and_changes_nothing(place):
    refuse(place)
    populate(place)
    viewer = someone(place, "viewer")
    page = said(viewer.get(PAGE))
    assert "#1" in page and "Réessayer" not in page and "Essayer la lecture" not in page
    token = token_of(text(viewer.get("/commandes")) if "csrf_token" in text(viewer.get("/commandes")) else page)
    assert viewer.post(f"{PAGE}/1/ecarter", data={"csrf_token": token}).status_code == 403


def test_a_key_reads_them_page_by_page(place):
    refuse(place, 3)
    place.send({**order("PO-1"), "buyer": {}}, "m-1")
    bearer = {"Authorization": f"Bearer {place.key}"}
    first = place.client().get("/api/v1/refused-calls?limit=2&source=shopify", headers=bearer)
    assert [each["order_id"] for each in first.json["items"]] == ["#3", "#2"]
    assert set(first.json["items"][0]) >= {"source", "at", "order_id", "errors"}
    assert first.json["items"][0]["errors"] == [
        {"code": "mapping", "pointer": "/lines/0/quantity", "message": "A whole number is expected."}
    ]
    link = first.headers["Link"].split(">")[0].removeprefix("<")
    assert [each["order_id"] for each in place.client().get(link, headers=bearer).json["items"]] == ["#1"]
    every = place.client().get("/api/v1/refused-calls", headers=bearer).json["items"]
    assert [each["source"] for each in every] == ["essai", "shopify", "shopify", "shopify"]
    assert place.client().get("/api/v1/refused-calls").status_code == 401
    ledger = place.house.services.ledger
    other = ledger.write(lambda connection: add_key(connection, "b", ["decide"], lambda n: b"z" * n, NOW))
    asked = place.client().get("/api/v1/refused-calls", headers={"Authorization": f"Bearer {other}"})
    assert asked.status_code == 403
