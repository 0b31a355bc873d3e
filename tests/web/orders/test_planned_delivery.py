"""The planned delivery on the pages: seen before it is changed, told on order and invoice, to the buyer too."""

import re
from dataclasses import replace

import pytest
from msgspec import structs

from houblon.orders.mail.rendered import rendered
from houblon.orders.queries.lists import list_messages
from houblon.orders.records.audit import entries, verify
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.data_folder import change_profile
from tests.web.groups.test_pages import text
from tests.web.houses import app_over, field, order, token_of

ADDRESS = "/commandes/1/livraison"


@pytest.fixture
def client(place):
    """An installation whose due dates follow, with an invoiced order delivered by its cycle on May 20."""
    change_profile(place.house.settings.data, lambda seen: structs.replace(seen, follow_delivery=True))
    opened = replace(place, house=open_house(place.house.settings, place.house.now))
    opened = replace(opened, app=app_over(opened.house))
    opened.send(order("PO-1"), "m-1")
    opened.send(order("PO-2", items=1), "m-2")
    made = opened.signed_in()
    made.place = opened
    yield made
    opened.house.close()


def press(client, page=None, **form):
    page = page or text(client.get(ADDRESS))
    return client.post(ADDRESS, data={"csrf_token": token_of(page), "vu": field(page, "vu"), **form})


def test_the_order_tells_how_its_due_date_came_about(client):
    page = text(client.get("/commandes/1"))
    assert "prochaine livraison du cycle" in page and "20 mai 2021" in page and "19 juin 2021" in page
    assert "compté du 6 mai 2021" in page and "Prochaine livraison du cycle\u00a0: 20 mai 2021." in page
    assert "fin de semaine" in page and ADDRESS in page
    assert ADDRESS.replace("1", "2") not in text(client.get("/commandes/2"))


def test_what_a_change_does_is_shown_before_it_is_made_and_nothing_is_kept(client):
    page = text(press(client, date="2021-05-27", raison="pont fermé", voir="1"))
    assert "L’échéance passe du 19 juin 2021 au 26 juin 2021." in page
    assert "Livrer le 27 mai 2021, échéance le 26 juin 2021" in page and 'value="pont fermé"' in page
    assert "échéance inchangée" not in text(client.get("/commandes/1"))


def test_a_change_is_told_on_the_order_the_invoice_the_list_and_to_the_buyer(client):
    done = press(client, date="2021-05-27", raison="pont fermé")
    assert done.location == "/commandes/1"
    page = text(client.get("/commandes/1"))
    assert "livraison\u00a0: — → 27 mai 2021" in page and "échéance\u00a0: 19 juin 2021 → 26 juin 2021" in page
    assert "pont fermé" in page and "L’échéance passe au 26 juin 2021." in page
    invoice = text(client.get("/factures/1"))
    assert "payable au plus tard le 26 juin 2021, au lieu du 19 juin 2021" in invoice
    assert "<dt>Payable au plus tard le</dt><dd><b>19 juin 2021</b>" in invoice  # as it was issued
    assert "26 juin" in text(client.get("/factures"))
    with client.place.house.services.ledger.reading() as connection:
        mail = next(each for each in list_messages(connection) if each.event == "invoice.amended")
    link = re.search(r"/f/\S+", rendered(mail.message)["text"]).group()
    shared = text(client.place.client().get(link))
    assert "payable au plus tard le 26 juin 2021, au lieu du 19 juin 2021" in shared
    assert "pont fermé" not in shared and "Cycle transbroue" not in shared


def test_the_act_is_in_the_log_with_before_and_after(client):
    press(client, date="2021-05-27", raison="pont fermé")
    with client.place.house.services.ledger.reading() as connection:
        [act] = [each for each in entries(connection) if each.act == "order.delivery_changed"]
        assert verify(connection).broken_at is None
    assert (act.subject, act.before["due_date"], act.after["due_date"]) == ("PO-1", "2021-06-19", "2021-06-26")
    assert act.after["planned_delivery"] == "2021-05-27" and act.after["why"] == "pont fermé"


@pytest.mark.parametrize(
    ("typed", "place_of_fault"),
    [
        ({"date": "", "raison": "x"}, "date"),
        ({"date": "2021-05-01", "raison": "x"}, "date"),
        ({"date": "2021-05-27"}, "raison"),
    ],
)
def test_a_fault_is_told_and_what_was_typed_stays(client, typed, place_of_fault):
    response = press(client, **typed)
    page = text(response)
    assert response.status_code == 422 and f'href="#{place_of_fault}"' in page
    assert f'value="{typed["date"]}"' in page


def test_the_second_of_two_people_is_told(client):
    seen = text(client.get(ADDRESS))
    press(client, date="2021-05-27", raison="pont fermé")
    press(client, page=seen, date="2021-06-03", raison="autre")
    assert "vient d’être changée" in text(client.get("/commandes/1"))


def test_an_order_that_waits_has_no_delivery_to_change(client):
    page = text(client.get("/commandes/2/livraison"))
    assert "n’attend pas sa livraison" in page
    data = {"csrf_token": token_of(page), "date": "2021-05-27", "raison": "x"}
    assert client.post("/commandes/2/livraison", data=data).location == "/commandes/2"
    assert client.get("/commandes/99/livraison").status_code == 404
    assert client.post("/commandes/99/livraison", data=data).status_code == 404


def test_without_the_setting_the_page_says_that_the_due_date_stays(place):
    place.send(order("PO-1"), "m-1")
    client = place.signed_in()
    page = text(press(client, date="2021-05-27", raison="x", voir="1"))
    assert "les réglages de la maison ne le demandent pas" in page
    press(client, date="2021-05-27", raison="x")
    assert "échéance inchangée" in text(client.get("/commandes/1"))


def test_what_if_and_the_queue_tell_a_missed_cut_off_and_a_skipped_date(client):
    token = token_of(text(client.get("/et-si")))
    asked = {"csrf_token": token, "buyer": "b", "items": "24", "price": "27", "accepted_at": "2021-05-12T10:00"}
    assert "aucune livraison connue" in text(client.post("/et-si", data=asked))
    assert "prochaine livraison du cycle" in text(client.post("/et-si", data={**asked, "distributor": "transbroue"}))
    queue = text(client.get("/file"))
    assert "compté du 6 mai 2021" in queue and "En toutes lettres" in queue
