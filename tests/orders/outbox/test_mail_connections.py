"""Mail goes over connections that are kept, by several at once, and is from the seller."""

import asyncio
import threading
import time

import pytest

from houblon.orders.outbox.delivery import BATCH, MAIL
from houblon.orders.outbox.mail_connections import MAILS, Kept, Line
from houblon.orders.outbox.mail_transport import Sender, Smtp, mail_of, sender_of
from houblon.orders.outbox.workers import MAIL_WORKERS, DeliveryWorkers
from houblon.orders.services import Seller
from tests.clock import NOW
from tests.orders.mailserver import Inbox, smtp_server
from tests.orders.services import order_body, send

SENDER = "Brasserie <ventes@brasserie.example>"
MESSAGE = {"subject": "Facture", "text": "Bonjour", "html": "<p>Bonjour</p>"}


class Counting(Inbox):
    """Counts its connections, and how many mails are under way at once; each takes its time."""

    def __init__(self, takes=0.0):
        super().__init__()
        self.takes, self.peers, self.under_way, self.most = takes, set(), 0, 0

    async def handle_DATA(self, server, session, envelope):
        self.peers.add(session.peer)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.takes)
        self.under_way -= 1
        return await super().handle_DATA(server, session, envelope)


def test_one_connection_carries_many_mails_and_no_more_than_its_share():
    inbox = Counting()
    with smtp_server(inbox) as port:
        smtp = Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW, timeout=5)
        for number in range(MAILS + 1):
            smtp.send(f"m-{number}", "achats@comptoir.example", MESSAGE)
    assert (len(inbox.mails), len(inbox.peers)) == (MAILS + 1, 2)


def test_a_connection_that_the_server_closed_costs_no_mail():
    inbox = Counting()
    with smtp_server(inbox) as port:
        smtp = Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW, timeout=5)
        smtp.send("m-1", "achats@comptoir.example", MESSAGE)
        line = smtp._kept.take()
        line.server.sock.close()  # as far as this end can tell, the other one hung up
        smtp._kept.put(line)
        smtp.send("m-2", "achats@comptoir.example", MESSAGE)
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<m-{n}@brasserie.example>" for n in (1, 2)]


def test_a_refused_mail_does_not_cost_the_next_one_its_connection():
    inbox = Counting()
    inbox.answers = ["550 no"]
    with smtp_server(inbox) as port:
        smtp = Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW, timeout=5)
        with pytest.raises(Exception, match="550 no"):
            smtp.send("m-1", "achats@comptoir.example", MESSAGE)
        smtp.send("m-2", "achats@comptoir.example", MESSAGE)
    assert len(inbox.peers) == 1


class Hung:
    """A connection that counts how often it was closed."""

    def __init__(self):
        self.closed = 0

    def noop(self):
        return 250, b"ok"

    def quit(self):
        self.closed += 1

    def close(self):
        pass


def test_what_waits_too_long_is_closed():
    now, hung = [0.0], Hung()
    kept = Kept(lambda: now[0], idle=3600)
    kept.put(Line(hung))
    assert kept.close_idle() and hung.closed == 0
    now[0] = 3601
    assert not kept.close_idle() and hung.closed == 1 and kept.take() is None


def test_much_mail_goes_out_several_at_once_and_each_once(services):
    inbox, orders = Counting(takes=0.05), BATCH * MAIL_WORKERS
    for number in range(orders):
        send(services, order_body(f"PO-{number}"))
    with smtp_server(inbox) as port:
        smtp = Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW, timeout=5)
        workers = DeliveryWorkers(
            services.ledger, lambda destination: smtp if destination == MAIL else None, lambda: NOW
        )
        deadline = time.monotonic() + 30
        while len(inbox.mails) < orders and time.monotonic() < deadline:
            workers.look()
            time.sleep(0.02)
        workers.close()
    assert 1 < inbox.most <= MAIL_WORKERS and len(inbox.peers) <= MAIL_WORKERS + 1
    assert len({mail["Message-ID"] for mail in inbox.mails}) == len(inbox.mails) == orders
    assert not [each for each in threading.enumerate() if each.name == "delivery mail"]


SELLER = Seller("Brasserie du Comptoir, l’été", email="ventes@brasserie.example")


@pytest.mark.parametrize(
    ("seller", "given", "sent_by", "answers_go_to"),
    [
        (SELLER, None, "ventes@brasserie.example", None),
        (SELLER, "robot@brasserie.example", "robot@brasserie.example", "ventes@brasserie.example"),
        (Seller("Houblon"), "robot@brasserie.example", "robot@brasserie.example", None),
        (Seller("Houblon"), None, "houblon@localhost", None),
        (Seller("Houblon", email="pas une adresse\r\nBcc: x@y.example"), None, "houblon@localhost", None),
    ],
)
def test_mail_is_from_the_seller_by_name_and_answers_go_to_the_seller(seller, given, sent_by, answers_go_to):
    mail = mail_of("m-1", sender_of(seller, given), "achats@comptoir.example", MESSAGE, NOW)
    (address,) = mail["From"].addresses
    assert (address.display_name, address.addr_spec) == (seller.name, sent_by)
    assert mail["Reply-To"] == answers_go_to and mail["Bcc"] is None


def test_a_name_that_was_given_stays():
    assert sender_of(SELLER, SENDER) == Sender(SENDER, None)


def test_who_the_seller_is_now_sends(tmp_path):
    sellers = [SELLER, Seller("Autre", email="ventes@autre.example")]
    inbox = Counting()
    with smtp_server(inbox) as port:
        smtp = Smtp(f"smtp://127.0.0.1:{port}", lambda: sender_of(sellers.pop(0), None), lambda: NOW, timeout=5)
        for number in range(2):
            smtp.send(f"m-{number}", "achats@comptoir.example", MESSAGE)
    assert [mail["From"].addresses[0].addr_spec for mail in inbox.mails] == [
        "ventes@brasserie.example",
        "ventes@autre.example",
    ]
