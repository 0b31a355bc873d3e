"""Held orders decided again: what a publication lets pass is told beforehand, happens once, and is told afterwards."""

from datetime import timedelta

import pytest

from houblon.orders.db.tables import redecisions
from houblon.orders.waiting.work import decide_due
from houblon.rules.publishing.schedule import promote_due
from houblon.web.drafts.post_publication import settle
from tests.clock import NOW
from tests.web.drafts.test_pages import post
from tests.web.drafts.test_planned import draft, minimum, planned
from tests.web.groups.test_pages import text
from tests.web.houses import order, token_of


@pytest.fixture
def client(place):
    return place.signed_in()


@pytest.fixture
def waiting(place):
    place.send(order("PO-SMALL", items=12), "m1")
    place.send(order("PO-TINY", items=5, price="60.00"), "m2")


def flat(page):
    return " ".join(page.replace("\u00a0", " ").split())


def work(place):
    return decide_due(place.house.services, lambda: place.house.now())


def causes(place):
    with place.house.services.ledger.reading() as connection:
        return [(row.cause, row.subject) for row in connection.execute(redecisions.select())]


def test_a_draft_says_which_held_orders_it_lets_pass_and_its_publication_does(place, client, waiting):
    made = draft(place, "moins", minimum(10))
    page = flat(text(client.get(f"/brouillons/{made.id}")))
    told = page.split('id="file-d-attente"')[1].split("</section>")[0]
    assert "1 commande en attente serait acceptée" in told and "PO-SMALL" in told and "PO-TINY" not in told
    assert post(client, f"/brouillons/{made.id}/publier").status_code == 302
    assert work(place) == 1
    number = place.house.store.newest().number
    page = flat(text(client.get("/commandes/1")))
    assert f"décidée de nouveau : la version {number} est publiée" in page
    assert "Décision précédente" in page and "12 articles, il en faut 24." in page
    assert "décidée de nouveau" in flat(text(client.get("/journal")))
    assert f"Revenir à la version {number - 1}" in text(client.get(f"/historique/{number - 1}/retablir"))


def test_a_planned_draft_says_so_too_and_at_its_moment_it_does(place, client, waiting):
    moment = NOW + timedelta(minutes=10)
    made = planned(place, "moins", moment, minimum(10))
    assert "PO-SMALL" in text(client.get(f"/brouillons/{made.id}"))
    settle(place.house)
    assert work(place) == 0
    promote_due(place.house.store, moment, place.house.check_context)
    settle(place.house)
    assert decide_due(place.house.services, lambda: moment) == 1
    assert "est publiée" in text(client.get("/commandes/1"))


def test_a_way_back_says_what_it_lets_pass(place, client):
    made = draft(place, "plus", minimum(40))
    post(client, f"/brouillons/{made.id}/publier")
    place.send(order("PO-1", items=30), "m1")
    number = place.house.store.newest().number
    page = flat(text(client.get(f"/historique/{number - 1}/retablir")))
    assert "1 commande en attente serait acceptée" in page and "PO-1" in page


def test_with_nothing_waiting_nothing_is_said(place, client):
    made = draft(place, "moins", minimum(10))
    assert "file-d-attente" not in text(client.get(f"/brouillons/{made.id}"))


def test_a_publication_is_written_down_with_its_event_and_once(place, client):
    made = draft(place, "moins", minimum(10))
    post(client, f"/brouillons/{made.id}/publier")
    expected = [("publication", str(place.house.store.newest().number))]
    assert causes(place)[-1:] == expected
    before = causes(place)
    settle(place.house)
    assert causes(place) == before


def test_a_person_asks_for_it_from_the_queue_and_sees_what_came_of_it(place, client, waiting):
    page = text(client.get("/file?commande=1"))
    assert "Décider de nouveau" in page

    def ask():
        seen = page.split('name="vu" value="')[1].split('"')[0]
        data = {"csrf_token": token_of(page), "vu": seen}
        return flat(text(client.post("/file/1/decider", data=data, follow_redirects=True)))

    assert "Redécidée : la commande attend encore" in ask()
    made = draft(place, "moins", minimum(10))
    post(client, f"/brouillons/{made.id}/publier")
    asked = ask()
    assert "Redécidée : la commande est acceptée ; la facture" in asked and "à la demande de" in asked
    assert "est déjà acceptée" in ask()
    assert client.post("/file/99/decider", data={"csrf_token": token_of(page), "vu": ""}).status_code == 404
