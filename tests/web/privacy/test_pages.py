"""The page of personal data: what is kept how long, a retailer's handed out, and erased after a question."""

import json
import re

import pytest

from houblon.web.privacy.keeping import preview
from tests.web.groups.test_pages import text
from tests.web.houses import Place, app_over, order, shell, token_of
from tests.web.people import populate as people
from tests.web.people import someone
from tests.web.privacy.houses import ID, MAIL, NAME, YEARS_LATER, later

PAGE = "/renseignements"


@pytest.fixture
def after(place):
    """The same installation once the years are over."""
    house = later(place.house)
    yield Place(house, app_over(house), place.password, place.secret, place.key)
    house.close()


def press(client, id, what, seen=None):
    token = token_of(client.get(PAGE).get_data(as_text=True))
    seen = seen_at(client, id) if seen is None else seen
    return client.post(f"{PAGE}/effacer", data={"csrf_token": token, "id": id, "quoi": what, "vu": seen})


def seen_at(client, id):
    """The tag of what the question shows."""
    return re.search(r'name="vu" value="([^"]+)"', client.get(f"{PAGE}?id={id}&effacer=oui").text)[1]


def test_it_says_how_long_each_kind_is_kept_in_both_languages(place):
    client = place.signed_in()
    shown = text(client.get(PAGE))
    assert "6 ans après la fin de l’année d’imposition" in shown and "90 jours" in shown
    assert shown.count("toujours, tant qu’aucune durée n’est réglée") == 3
    client.post("/langue", data={"langue": "en", "csrf_token": token_of(client.get(PAGE).text)})
    shown = text(client.get(PAGE))
    assert "6 years after the end of the tax year" in shown and "Personal data" in shown and "gardé" not in shown


def test_a_retailer_is_looked_up_exported_and_asked_about_before_anything_goes(place):
    client = place.signed_in()
    shown = text(client.get(f"{PAGE}?id={ID}"))
    assert "3 commandes" in shown and "31 décembre 2027" in shown
    exported = client.get(f"{PAGE}/export.json?id={ID}")
    assert exported.json["retailer"]["id"] == ID and "attachment" in exported.headers["Content-Disposition"]
    asked = text(client.get(f"{PAGE}?id={ID}&effacer=oui"))
    assert "Tout effacer sera possible après le" in asked and 'value="all"' not in asked
    assert preview(place.house, ID).name == NAME
    done = press(client, ID, "contact")
    assert done.status_code == 200 and "est effacé" in text(done) and "les impôts les demandent" in text(done)
    assert preview(place.house, ID).name is None
    assert "Rien n’est gardé" in text(client.get(f"{PAGE}?id=personne"))
    assert client.get(f"{PAGE}/export.json?id=personne").status_code == 404


def test_nothing_goes_early_twice_or_otherwise_than_it_was_read(place):
    client = place.signed_in()
    early = press(client, ID, "all")
    assert early.status_code == 422 and "2027" in text(early)
    stale = press(client, ID, "contact", seen="0")
    assert stale.status_code == 409 and "Relisez" in text(stale)
    assert press(client, ID, "tout").status_code == 422
    assert preview(place.house, ID).name == NAME


def test_what_comes_between_the_question_and_the_erasure_is_shown_first(place, monkeypatch):
    client, ledger = place.signed_in(), place.house.services.ledger
    write = ledger.write

    def after_an_order(work):
        monkeypatch.undo()
        place.send({**order("PO-9"), "buyer": {"id": ID, "name": NAME, "email": MAIL}}, "m-9")
        return write(work)

    seen = seen_at(client, ID)
    monkeypatch.setattr(ledger, "write", after_an_order)
    stale = press(client, ID, "contact", seen)
    assert stale.status_code == 409 and "Relisez" in text(stale) and "4 commandes" in text(stale)
    assert preview(place.house, ID).name == NAME
    assert press(client, ID, "contact").status_code == 200


def test_a_retailer_is_found_by_their_id_however_it_was_pasted(place):
    client, pasted = place.signed_in(), f"\u00a0{ID}\u200b "
    assert "3 commandes" in text(client.get(PAGE, query_string={"id": pasted}))
    assert client.get(f"{PAGE}/export.json", query_string={"id": pasted}).json["retailer"]["id"] == ID
    assert press(client, pasted, "contact", seen_at(client, ID)).status_code == 200
    data = place.house.settings.data
    assert json.loads(shell(["retailer", "export", pasted, "--data", data]).stdout)["retailer"]["id"] == ID


def test_once_the_years_are_over_all_of_it_goes(after):
    assert YEARS_LATER.year == 2028
    client = after.signed_in()
    assert 'value="all"' in client.get(f"{PAGE}?id={ID}&effacer=oui").text
    done = press(client, ID, "all")
    assert done.status_code == 200 and "3 commandes" in text(done)
    assert NAME not in client.get("/commandes/1").text and MAIL not in client.get("/factures/1").text


def test_only_administrators_open_it(place):
    people(place)
    client = someone(place, "approver")
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}/export.json?id={ID}").status_code == 403
    assert client.post(f"{PAGE}/effacer", data={"id": ID, "quoi": "contact"}).status_code in (400, 403)
