"""A bank's file from its page: read, corrected, recorded once, undone."""

import html
import io
import re

import pytest

from houblon.orders.db import tables
from tests.clock import NOW, day_of
from tests.orders.services import rows
from tests.web.houses import field, order, token_of
from tests.web.people import populate, someone

DAY = day_of(NOW).isoformat()
HEAD = "Date;Description;Débit;Crédit;Solde\n"


@pytest.fixture
def client(place):
    for number in (1, 2, 3):
        place.send(order(f"PO-{number}"), f"m-{number}")
    return place.signed_in()


def text(answer):
    return html.unescape(answer.get_data(as_text=True)).replace("\N{NO-BREAK SPACE}", " ")


def upload(client, body, encoding="cp1252", name="mai.csv"):
    token = token_of(client.get("/paiements/releve").get_data(as_text=True))
    data = {"csrf_token": token, "fichier": (io.BytesIO(body.encode(encoding)), name)}
    return client.post("/paiements/releve", data=data, content_type="multipart/form-data")


def fields(answer):
    """Every field of the preview's form as a browser would send it, ticks as they stand."""
    page = answer.get_data(as_text=True).partition('<form class="card-box"')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]+>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def post(client, form, **changes):
    form = {name: value for name, value in {**form, **changes}.items() if value is not None}
    return client.post("/paiements/releve", data=form, content_type="multipart/form-data", follow_redirects=True)


def paid(place):
    return [(row.invoice_key, row.amount, row.reference) for row in rows(place.house.services, tables.payments)]


def test_a_file_is_read_shown_recorded_once_and_undone(client, place):
    body = (
        f"{HEAD}{DAY};VIREMENT F-2021-00001;;745,04;1,00\n{DAY};DÉPÔT;;100,00;1,00\n{DAY};HYDRO;50,00;;1,00\n"
        f"{DAY};F-2021-00002 acompte;;45,04;1,00\nTotal;;50,00;890,08;\n"
    )
    answer = upload(client, body)
    page = text(answer)
    assert answer.status_code == 200 and "2 lignes sûres" in page and "1 sans facture" in page
    assert "reste 700,00 $" in page and "1 ligne de ce qui est sorti est laissée de côté" in page
    assert "ligne 6" in page and paid(place) == []
    page = text(post(client, fields(answer), confirmer="1"))
    assert "2 paiements sont notés, de 790,08 $ en tout" in page and "mai.csv" in page
    assert paid(place) == [(1, 74_504, "VIREMENT F-2021-00001"), (2, 4_504, "F-2021-00002 acompte")]
    again = upload(client, body, "utf-8-sig", "encore.csv")
    assert "2 lignes déjà notées" in text(again) and "0 ligne sûre" in text(again)
    page = client.get("/paiements").get_data(as_text=True)
    form = {"csrf_token": token_of(page), "raison": "mauvais compte"}
    page = text(client.post("/paiements/releve/1/defaire", data=form, follow_redirects=True))
    assert "2 paiements sont annulés." in page and "mauvais compte" in page
    assert sum(amount for _, amount, _ in paid(place)) == 0
    assert "est déjà défait" in text(client.post("/paiements/releve/1/defaire", data=form, follow_redirects=True))
    assert "2 lignes sûres" in text(upload(client, body))
    acts = [row.act for row in rows(place.house.services, tables.audit)][-6:]
    assert acts == [
        "payments.imported",
        "invoice.paid",
        "invoice.paid",
        "payments.import_undone",
        "invoice.payment_reversed",
        "invoice.payment_reversed",
    ]


def test_a_person_corrects_a_line_and_reads_it_again_before_it_is_recorded(client, place):
    form = fields(upload(client, f"{HEAD}{DAY};DÉPÔT;;1490,08;1,00\n{DAY};F-2021-00003;;5,00;1,00\n"))
    assert form["factures-2"] == "" and "prendre-2" not in form and form["prendre-3"] == "1"
    # What the preview did not show is shown first.
    changed = post(client, form, **{"factures-2": "F-2021-00001, f-2021-00002", "prendre-2": "1", "confirmer": "1"})
    assert changed.status_code == 409 and "relisez-le" in text(changed) and paid(place) == []
    form = fields(changed)
    assert form["factures-2"] == "F-2021-00001 F-2021-00002" and form["prendre-2"] == "1"
    page = text(post(client, form, **{"prendre-3": None, "confirmer": "1"}))
    assert "2 paiements sont notés, de 1 490,08 $ en tout" in page
    assert [(key, amount) for key, amount, _ in paid(place)] == [(1, 74_504), (2, 74_504)]


def test_a_correction_that_can_t_be_says_so_beside_its_line(client, place):
    form = fields(upload(client, f"{HEAD}{DAY};DÉPÔT;;10,00;1,00\n"))
    answer = post(client, form, **{"factures-2": "F-2021-00099"})
    assert "« F-2021-00099 » n’est pas une facture à payer" in text(answer)
    form = fields(answer)
    assert form["factures-2"] == "F-2021-00099"
    answer = post(client, form, **{"prendre-2": "1", "confirmer": "1"})
    assert answer.status_code == 422 and "La ligne 2 ne paie aucune facture" in text(answer) and paid(place) == []


def test_what_was_paid_since_the_preview_is_shown_again(client, place):
    form = fields(upload(client, f"{HEAD}{DAY};F-2021-00001;;745,04;1,00\n"))
    page = client.get("/factures/1").get_data(as_text=True)
    data = {"csrf_token": token_of(page), "vu": field(page, "vu"), "montant": "745,04", "le": DAY}
    client.post("/factures/1/paiements", data=data)
    answer = post(client, form, confirmer="1")
    assert answer.status_code == 409 and "n’est pas une facture à payer" in text(answer) and len(paid(place)) == 1


def test_what_the_file_does_not_say_is_asked(client, place):
    answer = upload(client, "05/06/2021,F-2021-00001,,745.04,1.00\n")
    page = text(answer)
    assert answer.status_code == 422 and "si le jour ou le mois vient d’abord" in page and 'name="jours"' in page
    answer = post(client, fields(answer), jours="mdy")
    assert "1 sans facture" in text(answer) and "avant celui de la commande" in text(answer)
    answer = upload(client, f"x,y\nF-2021-00001,{DAY},745.04\n")
    assert "quelle colonne donne la date" in text(answer)
    form = fields(answer)
    answer = post(client, form, colonne_date="1", colonne_paid_in="2", colonne_texts="0")
    assert "1 ligne sûre" in text(answer)
    assert "1 paiement est noté, de 745,04 $" in text(post(client, fields(answer), confirmer="1"))


def test_who_may_only_look_imports_nothing(place):
    populate(place)
    viewer = someone(place, "viewer")
    assert viewer.get("/paiements").status_code == 200
    assert "Importer un relevé" not in viewer.get("/paiements").get_data(as_text=True)
    assert viewer.get("/paiements/releve").status_code == 403


@pytest.mark.parametrize("body", ["", "rien du tout", "a,b\n" * 6_000])
def test_what_is_no_file_of_a_bank_is_refused(client, body):
    assert upload(client, body).status_code == 422
