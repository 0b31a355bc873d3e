"""A mail server that is down for an hour, then busy, then hangs up after DATA: no mail is lost."""

from collections import Counter
from datetime import timedelta

from houblon.orders.db import tables
from houblon.orders.outbox.delivery import SCHEDULE, deliver_due
from houblon.orders.outbox.mail_transport import Smtp
from tests.clock import NOW
from tests.orders.mailserver import Inbox, smtp_server
from tests.orders.services import make_services, order_body, rows, send
from tests.web.servers import free_port

ORDERS = 12
STEP = timedelta(minutes=1)
SCHEDULE_ENDS = sum(SCHEDULE, timedelta())


def test_no_mail_is_lost_to_an_hour_without_a_server_then_refusals_for_now_then_a_line_that_drops(tmp_path):
    services, now = make_services(tmp_path), NOW
    for number in range(ORDERS):
        send(services, order_body(f"PO-{number}"), at=now)
    promised = {row.id for row in rows(services, tables.outbox)}
    nobody = Smtp(f"smtp://127.0.0.1:{free_port()}", "ventes@brasserie.example", lambda: NOW, timeout=2)
    while now < NOW + timedelta(hours=1):
        deliver_due(services.ledger, nobody, now)
        now += STEP
    assert {row.state for row in rows(services, tables.outbox)} == {"pending"}
    inbox = Inbox()
    inbox.answers = ["451 busy", "421 later", "451 busy", "drop", "drop", "452 full", "drop"]
    with smtp_server(inbox) as port:
        server = Smtp(f"smtp://127.0.0.1:{port}", "ventes@brasserie.example", lambda: NOW, timeout=5)
        while now < NOW + SCHEDULE_ENDS:
            deliver_due(services.ledger, server, now)
            now += timedelta(minutes=30)
    ids = Counter(str(mail["Message-ID"]) for mail in inbox.mails)
    assert set(ids) == {f"<{id}@brasserie.example>" for id in promised}
    # Whoever took a mail and hung up gets it again, under the same id: that is how they know.
    assert sum(ids.values()) - len(ids) == 3
    assert {row.state for row in rows(services, tables.outbox)} == {"sent"}
    services.ledger.close()
