"""kill -9 under load: every answer that was given is still true afterwards."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from houblon.orders.db import tables
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.endpoints import Wanted, add_endpoint, destination_of
from houblon.orders.events.feed import feed
from houblon.orders.outbox.delivery import deliver_due
from tests.clock import NOW
from tests.databases import url_of
from tests.orders.events.reading import events_of
from tests.orders.events.test_facts import unsound
from tests.orders.services import later, make_services, open_services, order_body, send
from tests.orders.services import rows as rows_of

KILLS = 10
ROOT = Path(__file__).parents[3]


def answers_before_the_kill(folder, run, seconds):
    """What a process that takes in orders said before it was killed."""
    command = [sys.executable, "-m", "tests.orders.db.killed", str(folder), str(run), url_of(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    whole = rest[: rest.rfind("\n") + 1]
    return [line.split() for line in (first + whole).splitlines()]


def test_ten_kills_lose_no_answer_and_double_no_invoice(tmp_path):
    services = make_services(tmp_path)
    wanted = Wanted("https://erp.example/hooks", EVENTS)
    endpoint, _ = services.ledger.write(lambda c: add_endpoint(c, wanted, lambda count: bytes(count), NOW))
    services.ledger.close()
    answers = []
    for run in range(KILLS):
        answers += answers_before_the_kill(tmp_path, run, 0.02 + 0.05 * run)
    services = open_services(tmp_path)
    orders = {row.order_id: row for row in rows_of(services, tables.orders)}
    invoices = {row.order_key: row for row in rows_of(services, tables.invoices)}
    told = {row.order_key for row in rows_of(services, tables.events) if row.kind == "invoice.issued"}
    had = [answer for answer in answers if answer[0] == "had"]
    answers = [answer for answer in answers if answer[0] != "had"]
    for what, id, _, outcome in answers:
        order = orders[id]
        if what == "accepted" or outcome == "accepted":
            assert order.state == "accepted" and order.key in invoices and order.key in told
        if what == "accepted":
            assert invoices[order.key].number == outcome
    accepted = {row.key for row in orders.values() if row.state == "accepted"}
    assert invoices.keys() == accepted == told
    assert len(invoices) == len(rows_of(services, tables.invoices))
    assert sorted(row.sequence for row in invoices.values()) == list(range(1, len(invoices) + 1))
    for what, id, items, outcome in answers[-50:]:
        if what == "decided":
            again = send(services, order_body(id, int(items)), webhook_id=id, at=later(days=1))
            assert again.replayed and again.document["outcome"] == outcome
    assert len(answers) > 10 * KILLS
    _every_event_is_listed_once_and_sent(services, destination_of(endpoint), had)
    services.ledger.close()


def _every_event_is_listed_once_and_sent(services, destination, had):
    """`had` is what the endpoint had until the last kill; what is left goes out now, and nothing is sent as two."""
    left = Counter()

    class Receiver:
        def send(self, id, recipient, message):
            had.append(["had", id, message["type"], str(message["data"].get("order_key", 0))])
            left[id] += 1

    moment = later(minutes=10)  # what was in a hand that died is free again
    while feed(services.ledger, moment) or deliver_due(services.ledger, Receiver(), moment, destination=destination):
        pass
    listed = events_of(services, limit=100_000)
    facts = Counter((event.type, str(event.data.get("order_key", 0)), event.key) for event in listed)
    assert set(facts.values()) == {1} and unsound(services) == []
    ids = {id: (kind, order) for _, id, kind, order in had}
    assert Counter(ids.values()) == Counter((event.type, str(event.data.get("order_key", 0))) for event in listed)
    assert len(had) > len(left) > 0
