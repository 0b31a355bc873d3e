"""Payments and credit notes from the invoice's page: entered, refused as they were typed, reversed."""

import pytest

from houblon.orders.db import tables
from tests.clock import NOW, day_of
from tests.orders.services import rows
from tests.web.houses import field, order, token_of

DAY = day_of(NOW).isoformat()


@pytest.fixture
def client(place):
    assert place.send(order(), "m-1").json["outcome"] == "accepted"
    return place.signed_in()


def text(answer):
    return answer.get_data(as_text=True).replace("\N{NO-BREAK SPACE}", " ")


def post(client, path, **form):
    page = text(client.get("/factures/1"))
    form = {"vu": field(page, "vu"), **form}
    return client.post(path, data={**form, "csrf_token": token_of(page)}, follow_redirects=True)


def amounts(place):
    return [row.amount for row in rows(place.house.services, tables.payments)]


def test_a_part_is_paid_then_the_rest_and_the_cheque_that_bounced_is_reversed(client, place):
    page = text(post(client, "/factures/1/paiements", montant="100,50", le=DAY, moyen="cheque", reference="no 12"))
    assert "Paiement de 100,50 $ noté ; il reste 644,54 $ à payer" in page and "chèque · no 12" in page
    for address in ("/factures/1", "/factures?etat=a-payer", "/detaillants/comptoir-1"):
        page = text(client.get(address))
        assert "Partiellement payée" in page and "reste 644,54 $" in page and "Envoyée" not in page, address
    page = text(post(client, "/factures/1/payer", le=DAY))
    assert "Payée" in page and "Partiellement payée" not in page and amounts(place) == [10_050, 64_454]
    page = text(post(client, "/factures/1/paiements/1/annuler", raison="sans provision"))
    assert "reste 100,50 $ à payer" in page and "sans provision" in page and "Envoyée" not in page
    assert amounts(place) == [10_050, 64_454, -10_050]
    page = text(post(client, "/factures/1/paiements/1/annuler"))
    assert "déjà annulé" in page and len(amounts(place)) == 3
    assert [row.act for row in rows(place.house.services, tables.audit)][-3:] == [
        "invoice.paid",
        "invoice.paid",
        "invoice.payment_reversed",
    ]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"montant": "beaucoup", "le": DAY}, "n’est pas sûr"),
        ({"montant": "0", "le": DAY}, "au-dessus de zéro"),
        ({"montant": "10", "le": "hier"}, "année, mois, jour"),
        ({"montant": "10", "le": "2999-01-01"}, "de celui de la commande à aujourd’hui"),
    ],
)
def test_a_payment_that_can_t_be_is_asked_again_as_it_was_typed(client, place, form, told):
    answer = post(client, "/factures/1/paiements", **form, reference="VIR-7")
    assert answer.status_code == 422 and told in text(answer)
    assert f'value="{form["montant"]}"' in text(answer) and 'value="VIR-7"' in text(answer)
    assert amounts(place) == []


def test_two_people_who_note_the_same_payment_at_once_note_it_once(client, place):
    page = text(client.get("/factures/1"))
    form = {"vu": field(page, "vu"), "csrf_token": token_of(page), "montant": "745,04", "le": DAY}
    first, second = (client.post("/factures/1/paiements", data=form, follow_redirects=True) for _ in range(2))
    assert "est payée" in text(first) and "a changé depuis que vous l’avez vue" in text(second)
    assert amounts(place) == [74_504]


def test_broken_cases_are_credited_with_a_note_for_the_buyer(client, place):
    form = {"quantite-1": "2", "raison": "tombées du camion", "note": "Avec nos excuses."}
    page = text(post(client, "/factures/1/crediter", **form))
    assert "NC-2021-00001, de 62,09 $, est émise. L’acheteur en est avisé." in page
    assert "tombées du camion" in page and "au plus 22" in page
    note = text(client.get("/factures/2"))
    assert "Avec nos excuses." in note and "tombées du camion" not in note
    for faulty, told in (({"quantite-1": "25"}, "n’en a que 24"), ({"quantite-1": "0"}, "combien de chaque ligne")):
        answer = post(client, "/factures/1/crediter", **faulty)
        assert answer.status_code == 422 and told in text(answer)
    assert "il reste 22 à créditer" in text(post(client, "/factures/1/crediter", **{"quantite-1": "23"}))
    assert len(rows(place.house.services, tables.invoices)) == 2


def test_what_one_invoice_has_too_much_is_applied_to_another_from_its_page(client, place):
    place.send(order("PO-2"), "m-2")
    page = text(post(client, "/factures/1/paiements", montant="800", le=DAY))
    assert "54,96 $ de trop, à rendre" in page and "reste au crédit du détaillant" in page
    page = text(client.get("/factures/2"))
    assert "Porter ici ce que F-2021-00001 a de trop (54,96 $)" in page and 'value="54,96"' in page
    answer = post(client, "/factures/2/porter", source="1", montant="60")
    assert answer.status_code == 422 and "sans dépasser ce qui est de trop" in text(answer)
    page = text(post(client, "/factures/2/porter", source="1", montant="54,96"))
    assert "Crédit de 54,96 $ porté à cette facture." in page and "reste 690,08 $ à payer" in page
    assert amounts(place) == [80_000, -5_496, 5_496]
    assert "Rien n’est de trop" in text(post(client, "/factures/2/porter", source="1", montant="1"))
    assert post(client, "/factures/2/porter", source="99", montant="1").status_code == 404
    assert "annulé, par une écriture contraire" in text(post(client, "/factures/2/paiements/3/annuler"))
    assert sum(amounts(place)) == 80_000 and "54,96 $ de trop" in text(client.get("/factures/1"))
