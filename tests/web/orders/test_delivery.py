"""« Livrer » on its page: quantities filled in, what is typed wrong asked again, and the way back."""

import re

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import review
from tests.clock import NOW
from tests.orders.events.test_facts import unsound
from tests.orders.services import rows
from tests.web.houses import order, token_of
from tests.web.people import PASSWORD, address_of, populate

LINES = [
    {"sku": "IPA-24", "name": "IPA", "quantity": 24, "unit_price": "27.00"},
    {"sku": "STO-12", "name": "Stout", "quantity": 6, "unit_price": "20.00"},
]


@pytest.fixture
def client(place):
    assert place.send(order(lines=LINES), "m-1").json["outcome"] == "accepted"
    return place.signed_in()


def text(answer):
    return answer.get_data(as_text=True)


def post(client, path, page, **form):
    form = {name.replace("_", "-"): value for name, value in form.items()}
    return client.post(path, data={**form, "csrf_token": token_of(text(client.get(page)))}, follow_redirects=True)


def numbers(page):
    return dict(re.findall(r'name="((?:livre|perdu|repris)-\d)" value="(\d+)"', page))


def test_the_page_has_its_numbers_filled_in_and_says_what_follows(client):
    page = text(client.get("/commandes/1/livrer"))
    assert numbers(page) == {
        **{"livre-1": "24", "perdu-1": "0", "repris-1": "0"},
        **{"livre-2": "6", "perdu-2": "0", "repris-2": "0"},
    }
    assert "F-2021-00001" in page and 'inputmode="numeric"' in page
    assert "/commandes/1/livrer" in text(client.get("/commandes/1"))


def test_whoever_says_only_what_was_lost_need_not_count_the_rest(client, place):
    form = {"livre-1": "24", "prevu-1": "24", "perdu-1": "2", "repris-1": "1", "livre-2": "6", "prevu-2": "6"}
    page = text(post(client, "/commandes/1/livrer", "/commandes/1/livrer", **form, le="2021-05-12", note="Pardon."))
    assert "la note de crédit NC-2021-00001" in page and "Livrée" in page
    [delivery] = rows(place.house.services, tables.deliveries)
    assert delivery.lines[0] == {"line": 1, "delivered": 21, "lost": 2, "returned": 1}
    assert (delivery.delivered_on, delivery.who) == ("2021-05-12", "admin@houblon.example")
    assert "Pardon." in text(client.get("/factures/2"))
    assert "Repris" in page  # the order's page says what came


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"livre-1": "20", "prevu-1": "24", "perdu-1": "9"}, "Il y en a 24 en tout"),
        ({"livre-1": "x", "prevu-1": "24"}, "Un nombre entier"),
        ({"livre-1": "24", "le": "demain"}, "année, mois, jour"),
        ({"livre-9": "1"}, "pas de ligne de ce numéro"),
    ],
)
def test_what_can_t_be_is_asked_again_as_it_was_typed(client, place, form, told):
    answer = post(client, "/commandes/1/livrer", "/commandes/1/livrer", **form)
    assert answer.status_code == 422 and told in text(answer)
    typed = form.get("livre-1", "24")
    assert f'name="livre-1" value="{typed}"' in text(answer)
    assert rows(place.house.services, tables.orders)[0].state == "accepted"


def test_a_fault_of_a_line_stands_at_that_line(client):
    form = {"livre-2": "20", "prevu-2": "6", "perdu-2": "9", "livre-1": "24", "prevu-1": "24"}
    page = text(post(client, "/commandes/1/livrer", "/commandes/1/livrer", **form))
    assert 'href="#livre-2"' in page and 'id="faute-2"' in page and 'id="faute-1"' not in page
    form = {"livre-1": "24", "prevu-1": "24", "livre-2": "x", "prevu-2": "6"}
    page = text(post(client, "/commandes/1/livrer", "/commandes/1/livrer", **form))
    assert 'aria-describedby="faute-2"' in page and "faute-1" not in page


def test_a_delivery_by_mistake_is_undone_and_done_again(client, place):
    page = text(post(client, "/commandes/1/livrer", "/commandes/1"))
    assert "Livrée par erreur" in page
    page = text(post(client, "/commandes/1/defaire", "/commandes/1", etat="delivered"))
    assert "de nouveau acceptée" in page and "noté par erreur" in page and "Livrer…" in page
    assert "Livrée" in text(post(client, "/commandes/1/livrer", "/commandes/1"))
    assert len(rows(place.house.services, tables.deliveries)) == 2
    acts = [row.act for row in rows(place.house.services, tables.audit)][-3:]
    assert acts == ["order.delivered", "order.delivered_undone", "order.delivered"]


def test_a_delivery_that_a_credit_note_followed_offers_no_way_back(client):
    post(client, "/commandes/1/livrer", "/commandes/1/livrer", **{"livre-1": "20", "prevu-1": "24"})
    assert "par erreur" not in text(client.get("/commandes/1"))
    page = text(post(client, "/commandes/1/defaire", "/commandes/1", etat="delivered"))
    assert "NC-2021-00001 est déjà émise" in page


def test_a_refusal_by_mistake_waits_again_unless_its_buyer_was_told(place, client):
    place.send(order("PO-2", items=12), "m-2")
    review.refuse(place.house.services, 2, by="anne", at=NOW, why="trop petit")
    assert "Refusée par erreur" in text(client.get("/commandes/2"))
    page = text(post(client, "/commandes/2/defaire", "/commandes/2", etat="refused"))
    assert "attend de nouveau une décision" in page
    assert "PO-2" in text(client.get("/file"))
    events = [row.event for row in rows(place.house.services, tables.outbox) if row.order_key == 2]
    assert "order.refused" not in events
    assert unsound(place.house.services) == []
    review.accept(place.house.services, 2, by="anne", at=NOW)
    assert rows(place.house.services, tables.orders)[1].state == "accepted"


def test_who_may_only_look_delivers_nothing(place, client):
    populate(place)
    viewer = place.signed_in(address_of("viewer"), PASSWORD)
    assert viewer.get("/commandes/1/livrer").status_code == 403
    assert post(viewer, "/commandes/1/livrer", "/commandes/1").status_code == 403
