"""An order by hand: found by a few letters, told before it is taken, recorded once, made again."""

import json
import re

import pytest

from houblon.orders.db.tables import audit, orders, retailers
from houblon.orders.handling.by_hand import ENTERED
from houblon.orders.products.catalogue import Product, add_product
from tests.clock import NOW
from tests.orders.services import rows
from tests.web.groups.test_pages import text
from tests.web.houses import order, token_of

FORM = "/commandes/nouvelle"


@pytest.fixture
def client(place):
    """A clerk's, in a house with two beers and an older order."""

    def offer(connection):
        for sku, name, price in (("IPA-24", "IPA d’été", 2700), ("ROU-24", "Rousse d’été", 2500)):
            add_product(connection, Product(sku, name, price, deposit=120, category="ale"), NOW, "anne")

    place.house.services.ledger.write(offer)
    place.send(order("PO-1"), "m-1")
    return place.signed_in()


def press(client, address=FORM, **form):
    page = text(client.get(FORM))
    number = re.search(r'id="numero" name="numero"[^>]*value="([^"]+)"', page)[1]
    typed = {f"{name}_{place}": "" for place in range(4) for name in ("produit", "sku", "quantite", "prix", "libre")}
    return client.post(address, data={"csrf_token": token_of(page), "numero": number, **typed, **form})


def save(client, **form):
    return press(client, acheteur="COMPTOIR DU", produit_0="ipa", enregistrer="1", **form)


def recorded(place):
    return [(row.source, json.loads(row.body), row.state) for row in rows(place.house.services, orders)]


def test_a_retailer_and_a_product_are_found_by_a_few_letters(client):
    page = text(press(client, acheteur="comptoir", produit_0="ROUSSE", quantite_0="12", produit_1="ete"))
    assert 'value="Comptoir du Coin"' in page and 'value="Rousse d’été"' in page
    assert re.findall(r'name="choisir" value="([^"]+)"', page) == ["1:IPA-24", "1:ROU-24"]
    assert re.search(r'name="produit_1"[^>]* autofocus', page)
    chosen = text(press(client, acheteur="comptoir", produit_1="ete", choisir="1:ROU-24"))
    # What is blank before it is closed up, and its quantity comes next.
    assert re.search(r'name="quantite_0"[^>]* autofocus', chosen) and 'name="sku_0" value="ROU-24"' in chosen


def test_what_would_happen_is_told_while_one_types(place, client):
    before = recorded(place)
    typed = {"acheteur": "comptoir", "produit_0": "ipa", "address": f"{FORM}/apercu"}
    assert "Il manque 3 articles." in text(press(client, quantite_0="21", **typed))
    passing = text(press(client, quantite_0="24", **typed))
    assert "Acceptée" in passing and "La facture part aussitôt." in passing and "Échéance le 11 juin 2021" in passing
    assert "la décision se montre ici" in text(press(client, quantite_0="", **typed))
    assert "la décision se montre ici" in text(press(client, quantite_0="vingt", **typed))
    assert recorded(place) == before


def test_an_order_is_recorded_as_any_other_and_once(place, client):
    form = {"quantite_0": "24", "po": "BC-7", "note": "derrière", "distributeur": "transbroue", "numero": "TEL-1"}
    first, second = save(client, **form), save(client, **form)
    assert first.status_code == second.status_code == 302 and first.location == second.location
    source, document, state = recorded(place)[-1]
    assert (source, state, len(recorded(place))) == ("saisie", "accepted", 2)
    assert document["buyer"] == {"id": "comptoir-1", "po_number": "BC-7"}
    [line] = document["lines"]
    assert (line["sku"], line["quantity"], line["unit_price"], line["deposit"]) == ("IPA-24", 24, "27.00", "1.20")
    [entry] = [row for row in rows(place.house.services, audit) if row.act == ENTERED]
    assert entry.who == "admin@houblon.example" and "saisie par admin@houblon.example" in text(
        client.get(first.location)
    )
    # Another order under a number that is taken is told at the number, and stays typed.
    other = save(client, **{**form, "quantite_0": "36"})
    assert other.status_code == 422 and "changez-le" in text(other) and 'value="36"' in text(other)


def test_a_new_retailer_is_made_with_the_order_however_often_it_is_sent(place, client):
    page = text(press(client, acheteur="Épicerie Fine"))
    assert "Nouveau détaillant «\u00a0Épicerie Fine\u00a0»" in page
    # A press made for another name passes nobody over.
    assert 'name="choisir_acheteur"' not in text(press(client, acheteur="coin", creer="1"))
    place.send(order("PO-2", buyer="comptoir-2"), "m-2")
    assert 'name="choisir_acheteur"' in text(press(client, acheteur="coin", nouveau="Épicerie Fine"))
    form = {
        "acheteur": "Épicerie Fine",
        "nouveau": "1",
        "courriel": "fine@example.com",
        "langue": "fr",
        "province": "QC",
    }
    rest = {"produit_0": "rou", "quantite_0": "30", "numero": "TEL-2", "enregistrer": "1"}
    done = [press(client, **form, **rest) for _ in range(2)]
    assert [each.status_code for each in done] == [302, 302] and done[0].location == done[1].location
    [made] = [row for row in rows(place.house.services, retailers) if row.id == "epicerie-fine"]
    assert (made.name, made.email, made.province) == ("Épicerie Fine", "fine@example.com", "QC")


def test_a_line_may_be_no_product_s(place, client):
    form = {"acheteur": "comptoir", "produit_0": "Location de fût", "quantite_0": "30"}
    freed = text(press(client, **form, liberer="0"))
    assert 'name="libre_0" value="1"' in freed and re.search(r'name="prix_0"[^>]* autofocus', freed)
    done = press(client, **form, libre_0="1", prix_0="25,50", taxe_0="non", enregistrer="1")
    assert done.status_code == 302
    [line] = recorded(place)[-1][1]["lines"]
    assert line == {"sku": "LIBRE", "name": "Location de fût", "quantity": 30, "unit_price": "25.50", "taxable": False}


def test_every_fault_stands_at_its_field_and_nothing_typed_is_lost(place, client):
    nobody = press(client, acheteur="Personne", produit_0="zzz", note="à garder", enregistrer="1")
    page = text(nobody)
    assert nobody.status_code == 422 and 'value="zzz"' in page and "à garder" in page
    assert {"#acheteur", "#produit_0", "#quantite_0"} <= set(re.findall(r'<a href="(#\w+)">', page))
    odd = press(
        client, acheteur="comptoir", produit_0="ipa", quantite_0="1,5", prix_0="cher", livraison="x", enregistrer="1"
    )
    assert odd.status_code == 422
    assert {"#quantite_0", "#prix_0", "#livraison"} <= set(re.findall(r'<a href="(#\w+)">', text(odd)))
    assert len(recorded(place)) == 1


def test_an_order_is_made_again_at_todays_prices(client):
    page = text(client.get(f"{FORM}?commande=1"))
    assert 'value="Comptoir du Coin"' in page and 'value="IPA d’été"' in page and 'value="24"' in page
    assert re.search(r'name="prix_0"[^>]*value=""', page) and "Acceptée" in page
    assert "PO-1" not in re.search(r'name="numero"[^>]*', page)[0]
    assert "Refaire cette commande" in text(client.get("/commandes/1"))


def test_what_was_tried_becomes_an_order(client):
    tried = json.dumps(order("PO-9", items=48, lines=[{"sku": "X", "quantity": 48, "unit_price": "3.00"}]))
    page = text(press(client, json=tried))
    assert 'value="Comptoir du Coin"' in page and 'name="libre_0" value="1"' in page and 'value="3,00"' in page
    assert press(client, json="{}").status_code == press(client, json="[").status_code == 422
