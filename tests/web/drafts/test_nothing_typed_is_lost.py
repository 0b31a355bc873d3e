"""What somebody typed is there still, whatever others did meanwhile: removed, archived, signed out."""

import re

import pytest
from sqlalchemy import update

from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.web.access.accounts import sessions
from tests.clock import NOW
from tests.web.groups.test_pages import text
from tests.web.houses import ADMIN, field, token_of

GROUP = "/groupes/payeurs-a-risque"
RULE = {
    "view": "json",
    "json": '{"label": {"fr": "Très longue phrase", "en": "Long"}, "conditions": {"all": [{"name": "order_value", '
    '"operator": "greater_than", "value": 900}]}, "actions": [{"name": "hold", "params": {"reason": "large"}}]}',
    "do": "save",
}


@pytest.fixture
def client(place):
    return place.signed_in()


def archive(place):
    publish(place.house.store, [Edit("group", "payeurs-a-risque", None)], author="anne", note="", at=NOW)


def form(page):
    return {"csrf_token": token_of(page), "etag": field(page, "etag")}


def test_a_rule_that_goes_meanwhile_is_a_conflict_with_what_was_typed_and_can_be_put_back(place, client):
    made = form(text(client.get(f"{GROUP}/regles/nouvelle")))
    client.post(f"{GROUP}/regles/nouvelle", data=RULE | made)
    id = "tres-longue-phrase"
    assert id in place.house.store.history().rule_ids_taken()
    opened = form(text(client.get(f"{GROUP}/regles/{id}")))
    other = form(text(client.get(GROUP)))
    client.post(f"{GROUP}/regles", data=other | {"id": id, "etat": "retirer"})
    kept = client.post(f"{GROUP}/regles/{id}", data=RULE | opened)
    assert kept.status_code == 409 and "Très longue phrase" in text(kept) and "n’y est plus" in text(kept)
    again = client.post(f"{GROUP}/regles/{id}", data=RULE | form(text(kept)))
    assert again.status_code == 302 and "Très longue phrase" in text(client.get(GROUP))


def test_a_group_that_is_archived_meanwhile_shows_what_was_typed_for_it(place, client):
    setting, editor, name = (
        form(text(client.get(each))) for each in (GROUP, f"{GROUP}/regles/nouvelle", f"{GROUP}/identite")
    )
    archive(place)
    written = client.post(f"{GROUP}/regles/nouvelle", data=RULE | editor)
    assert written.status_code == 409 and "Très longue phrase" in text(written) and "900" in text(written)
    typed = client.post(f"{GROUP}/parametres/acceptance.minimum_items", data=setting | {"value": "1789"})
    assert typed.status_code == 404 and "1789" in text(typed) and "n’y est plus" in text(typed)
    named = client.post(f"{GROUP}/identite", data=name | {"nom": "Nom tapé longtemps"})
    assert named.status_code == 404 and "Nom tapé longtemps" in text(named)


def end_sessions(place):
    place.house.services.ledger.write(lambda connection: connection.execute(update(sessions).values(ended_at=NOW)))


def test_a_form_that_is_sent_after_the_session_is_over_is_kept_and_sent_again(place, client):
    data = form(text(client.get(GROUP))) | {"value": "1789", "etat": "propre"}
    end_sessions(place)
    address = f"{GROUP}/parametres/acceptance.minimum_items"
    kept = client.post(address, data=data)
    page = text(kept)
    assert kept.status_code == 401 and "Votre session est terminée" in page and 'value="1789"' in page
    assert not place.house.store.history().proposals
    form_ = {"email": ADMIN, "password": place.password, "csrf_token": token_of(text(client.get("/connexion")))}
    assert client.post("/connexion", data=form_).status_code == 302
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    sent = client.post(re.search(r'action="([^"]+)"', page).group(1), data=fields)
    assert sent.status_code == 302 and place.house.store.history().proposals


def test_a_form_that_is_sent_after_another_tab_signed_out_is_kept_for_this_house_alone(place, client):
    data = form(text(client.get(GROUP))) | {"value": "1789", "etat": "propre"}
    assert client.post("/deconnexion", data={"csrf_token": data["csrf_token"]}).status_code == 302
    address = f"{GROUP}/parametres/acceptance.minimum_items"
    kept = client.post(address, data=data, headers={"Origin": "http://localhost"})
    assert kept.status_code == 401 and 'value="1789"' in text(kept)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        assert client.post(address, data=data, headers=headers).status_code == 302


def test_what_another_site_sends_is_not_shown_and_a_preview_draws_no_sign_in(place, client):
    page = text(client.get(GROUP))
    end_sessions(place)
    foreign = client.post(f"{GROUP}/parametres/acceptance.minimum_items", data={"value": "1789"})
    assert foreign.status_code == 302 and "/connexion" in foreign.location
    address = f"{GROUP}/parametres/acceptance.minimum_items/portee"
    part = client.post(address, data=form(page) | {"value": "12"}, headers={"HX-Request": "true"})
    assert (part.status_code, part.data) == (401, b"")
