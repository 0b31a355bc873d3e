"""The writer process takes in what comes by its socket, in groups, and refuses what it is not to answer."""

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from houblon.engine.core.order import Buyer, Line, Order
from houblon.orders.db import tables
from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import IncomingOrder, incoming_of
from houblon.web.acceleration.client import Client
from houblon.web.acceleration.messages import (
    LONGEST,
    answer_messages,
    asked_message,
    read_answers,
    read_asked,
)
from houblon.web.acceleration.server import run_forever
from tests import databases
from tests.clock import NOW
from tests.orders.services import make_services, order_body, rows

pytestmark = databases.with_a_writer_process


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def client(services):
    """The server's end of a socket to a writer process; when it is closed, the process must end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client = Client(ours, 20.0)
    ends = [
        threading.Thread(target=run_forever, args=(lambda: services, theirs)),
        threading.Thread(target=client.listen),
    ]
    for each in ends:
        each.start()
    yield client
    ours.shutdown(socket.SHUT_RDWR)
    for each in ends:
        each.join(10)
        assert not each.is_alive()
    theirs.close()


def apart(work):
    """What comes of `work`, in a thread of its own: a test's may have an event loop already."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def call(id, items=48, webhook_id=None):
    return call_of(order_body(id, items), webhook_id or f"call-{id}")


def test_an_order_is_carried_as_it_was_decoded_with_all_that_it_says():
    body = json.dumps(EVERYTHING).encode()
    sent = incoming_of(body, read_order(body), source="boutique", at=NOW, webhook_id="m-1", sent=b"as it was sent")
    number, came = read_asked(asked_message(7, sent))
    assert number == 7
    # Every member is there: one that is added to orders and not here would be missed.
    assert all(value is not None for struct in parts(sent.order) for value in struct.values())
    assert parts(came.order) == parts(sent.order)
    names = [name for name in IncomingOrder.__struct_fields__ if name != "order"]
    assert [getattr(came, name) for name in names] == [getattr(sent, name) for name in names]


def test_an_order_that_says_little_says_no_more_when_it_is_carried():
    body = order_body("PO-1", 48)
    sent = incoming_of(body, read_order(body), source="boutique", at=NOW)
    _, came = read_asked(asked_message(1, sent))
    assert parts(came.order) == parts(sent.order) and came.webhook_id is None


EVERYTHING = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00.123456-04:00",
    "currency": "CAD",
    "buyer": {
        "id": "comptoir-1",
        "name": "Comptoir du Coin",
        "email": "achats@comptoir.example",
        "language": "fr",
        "province": "QC",
        "groups": ["bars", "nord"],
        "is_first_order": False,
        "overdue_balance": "-12.30",
        "days_overdue": 4,
        "outstanding_balance": "999999999999.99",
        "credit_limit": "0.00",
        "country": "CA",
        "company": "Comptoir inc.",
        "po_number": "BC-77",
    },
    "charges": [{"kind": "discount", "amount": "-12.00", "name": "Rabais", "taxable": True}],
    "tax_exempt": False,
    "tax_exempt_reason": "hors Canada",
    "payment": {"state": "partial", "amount": "10.00", "reference": "ch_1"},
    "stated_total": {"amount": "1234.56", "taxes_included": True},
    "status": "processing",
    "payment_terms": "Net 30",
    "distributor": "transbroue",
    "delivery_method": "distributor",
    "planned_delivery": "2021-05-20",
    "source": "retailer",
    "note": "près du quai 🍺",
    "lines": [
        {
            "sku": "IPA-24",
            "quantity": 1_000_000,
            "unit_price": "2.01",
            "name": "IPA",
            "category": "ipa",
            "discount": "0.01",
            "deposit": "2.40",
            "taxable": True,
            "available": False,
            "deposit_taxable": True,
            "tax_exempt": False,
        }
    ],
}


def parts(order):
    """An order's members and those of what is in it, by name."""
    return [
        {name: getattr(struct, name) for name in kind.__struct_fields__ if name not in ("buyer", "lines")}
        for kind, structs in ((Order, [order]), (Buyer, [order.buyer]), (Line, order.lines))
        for struct in structs
    ]


def call_of(body, webhook_id):
    return incoming_of(body, read_order(body), source="boutique", at=NOW, webhook_id=webhook_id)


def test_an_order_is_decided_and_recorded_once(services, client):
    taken = client.ask(call("PO-1"))
    assert (taken.outcome, taken.order_id, taken.replayed) == ("accepted", "PO-1", False)
    again = client.ask(call("PO-1"))
    assert again.replayed and json.loads(again.document) == json.loads(taken.document)
    [kept], answered = rows(services, tables.decisions), json.loads(taken.document)
    assert kept.document.items() <= answered.items() and answered["source"] == "boutique"
    assert answered.keys() - kept.document.keys() == {"source", "order_key", "invoice_key", "invoice_number", "total"}
    assert len(rows(services, tables.invoices)) == 1
    assert [row.kind for row in rows(services, tables.events)] == ["order.accepted", "invoice.issued"]


def test_what_must_be_told_as_a_problem_is_refused_and_nothing_is_kept_of_it(services, client):
    assert client.ask(call("PO-1")) is not None
    refused = [
        call("PO-1", items=12),  # settled, and now other content
        call("PO-4", webhook_id="call-PO-1"),  # an id that came with another body
    ]
    assert [client.ask(each) for each in refused] == [None] * 2
    assert len(rows(services, tables.orders)) == len(rows(services, tables.webhook_calls)) == 1


def test_one_that_is_refused_takes_no_other_of_its_group_with_it(services, client):
    client.ask(call("PO-0"))
    answers = {}

    def send(each):
        answers[each.webhook_id] = client.ask(each)

    with services.ledger.write_engine.begin():  # while somebody writes, calls gather
        senders = [
            threading.Thread(target=send, args=(each,))
            for each in [call("PO-1"), call("PO-0", items=12, webhook_id="late"), call("PO-2"), call("PO-3")]
        ]
        for each in senders:
            each.start()
    for each in senders:
        each.join(10)
    assert answers.pop("late") is None
    assert sorted(taken.order_id for taken in answers.values()) == ["PO-1", "PO-2", "PO-3"]
    assert len(rows(services, tables.orders)) == 4


def test_a_long_order_comes_through_whole(services, client):
    body = long_order(700)
    assert 50_000 < len(body) < LONGEST // 4
    assert client.ask(call_of(body, "m-1")).outcome == "accepted"
    assert rows(services, tables.orders)[0].body == body


def test_an_order_too_long_for_the_socket_is_not_sent_and_the_next_one_is(services, client):
    with pytest.raises(OSError, match="too long"):
        client.ask(call_of(long_order(5_000), "m-1"))
    assert client.count == 0 and client.ask(call("PO-2")).outcome == "accepted"
    assert [row.order_id for row in rows(services, tables.orders)] == ["PO-2"]


def test_a_message_that_would_be_cut_is_not_sent_though_the_socket_would_take_it(services, client, monkeypatch):
    monkeypatch.setattr("houblon.web.acceleration.client.LONGEST", 1_000)
    with pytest.raises(OSError, match="too long"):
        client.ask(call_of(long_order(20), "m-1"))
    assert client.count == 0 and client.ask(call("PO-2")).outcome == "accepted"
    assert [row.order_id for row in rows(services, tables.orders)] == ["PO-2"]


def long_order(lines):
    order = json.loads(order_body("PO-1", 48))
    order["lines"] = order["lines"] * lines
    return json.dumps(order).encode()


def test_answers_longer_than_the_socket_takes_come_in_several_messages_and_one_alone_is_refused():
    short, long = taken(b"{}"), taken(b"{" + b" " * LONGEST + b"}")
    told = [(1, short), (2, long), (3, short), (4, None)]
    messages = list(answer_messages(told))
    assert max(map(len, messages)) < LONGEST
    answers = [answer for message in messages for answer in read_answers(message)]
    assert answers == [(1, short), (2, None), (3, short), (4, None)]


def taken(document):
    return IngestResult(document, False, "PO-1", "accepted", 1)


def test_who_waits_when_the_writer_process_ends_is_told_nothing_and_who_asks_then_can_t(services):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client, answers = Client(ours, 20.0), []
    ends = [
        threading.Thread(target=client.listen),
        threading.Thread(target=lambda: answers.append(client.ask(call("PO-1")))),
    ]
    for each in ends:
        each.start()
    while not client.count:
        pass
    theirs.recv(LONGEST)
    theirs.close()
    for each in ends:
        each.join(10)
    assert answers == [None] and client.count == 0
    with pytest.raises(OSError):
        client.ask(call("PO-2"))


def test_the_event_loop_is_told_as_well_while_threads_ask(services, client):
    async def asked():
        threads = [asyncio.to_thread(client.ask, call(f"PO-{number}")) for number in range(4)]
        taken = await asyncio.gather(*threads, *(client.ask_later(call(f"LATER-{number}")) for number in range(4)))
        return taken, await client.ask_later(call("LATER-0", items=30))

    taken, changed = apart(asked())
    assert {each.order_id for each in taken} == {f"{kind}-{number}" for kind in ("PO", "LATER") for number in range(4)}
    assert changed is None and client.count == 0


def test_the_event_loop_waits_neither_for_room_nor_for_one_that_hangs_or_ends():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    hung = threading.Event()
    client = Client(ours, 0.2, hung.set)
    listening = threading.Thread(target=client.listen)
    listening.start()

    async def asked():
        waiting = [client.ask_later(call("PO-1"))]
        with pytest.raises(BlockingIOError):
            while True:
                waiting.append(client.ask_later(call("PO-1")))
        assert client.count == len(waiting) > 1
        assert not hung.is_set()
        assert set(await asyncio.gather(*waiting)) == {None} and hung.is_set()
        # What it answered too late troubles nobody; who asks when it ends is told nothing.
        number, _ = msgspec.msgpack.decode(theirs.recv(LONGEST))
        theirs.send(msgspec.msgpack.encode([(number, None)]))
        last = client.ask_later(call("PO-2"))
        theirs.close()
        assert await last is None
        listening.join(10)
        with pytest.raises(OSError):
            client.ask_later(call("PO-3"))

    apart(asked())
    assert client.count == 0


def test_who_gets_no_answer_in_time_is_told_so_and_a_late_one_troubles_nobody(services):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client = Client(ours, 0.05)
    listening = threading.Thread(target=client.listen)
    listening.start()
    with pytest.raises(TimeoutError):
        client.ask(call("PO-1"))
    number, _ = msgspec.msgpack.decode(theirs.recv(LONGEST))
    theirs.send(msgspec.msgpack.encode([(number, None)]))
    theirs.close()
    listening.join(10)
    assert not listening.is_alive()
