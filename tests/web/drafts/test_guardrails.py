"""Guardrails on a draft's page: what is proved, what breaks one, and that order in « Et si… »."""

import json
import re
from html import unescape

import pytest

from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import begin
from tests.clock import NOW
from tests.web.houses import token_of

UNDER = {"all": [{"name": "order_value", "operator": "less_than", "value": 250}]}


@pytest.fixture
def client(place):
    return place.signed_in()


def guardrail(id, claim, **members):
    label = {"fr": f"Garde-fou {id}", "en": f"Guardrail {id}"}
    return Edit("guardrail", id, {"id": id, "label": label, "claim": claim, **members})


def drafted(place, *edits):
    return begin(place.house.store, "Garde-fous", by="marie", at=NOW, edits=edits).id


def test_a_draft_without_guardrails_says_nothing_of_them(client, place):
    page = client.get(f"/brouillons/{drafted(place, Edit('cycle', 'x', None))}").get_data(as_text=True)
    assert 'id="garde-fous"' not in page


def test_what_breaks_one_is_shown_stops_the_publication_and_opens_in_what_if(client, place):
    id = drafted(
        place,
        guardrail("soixante", {"terms_at_most_days": 60}),
        guardrail("sous-250", {"never": "accepted"}, when=UNDER),
    )
    page = client.get(f"/brouillons/{id}").get_data(as_text=True)
    card = page[page.index('id="garde-fous"') :]
    card = card[: card.index("</section>")]
    assert "null" not in page[page.index("Changements") : page.index('id="garde-fous"')]
    assert card.index("Garde-fou sous-250") < card.index("Garde-fou soixante")
    assert "Prouvé pour 2 suites de groupes." in card and "Cette commande ne le respecte pas" in card
    [link] = [unescape(each) for each in re.findall(r'href="(/et-si[^"]+)"', card)]
    form = client.get(link).get_data(as_text=True)
    order = json.loads(unescape(re.search(r'<textarea[^>]*name="json"[^>]*>(.*?)</textarea>', form, re.DOTALL)[1]))
    assert sum(line["quantity"] * float(line["unit_price"]) for line in order["lines"]) < 250
    said = {"csrf_token": token_of(form), "json": json.dumps(order), "version": f"brouillon:{id}"}
    answered = client.post("/et-si", data=said).get_data(as_text=True)
    assert "Acceptée" in answered
    english = client.get(f"/brouillons/{id}", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Garde-fou" in english or "Guardrail" in english


def test_a_link_to_what_is_there_no_more_opens_an_empty_form(client, place):
    for link in ("?brouillon=rien&garde-fou=g&suite=tous", f"?brouillon={drafted(place)}&garde-fou=g"):
        assert client.get(f"/et-si{link}").status_code == 200
