"""Simulations and files on the pages: read, shown, corrected, begun; reports that go out; nothing kept unasked."""

import html
import io
import json
import re

import pytest
from python_calamine import CalamineWorkbook

from houblon.orders.db.tables import file_readings, simulations
from houblon.simulation.files import preview
from houblon.simulation.files.upload import open_upload
from houblon.simulation.jobs.worker import run_next
from tests.orders.services import rows
from tests.web.groups.test_pages import text
from tests.web.houses import order, token_of
from tests.web.people import populate, someone

UPLOAD = "/simulations/fichier"
FILE = """N° de commande;Client;Groupe;Date;Articles;Total
A;Comptoir du Coin;;05/06/2021;30;1 240,50 $
B;risque-1;;06/07/2021;30;500,00 $
C;Bar <b>Neuf</b>;Payeurs à risque;07/08/2021;30;500,00 $
D;Bar;Nulle part;08/09/2021;30;500,00 $
""".encode()


@pytest.fixture
def client(place):
    place.send(order("PO-1"), "m-1")
    return place.signed_in()


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """No worker runs beside these tests: nothing is to be waited for."""
    monkeypatch.setattr("houblon.web.simulations.pages.PATIENCE", 0)


def upload(client, body, name="mai.csv", **typed):
    token = token_of(text(client.get(UPLOAD)))
    data = {"csrf_token": token, "fichier": (io.BytesIO(body), name), **typed}
    return client.post(UPLOAD, data=data, content_type="multipart/form-data")


def shown(client, body, **typed):
    """The page that shows a file just read, with ordinary spaces."""
    return flat(client.get(upload(client, body, **typed).location))


def flat(response):
    return text(response).replace("\u00a0", " ")


def choices(page):
    """What a browser would send of the form that the page shows."""
    form = next(each for each in page.split("<form") if 'name="lu"' in each)
    found = {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    }
    for name, inside in re.findall(r'<select[^>]* name="(\w+)">(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?>', inside)
        found[name] = next((value for value, chosen in options if chosen), options[0][0])
    return found | ({"retenir": "1"} if 'name="retenir" value="1" checked' in form else {})


def send(client, page, **changed):
    return client.post(UPLOAD, data={**choices(page), **changed})


def uploads(place):
    folder = place.house.settings.data / "simulations"
    return [each for each in folder.iterdir() if open_upload(each)] if folder.exists() else []


def test_a_file_is_shown_as_it_is_understood_and_simulated_with_its_report_exported(place, client):
    page = shown(client, FILE)
    assert "mai.csv" in page and "séparées par « ; »" in page and "4 lignes" in page
    sent = choices(page)
    assert [sent[f"colonne_{n}"] for n in range(6)] == ["order", "buyer", "groups", "date", "items", "value"]
    assert (sent["decimales"], sent["jours"], sent["contre"]) == (",", "dmy", "")
    assert "3 commandes, 2 240,50 $" in page and "Simuler 3 commandes" in page
    assert "Les premières dates se liraient des deux façons" in page and "5 juin 2021" in page
    assert "1 ligne fautive" in page and "<b>ligne 5</b> · Groupe" in page and "Nulle part" in page
    assert "1 détaillant sur 3 n’a pas de fiche ici" in page and "l’heure de la commande" in page
    assert "<b>Neuf" not in page and "&lt;b&gt;Neuf" in page
    begun = send(client, page, quoi="1", lancer="1")
    id = sent["lu"]
    assert begun.status_code == 303 and begun.location == f"/simulations/{id}"
    assert client.get(f"/simulations/{id}/export.csv").status_code == 404, "not before it is done"
    assert run_next(place.house.services, place.house.settings.data / "simulations", place.house.now)
    report = flat(client.get(f"/simulations/{id}"))
    assert "fichier mai.csv" in report and "1 ligne de mai.csv ne se lisait pas" in report
    for kind, start in (("csv", b"\xef\xbb\xbfCommande;"), ("xlsx", b"PK"), ("json", b"{")):
        file = client.get(f"/simulations/{id}/export.{kind}")
        assert file.status_code == 200 and file.data.startswith(start) and f"export.{kind}" in report
        assert file.headers["Content-Disposition"] == f'attachment; filename="simulation-{id}.{kind}"'
    assert json.loads(file.data)["source"]["name"] == "mai.csv"
    assert client.get(f"/simulations/{id}/export.pdf").status_code == 404
    client.set_cookie("langue", "en")
    assert client.get(f"/simulations/{id}/export.csv").data.startswith(b"\xef\xbb\xbfOrder,")
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get(f"/simulations/{id}/export.xlsx").data))
    assert book.sheet_names[:3] == ["Summary", "Matrix", "Retailers"]
    again = client.post(f"/simulations/{id}/relancer", data={"csrf_token": sent["csrf_token"]})
    assert again.location == f"{UPLOAD}?quoi=1&contre="
    assert send(client, page, lancer="1").location == f"/simulations/{id}", "pressed twice, it runs once"
    assert len(rows(place.house.services, simulations)) == 1


def test_what_is_corrected_is_read_again_and_remembered_if_asked(place, client):
    page = shown(client, FILE)
    other = flat(send(client, page, jours="mdy", colonne_2=""))
    assert "4 commandes" in other and "du 6 mai 2021 au 9 août 2021" in other
    assert choices(other)["jours"] == "mdy"
    wrong = send(client, other, colonne_5="", quoi="1", retenir="1")
    told = flat(wrong)
    assert wrong.status_code == 422 and "Dites quelle colonne donne la valeur" in told and "#colonne_" in told
    assert (choices(told)["jours"], choices(told)["quoi"]) == ("mdy", "1"), "nothing that was chosen is lost"
    refused = send(client, told, lancer="1")
    assert refused.status_code == 422 and rows(place.house.services, simulations) == []
    assert rows(place.house.services, file_readings) == []
    begun = send(client, other, lancer="1")
    assert begun.status_code == 303 and len(rows(place.house.services, file_readings)) == 1
    assert choices(shown(client, FILE.replace(b"1 240", b"1 250")))["jours"] == "mdy"
    send(client, shown(client, FILE), lancer="1", retenir="")
    data = choices(shown(client, FILE))
    data.pop("retenir")
    client.post(UPLOAD, data={**data, "lancer": "1"})
    assert rows(place.house.services, file_readings) == [], "unticked, it is forgotten"


def test_a_file_belongs_to_who_sent_it_and_may_be_gone(place, client):
    populate(place)
    page = shown(client, FILE)
    id = choices(page)["lu"]
    other = someone(place, "operator")
    for address in (id, "nulle-part", "../../rules", "é"):
        missing = other.get(f"{UPLOAD}?lu={address}")
        assert missing.status_code == 404 and "Le fichier n’est plus là" in flat(missing)
    data = {**choices(page), "csrf_token": token_of(text(other.get(UPLOAD))), "lancer": "1"}
    assert other.post(UPLOAD, data=data).status_code == 404
    viewer = someone(place, "viewer")
    assert viewer.get(UPLOAD).status_code == viewer.get("/simulations/x/export.csv").status_code == 403


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Ce fichier est vide."),
        (b"\x1f\x8b\x08", "ni un CSV, ni un classeur"),
        (b"a,b\n" + b'"' + b"x" * 1_000_100, "Une cellule dépasse"),
    ],
    ids=["empty", "compressed", "huge cell"],  # the body itself would be in the environment of what reads it
)
def test_a_refused_file_says_why_and_keeps_what_was_chosen(place, client, body, said):
    refused = upload(client, body, quoi="1")
    page = flat(refused)
    assert refused.status_code == 422 and said in page and 'href="#fichier"' in page
    assert '<option value="1" selected>' in page and uploads(place) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_read(client):
    token = token_of(text(client.get(UPLOAD)))
    data = {"csrf_token": token, "fichier": (io.BytesIO(b"x" * 26_100_000), "gros.csv")}
    refused = client.post(UPLOAD, data=data, content_type="multipart/form-data")
    assert refused.status_code == 413 and "Au plus 25 Mo" in flat(refused)
    small = {"csrf_token": token, "fichier": (io.BytesIO(b"x" * 1_100_000), "x.csv")}
    assert client.post("/detaillants/import", data=small, content_type="multipart/form-data").status_code == 413


def test_json_lines_need_no_columns_and_long_files_are_checked_in_part(place, client, monkeypatch):
    monkeypatch.setattr(preview, "LOOKED_AT", 2)
    lines = [json.dumps(order(f"PO-{n}", items=20 + n)).encode() for n in range(3)]
    page = shown(client, b"\n".join([*lines, b"{"]))
    assert "colonne_0" not in page and "Relire" in page and "2 commandes, 1 107,00 $" in page
    assert "Les 2 premières lignes sont vérifiées ici" in page
    assert send(client, page, quoi="1", lancer="1").status_code == 303
    assert run_next(place.house.services, place.house.settings.data / "simulations", place.house.now)
    [row] = rows(place.house.services, simulations)
    assert (row.state, row.result["orders"], row.result["source"]["faulty_rows"]) == ("done", 3, 1)
