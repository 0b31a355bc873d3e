"""Messages and outgoing webhooks, as a person looks after them."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import insert, select, update

from houblon.orders.db.tables import audit, outbox
from houblon.orders.events.endpoints import Wanted, add_endpoint, destination_of, list_endpoints
from houblon.orders.events.feed import feed
from houblon.orders.events.webhook_addresses import EVERYWHERE
from houblon.orders.outbox.delivery import deliver_due
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.web.drafts.post_publication import settle
from tests.clock import NOW
from tests.orders.receivers import Endpoint, serving, verified
from tests.web.houses import SEED, Place, app_over, order, token_of

EVENTS = ["order.accepted", "order.held", "policy.published"]


@pytest.fixture
def place(place):
    """Where webhooks may go to this machine too."""
    house = replace(place.house, settings=replace(place.house.settings, private_webhooks=EVERYWHERE))
    return Place(house, app_over(house), place.password, place.secret, place.key)


@pytest.fixture
def client(place):
    return place.signed_in()


@pytest.fixture
def receiver():
    with serving(Endpoint()) as endpoint:
        yield endpoint


def text(response):
    return unescape(response.get_data(as_text=True))


def post(client, address, page=None, **form):
    """A form of a page, with its token."""
    token = token_of(text(client.get(page or address)))
    return client.post(address, data={"csrf_token": token, **form}, follow_redirects=True)


def add(client, url, **form):
    return post(client, "/webhooks-sortants", url=url, evenement=EVENTS, **form)


def id_of(place):
    with place.house.services.ledger.reading() as connection:
        return list_endpoints(connection)[-1].id


def deliver(place):
    id = id_of(place)
    feed(place.house.services.ledger, NOW)
    transport = place.house.transport_of(destination_of(id))
    return deliver_due(place.house.services.ledger, transport, NOW, destination=destination_of(id))


def messages(place):
    with place.house.services.ledger.reading() as connection:
        return connection.execute(select(outbox).order_by(outbox.c.created_at, outbox.c.id)).all()


def fill(place, count, **values):
    row = {
        "kind": "mail",
        "destination": "mail",
        "event": "order.held",
        "recipient": "a@b.example",
        "state": "sent",
        "attempts": 1,
        "sent_at": NOW,
        "created_at": NOW,
        "due_at": NOW,
        **values,
    }
    letters = [
        {**row, "id": f"{number:08x}", "message": {"subject": f"Sujet {number}.", "text": "Bonjour", "html": ""}}
        for number in range(count)
    ]
    place.house.services.ledger.write(lambda connection: connection.execute(insert(outbox), letters))


def test_an_endpoint_is_added_and_its_secret_shown_this_once(place, client, receiver):
    added = add(client, receiver.url, description="Comptabilité")
    secret = re.search(r'<code class="secret">(whsec_[^<]+)<', text(added)).group(1)
    for address in ("/webhooks-sortants", f"/webhooks-sortants/{id_of(place)}"):
        page = text(client.get(address))
        assert "Comptabilité" in page and secret not in page
    place.send(order("PO-1", items=3), "m-1")
    assert deliver(place) == 1
    assert verified_type(secret, receiver) == "order.held"
    with place.house.services.ledger.reading() as connection:
        assert secret not in str(connection.execute(select(audit)).all())


def verified_type(secret, receiver):
    """The type of the last message; its signature is made by the house's clock, which stands still in 2021."""
    import standardwebhooks.webhooks as library

    class Clock(library.datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW

    real, library.datetime = library.datetime, Clock
    try:
        return verified(secret, receiver.calls[-1])["type"]
    finally:
        library.datetime = real


def test_a_bad_address_or_no_event_is_said_beside_what_was_typed(place, client):
    refused = post(client, "/webhooks-sortants", url="ftp://exemple.ca/x", description="Ma caisse")
    assert refused.status_code == 422
    page = text(refused)
    assert 'value="ftp://exemple.ca/x"' in page and 'value="Ma caisse"' in page
    assert "au moins un événement" in page and "commence par https://" in page
    assert " checked" not in page


def test_a_test_event_shows_the_receivers_answer(place, client, receiver):
    add(client, receiver.url)
    here = f"/webhooks-sortants/{id_of(place)}"
    assert "L’essai part" in text(post(client, f"{here}/essai", here))
    deliver(place)
    assert "HTTP 204" in text(client.get(here))
    receiver.answers = [500]
    post(client, f"{here}/essai", here)
    place.house.services.ledger.write(lambda c: c.execute(update(outbox).values(id="other-id")))
    post(client, f"{here}/essai", here)
    deliver(place)
    assert "HTTP 500 said by the receiver" in text(client.get(here))


def test_pause_resume_change_and_rotate(place, client, receiver):
    first = add(client, receiver.url)
    here = f"/webhooks-sortants/{id_of(place)}"
    assert "Suspendu : rien" in text(post(client, f"{here}/suspendre", here)).replace("\u00a0", " ")
    assert "suspendu" in text(post(client, f"{here}/essai", here))
    assert "Repris" in text(post(client, f"{here}/reprendre", here))
    changed = text(post(client, here, url=receiver.url, evenement=["order.held"], description="Caisse"))
    assert "Caisse" in changed and changed.count(" checked") == 1
    rotated = text(post(client, f"{here}/secret", here))
    secret = re.search(r"whsec_[^<]+", rotated).group()
    assert secret not in text(first)
    place.send(order("PO-1", items=3), "m-1")
    deliver(place)
    assert verified_type(secret, receiver) == "order.held"
    assert "L’ancien secret signe encore" in text(client.get(here))


def test_what_happens_while_an_endpoint_is_paused_is_counted_and_sent_once_it_is_resumed(place, client, receiver):
    add(client, receiver.url)
    here = f"/webhooks-sortants/{id_of(place)}"
    post(client, f"{here}/suspendre", here)
    for number in range(2):
        place.send(order(f"PO-{number}", items=3), f"m-{number}")
    assert "2 événements sont arrivés depuis" in text(client.get(here))
    assert 'data-label="En route">2<' in text(client.get("/webhooks-sortants"))
    assert deliver(place) == 0
    post(client, f"{here}/reprendre", here)
    assert deliver(place) == 2 and receiver.ids == [row.id for row in messages(place) if row.kind == "webhook"]
    assert 'data-label="En route">0<' in text(client.get("/webhooks-sortants"))


def test_what_happened_since_a_moment_is_sent_again_with_the_same_ids(place, client, receiver):
    add(client, receiver.url)
    here = f"/webhooks-sortants/{id_of(place)}"
    post(client, here, url=receiver.url, evenement=["order.held"])
    place.send(order("PO-1", items=3), "m-1")
    deliver(place)
    assert "Choisissez une date" in text(post(client, f"{here}/renvoyer", here, depuis="hier"))
    assert "Rien de ce qu’il demande" in text(post(client, f"{here}/renvoyer", here, depuis="2021-05-12T22:18"))
    assert "1 événement repart" in text(post(client, f"{here}/renvoyer", here, depuis="2021-05-12T22:17"))
    assert deliver(place) == 1
    assert len(receiver.ids) == 2 and len(set(receiver.ids)) == 1
    post(client, f"{here}/suspendre", here)
    page = text(post(client, f"{here}/renvoyer", here, depuis="2021-05-12T22:17"))
    assert "1 événement repartira à la reprise" in page and "repart." not in page and deliver(place) == 0
    assert "endpoint.resent" in text(client.get("/journal"))


def test_a_removed_endpoint_leaves_its_messages_to_see_and_nothing_to_send(place, client, receiver):
    add(client, receiver.url)
    here = f"/webhooks-sortants/{id_of(place)}"
    place.send(order("PO-1", items=3), "m-1")
    feed(place.house.services.ledger, NOW)
    assert "est retiré" in text(post(client, f"{here}/retirer", here))
    assert client.get(here).status_code == 404
    (row,) = [each for each in messages(place) if each.kind == "webhook"]
    page = text(client.get(f"/messages/{row.id}"))
    assert "Le point de livraison a été retiré" in page and "Envoyer de nouveau" not in page
    assert client.post(f"{here}/retirer", data={"csrf_token": token_of(page)}).status_code == 404


def test_a_publication_is_told_to_endpoints_once(place, client, receiver):
    settle(place.house, "")
    add(client, receiver.url)
    edits = [Edit("group", "payeurs-a-risque", {**SEED["groups"][1], "name": "Payeurs lents"})]
    publish(place.house.store, edits, author="marie", note="essai", at=NOW + timedelta(minutes=1))
    for _ in range(2):
        settle(place.house, "")
        feed(place.house.services.ledger, NOW)
    told = [each for each in messages(place) if each.event == "policy.published"]
    assert [each.message["data"]["version"] for each in told] == [place.house.store.newest().number]


def test_a_messages_page_shows_what_was_sent_and_how_it_went(place, client):
    place.send(order("PO-1"), "m-1")
    deliver_due(place.house.services.ledger, place.house.transport, NOW)
    (row,) = messages(place)
    page = text(client.get(f"/messages/{row.id}"))
    assert row.message["subject"] in page and "achats@comptoir.example" in page
    assert "vous attend" in page and row.id in page and "Envoyé le" in page
    assert f"{row.id}.eml" in page  # without a mail server: its file
    assert client.get("/messages/nothing").status_code == 404


def test_lists_are_paged_by_key_and_filtered(place, client):
    fill(place, 120)
    fill_more = {"id": "hook", "kind": "webhook", "event": "order.held", "recipient": "https://x.example/"}
    place.house.services.ledger.write(
        lambda c: c.execute(
            insert(outbox).values(
                **fill_more, message={"type": "x"}, state="sent", sent_at=NOW, attempts=1, created_at=NOW, due_at=NOW
            )
        )
    )
    seen, address = [], "/messages?genre=mail&etat=sent"
    while address:
        page = text(client.get(address))
        seen += re.findall(r">Sujet (\d+)\.<", page)
        more = re.search(r'href="(/messages\?[^"]*avant=[^"]+)"', page)
        address = more and more.group(1)
    assert sorted(map(int, seen)) == list(range(120))
    assert (
        "x.example" in text(client.get("/messages?genre=webhook"))
        and client.get("/messages?avant=x").status_code == 404
    )


def test_a_waiting_message_tells_its_next_attempt(place, client):
    error = "Unreachable: no answer"
    fill(place, 1, state="pending", attempts=3, error=error, due_at=NOW + timedelta(minutes=30))
    page = text(client.get("/messages?etat=pending"))
    assert "nouvel essai dans 30\u00a0min" in page and "3 essais sur 8" in page
    assert "Injoignable\u00a0: no answer" in page


def test_sending_all_again_counts_and_sends_only_what_has_an_address(place, client):
    fill(place, 2, state="parked", recipient=None)
    assert "Tout envoyer de nouveau" not in text(client.get("/messages?etat=parked"))


def test_all_that_is_parked_goes_out_again_by_kind(place, client):
    fill(place, 3, state="parked", error="550 no")
    page = text(client.get("/messages?etat=parked&genre=mail"))
    assert "Envoyer de nouveau 3 messages" in page
    again = post(client, "/messages/renvoyer", "/messages?etat=parked", genre="mail")
    assert "3 messages repartent" in text(again)
    assert {(each.state, each.attempts) for each in messages(place)} == {("pending", 0)}
    assert "d’abord une adresse" in text(post(client, "/messages/renvoyer", "/webhooks-sortants"))


def test_what_is_no_address_is_refused_and_kept_in_the_field(place, client):
    fill(place, 1, state="parked", error="550 no")
    refused = post(client, "/messages/00000000/renvoyer", "/messages/00000000", adresse="pas une adresse")
    assert refused.status_code == 422 and 'value="pas une adresse"' in text(refused)
    assert messages(place)[0].state == "parked"
    assert "Le message repart" in text(
        post(client, "/messages/00000000/renvoyer", "/messages/00000000", adresse="a@b.ca")
    )


def test_nothing_that_a_receiver_answers_runs_in_the_page(place, client):
    fill(place, 1, state="parked", error="<script>alert(1)</script>")
    for address in ("/messages", "/messages/00000000"):
        assert "<script>alert" not in client.get(address).get_data(as_text=True)


def test_the_pages_of_an_endpoint_render_in_english_with_nothing_inline(place, client, receiver):
    wanted = Wanted(receiver.url, ("order.held",), "Till")
    place.house.services.ledger.write(lambda c: add_endpoint(c, wanted, lambda n: b"x" * n, NOW, EVERYWHERE))
    client.set_cookie("langue", "en")
    page = client.get(f"/webhooks-sortants/{id_of(place)}").get_data(as_text=True)
    assert "Send a test" in page and not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", page)
