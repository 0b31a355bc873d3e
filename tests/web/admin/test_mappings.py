"""A source's page: its mapping tried on a pasted payload, changed, kept; nothing of it is recorded."""

import json
from html import unescape

import pytest

from houblon.orders.db.tables import orders
from houblon.orders.intake.sources import default_mapping, find_source
from tests.orders.intake.test_mapping import shopify
from tests.orders.services import rows
from tests.web.admin.test_pages import last_act, post, text
from tests.web.houses import order
from tests.web.ingest.test_shops import call

PAGE = "/sources/lecture?source=vitrine"


@pytest.fixture
def client(place):
    client = place.signed_in()
    made = post(client, "/sources", nom="vitrine", genre="shopify", secret="hush-hush")
    assert made.location == "/sources"
    return client


def said(response):
    return unescape(text(response)).replace("\u00a0", " ")


def ask(client, payload="", mapping="", **form):
    written = {"payload": payload, "mapping": mapping}
    written = {name: each if isinstance(each, str) else json.dumps(each) for name, each in written.items()}
    return post(client, "/sources/lecture", PAGE, source="vitrine", **written, **form)


def kept(place):
    with place.house.services.ledger.reading() as connection:
        return find_source(connection, "vitrine")


def test_a_pasted_payload_becomes_an_order_and_its_decision_and_nothing_is_recorded(place, client):
    page = text(client.get("/sources"))
    assert (
        "(<code>orders/create</code>), commande modifiée (<code>orders/updated</code>)" in page
        and "hush-hush" not in page
    )
    assert '"lines_from": "line_items"' in said(client.get(PAGE))
    line = {"id": 1, "sku": "IPA-24", "quantity": 24, "price": "27.00"}
    page = said(ask(client, shopify(line_items=[line])))
    assert "chip accepted" in page and "24 articles" in page and '"unit_price": "27.00"' in page
    missing = page[page.index("Ce que la commande ne dit pas") : page.index("Ce que la commande dit")]
    assert "le pays" in missing and "le montant" not in missing
    assert "le nombre de jours de retard" not in missing  # the ledger knows that
    assert rows(place.house.services, orders) == []


def test_an_order_as_houblon_writes_it_is_not_said_to_be_read_whole(place, client):
    assert post(client, "/sources", nom="caisse", genre="standard").status_code == 200
    page = "/sources/lecture?source=caisse"
    pasted = json.dumps({**order("PO-1"), "humeur": "bonne"})
    shown = said(post(client, "/sources/lecture", page, source="caisse", payload=pasted, mapping=""))
    assert "ce que Houblon ne connaît pas est gardé" in shown and "tout a été regardé" not in shown
    assert "TPS" in shown
    client.set_cookie("langue", "en")
    shown = said(post(client, "/sources/lecture", page, source="caisse", payload=pasted, mapping=""))
    assert "GST" in shown and "TPS" not in shown


def test_faults_say_where_they_are(client):
    wrong = shopify(line_items=[{"sku": "X", "quantity": 1.5, "price": "douze"}])
    page = ask(client, wrong)
    assert page.status_code == 422
    assert "/lines/0/quantity" in said(page) and "/lines/0/unit_price" in said(page) and "douze" in said(page)
    # What was made of the payload is shown where the order itself is wrong.
    page = said(ask(client, shopify(line_items=[])))
    assert "/lines" in page and '"source": "shopify"' in page
    for payload, mapping, told in (
        ("{", "", "Contenu collé :"),
        (shopify(), "{", "Correspondance : Ce n’est pas du JSON valide (1:2)."),
        (shopify(), {**default_mapping("shopify"), "lines_from": "a b"}, "/lines_from"),
        (shopify(), "x" * 50_001, "Au plus 50000 caractères."),
    ):
        page = ask(client, payload, mapping, act="keep" if payload != "{" else "")
        assert page.status_code == 422 and told in said(page)


def test_a_mapping_is_changed_previewed_kept_and_taken_back(place, client):
    own = default_mapping("shopify")
    own = {**own, "order": {**own["order"], "id": "order_number"}}
    payload = shopify(order_number="W-9")
    assert '"id": "W-9"' in said(ask(client, payload, own)) and kept(place).mapping is None
    assert ask(client, payload, own, act="keep", groups=["payeurs-a-risque", "personne"]).status_code == 302
    assert (kept(place).mapping, kept(place).groups) == (own, ("payeurs-a-risque",))
    assert (last_act(place).act, last_act(place).after["mapping"]["order"]["id"]) == ("source.set", "order_number")
    taken = call(place, "shopify", payload).json
    assert (taken["order_id"], taken["chain"]) == ("W-9", ["payeurs-a-risque", "tous"])
    assert "correspondance changée" in said(client.get("/sources"))
    assert "Revenir à la correspondance d’origine" in said(client.get(PAGE))
    ask(client, act="default")
    assert kept(place).mapping is None
    # Kept as it is, it stays the house's, and is mended with it.
    ask(client, mapping=default_mapping("shopify"), act="keep")
    assert kept(place).mapping is None


def test_a_source_that_is_not_there_is_not_found(client):
    assert client.get("/sources/lecture?source=personne").status_code == 404
    assert post(client, "/sources/lecture", PAGE, source="personne").status_code == 404
