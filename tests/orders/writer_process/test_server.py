"""The recorder takes in what comes by its line, in groups, and refuses what it is not to answer."""

import json
import socket
import threading

import msgspec
import pytest

from houblon.orders.db import tables
from houblon.orders.intake.decode import content_hash
from houblon.orders.writer_process.client import Asking
from houblon.orders.writer_process.server import LONGEST, Answer, Call, IngestResult, _messages, run_forever
from tests import databases
from tests.clock import NOW
from tests.orders.services import order_body, rows

pytestmark = databases.with_a_recorder


@pytest.fixture
def asking(services):
    """The server's end of a line to a recorder; when it is closed, the recorder must end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asking = Asking(ours, 20.0)
    ends = [
        threading.Thread(target=run_forever, args=(lambda: services, theirs)),
        threading.Thread(target=asking.listen),
    ]
    for each in ends:
        each.start()
    yield asking
    ours.shutdown(socket.SHUT_RDWR)
    for each in ends:
        each.join(10)
        assert not each.is_alive()
    theirs.close()


def call(id, items=48, webhook_id=None):
    return call_of(order_body(id, items), webhook_id or f"call-{id}")


def call_of(body, webhook_id):
    return Call("boutique", webhook_id, NOW, body, content_hash(body))


def test_an_order_is_decided_and_recorded_once(services, asking):
    taken = asking.ask(call("PO-1"))
    assert (taken.outcome, taken.order_id, taken.group, taken.replayed) == ("accepted", "PO-1", "tous", False)
    again = asking.ask(call("PO-1"))
    assert again.replayed and json.loads(again.document) == json.loads(taken.document)
    assert [row.document for row in rows(services, tables.decisions)] == [json.loads(taken.document)]
    assert len(rows(services, tables.invoices)) == 1


def test_what_must_be_told_as_a_problem_is_refused_and_nothing_is_kept_of_it(services, asking):
    assert asking.ask(call("PO-1")) is not None
    refused = [
        call_of(b'{"id": "PO-3"}', "m-3"),  # its sender reads it first; it is refused all the same
        call("PO-1", items=12),  # settled, and now other content
        call("PO-4", webhook_id="call-PO-1"),  # an id that came with another body
    ]
    assert [asking.ask(each) for each in refused] == [None] * 3
    assert len(rows(services, tables.orders)) == len(rows(services, tables.webhook_calls)) == 1


def test_one_that_is_refused_takes_no_other_of_its_group_with_it(services, asking):
    asking.ask(call("PO-0"))
    answers = {}

    def send(each):
        answers[each.webhook_id] = asking.ask(each)

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


def test_a_long_order_comes_through_whole(services, asking):
    body = long_order(1_500)
    assert 100_000 < len(body) < LONGEST // 2
    assert asking.ask(call_of(body, "m-1")).outcome == "accepted"
    assert rows(services, tables.orders)[0].body == body


def test_an_order_too_long_for_the_line_is_not_sent_and_the_next_one_is(services, asking):
    with pytest.raises(OSError, match="too long"):
        asking.ask(call_of(long_order(10_000), "m-1"))
    assert asking.count == 0 and asking.ask(call("PO-2")).outcome == "accepted"
    assert [row.order_id for row in rows(services, tables.orders)] == ["PO-2"]


def test_a_message_that_would_be_cut_is_not_sent_though_the_socket_would_take_it(services, asking, monkeypatch):
    monkeypatch.setattr("houblon.orders.writer_process.client.LONGEST", 1_000)
    with pytest.raises(OSError, match="too long"):
        asking.ask(call_of(long_order(20), "m-1"))
    assert asking.count == 0 and asking.ask(call("PO-2")).outcome == "accepted"
    assert [row.order_id for row in rows(services, tables.orders)] == ["PO-2"]


def long_order(lines):
    order = json.loads(order_body("PO-1", 48))
    order["lines"] = order["lines"] * lines
    return json.dumps(order).encode()


def test_answers_longer_than_the_line_takes_come_in_several_messages_and_one_alone_is_refused():
    short, long = taken(b"{}"), taken(b"{" + b" " * LONGEST + b"}")
    told = [(1, short), (2, long), (3, short), (4, None)]
    messages = list(_messages(told))
    assert max(map(len, messages)) < LONGEST
    answers = [answer for message in messages for answer in msgspec.msgpack.decode(message, type=list[Answer])]
    assert answers == [(1, short), (2, None), (3, short), (4, None)]


def taken(document):
    return IngestResult(document, False, "PO-1", "accepted", "tous", 1)


def test_who_waits_when_the_recorder_ends_is_told_nothing_and_who_asks_then_can_t(services):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asking, answers = Asking(ours, 20.0), []
    ends = [
        threading.Thread(target=asking.listen),
        threading.Thread(target=lambda: answers.append(asking.ask(call("PO-1")))),
    ]
    for each in ends:
        each.start()
    while not asking.count:
        pass
    theirs.recv(LONGEST)
    theirs.close()
    for each in ends:
        each.join(10)
    assert answers == [None] and asking.count == 0
    with pytest.raises(OSError):
        asking.ask(call("PO-2"))


def test_who_gets_no_answer_in_time_is_told_so_and_a_late_one_troubles_nobody(services):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asking = Asking(ours, 0.05)
    listening = threading.Thread(target=asking.listen)
    listening.start()
    with pytest.raises(TimeoutError):
        asking.ask(call("PO-1"))
    number, _ = msgspec.msgpack.decode(theirs.recv(LONGEST))
    theirs.send(msgspec.msgpack.encode([(number, None)]))
    theirs.close()
    listening.join(10)
    assert not listening.is_alive()
