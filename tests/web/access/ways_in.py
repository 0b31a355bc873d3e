"""What tests of accounts share: forms with their tokens, the mails that leave, and the links in them."""

import re

from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.outbox.encrypted import Decrypting
from houblon.orders.outbox.mail_transport import Smtp
from houblon.orders.records.audit import entries
from tests.clock import NOW
from tests.orders.mailserver import Inbox, smtp_server
from tests.web.houses import copy_of, open_place, token_of
from tests.web.people import PASSWORD

NEW = "des mots faciles à retenir"
GUEST = "camille@houblon.example"


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = NOW

    def open(self, template, folder):
        return open_place(copy_of(template[0], folder), template[1], now=lambda: self.now)


def text(response):
    return response.get_data(as_text=True)


def post(client, address, page=None, place=None, **form):
    """Send a form of `page` (the address itself unless said) with its token, from the place with this address."""
    environ = {"REMOTE_ADDR": place} if place else {}
    token = token_of(text(client.get(page or address, environ_base=environ)))
    return client.post(address, data={"csrf_token": token, **form}, environ_base=environ)


def delivered(place):
    """The mails that a real server takes from the outbox."""
    inbox = Inbox()
    with smtp_server(inbox) as port:
        transport = Decrypting(
            Smtp(f"smtp://127.0.0.1:{port}", "houblon@brasserie.example", lambda: NOW), place.house.services.secret
        )
        while deliver_due(place.house.services.ledger, transport, place.house.now()):
            pass
    return inbox.mails


def link_in(mail):
    body = mail.get_body(("plain",)).get_content()
    return re.search(r"http://localhost:8000(/\S+)", body).group(1)


def acts(place):
    with place.house.services.ledger.reading() as connection:
        return [(row.act, row.subject, row.who) for row in entries(connection)]


def invite(client, email=GUEST, role="editor", **form):
    return post(client, "/acces", adresse=email, role=role, langue="en", **form)


def accept(client, link, password=NEW, again=None):
    return client.post(
        link,
        data={"csrf_token": token_of(text(client.get(link))), "mot_de_passe": password, "encore": again or password},
    )


def forget(house, email, **form):
    return post(house.client(), "/mot-de-passe", email=email, **form)


def choose(client, link, password=NEW):
    return post(client, link, password=password, password_confirm=password)


def begin(place, email, password=PASSWORD, at=None):
    """A browser that has given its password, from the place with this address."""
    client = place.client()
    return client, post(client, "/connexion", email=email, password=password, place=at)
