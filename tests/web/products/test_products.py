"""Products on their pages: a list, a card, files seen before they are taken in, and what holds orders."""

import html
import io
import re

import pytest

from houblon.orders.db.tables import audit
from houblon.orders.db.tables.products import products
from tests.orders.services import rows
from tests.web.groups.test_pages import text
from tests.web.houses import token_of

IPA = {"sku": "IPA-24", "name": "IPA d’été", "unit": "caisse de 24", "price": "54,00", "deposit": "2,40"}
FLAGS = {"taxable": "1", "available": "1"}


@pytest.fixture
def client(place):
    return place.signed_in()


def post(client, page, address=None, **form):
    token = token_of(text(client.get(page)))
    return client.post(address or page, data={"csrf_token": token, **form})


def kept(place):
    return {row.sku: row for row in rows(place.house.services, products)}


def acts(place):
    found = [row for row in rows(place.house.services, audit) if row.act.startswith("product")]
    return [(row.act, row.subject) for row in found]


def test_a_product_is_added_changed_and_archived(place, client):
    assert "Ajouter le premier produit" in text(client.get("/produits"))
    assert post(client, "/produits/nouveau", **IPA, **FLAGS).status_code == 302
    page = text(client.get("/produits/fiche?sku=IPA-24"))
    seen = re.search(r'name="vu" value="([^"]+)"', page)[1]
    assert 'value="54,00"' in page and 'value="2,40"' in page
    done = post(client, "/produits/fiche?sku=IPA-24", "/produits/fiche", **{**IPA, "price": "56"}, vu=seen, taxable="1")
    assert done.status_code == 302
    row = kept(place)["IPA-24"]
    assert (row.price, row.deposit, row.taxable, row.available) == (5600, 240, True, False)
    # What was typed over what somebody changed meanwhile is not lost, and changes nothing.
    late = post(client, "/produits/fiche?sku=IPA-24", "/produits/fiche", **{**IPA, "price": "57"}, vu=seen)
    assert late.status_code == 409 and 'value="57"' in text(late) and kept(place)["IPA-24"].price == 5600
    post(client, "/produits", "/produits/disponibilite", sku="IPA-24", disponible="1")
    post(client, "/produits", "/produits/archives", sku="IPA-24", archiver="1")
    assert "IPA d’été" not in text(client.get("/produits"))
    assert "IPA d’été" in text(client.get("/produits?archives=1&q=ete"))
    assert acts(place) == [
        ("product.added", "IPA-24"),
        ("product.edited", "IPA-24"),
        ("product.edited", "IPA-24"),
        ("product.archived", "IPA-24"),
    ]


def test_what_is_wrong_is_told_beside_its_field_and_stays_typed(place, client):
    done = post(client, "/produits/nouveau", sku="", name="", price="cher", deposit="1,2345")
    page = text(done)
    assert done.status_code == 422 and 'value="cher"' in page and 'value="1,2345"' in page
    assert page.count('aria-invalid="true"') == 4 and kept(place) == {}
    post(client, "/produits/nouveau", **IPA)
    again = post(client, "/produits/nouveau", **{**IPA, "sku": "ipa-24"})
    assert again.status_code == 422 and "Il y a déjà un produit" in text(again)


def test_a_file_is_shown_before_it_is_taken_in(place, client):
    post(client, "/produits/nouveau", **IPA, **FLAGS)
    file = "Code;Nom;Prix;Consigne;Disponible\nIPA-24;IPA d’été;56,00;2,40;oui\nSTO-12;Stout;33,60;;non\n;x;1,00;;\n"
    data = {
        "csrf_token": token_of(text(client.get("/produits/import"))),
        "fichier": (io.BytesIO(file.encode()), "p.csv"),
    }
    page = text(client.post("/produits/import", data=data, content_type="multipart/form-data"))
    assert "1 nouveau · 1 changé" in page and "1 faute" in page and list(kept(place)) == ["IPA-24"]
    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("lu", "vu")}
    for place_, chosen in enumerate(re.findall(r'name="colonne_\d+">(.*?)</select>', page)):
        sent[f"colonne_{place_}"] = next(iter(re.findall(r'value="(\w+)" selected', chosen)), "")
    sent = {name: html.unescape(value) for name, value in sent.items()}
    done = client.post(
        "/produits/import", data={"csrf_token": token_of(page), **sent, "decimales": ",", "confirmer": "1"}
    )
    assert done.status_code == 302
    assert {sku: (row.price, row.available) for sku, row in kept(place).items()} == {
        "IPA-24": (5600, True),
        "STO-12": (3360, False),
    }
    assert acts(place)[-1] == ("products.imported", "2")
    exported = client.get("/produits/export.csv").get_data(as_text=True)
    assert exported.startswith("\ufeffsku;nom;") and "STO-12;Stout;;;;33,60;;oui;non;non" in exported


def test_only_a_table_is_taken(client):
    for content in (b"", b"%PDF-1.7", b'{"id": 1}\n'):
        data = {"csrf_token": token_of(text(client.get("/produits/import"))), "fichier": (io.BytesIO(content), "p.csv")}
        assert client.post("/produits/import", data=data, content_type="multipart/form-data").status_code == 422
