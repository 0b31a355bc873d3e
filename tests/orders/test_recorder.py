"""The recorder takes in what comes by its lines, in groups, and refuses what it is not to answer."""

import json
import socket
import threading

import pytest

from orders import tables
from orders.intake import content_hash
from orders.recorder import Call, ask, record_for_ever
from tests.orders.desks import NOON, order_body, rows


@pytest.fixture
def lines(desk):
    """Our ends of four lines to a recorder; when they are closed, it must end."""
    pairs = [socket.socketpair() for _ in range(4)]
    recorder = threading.Thread(target=record_for_ever, args=(lambda: desk, [theirs for _, theirs in pairs]))
    recorder.start()
    yield [ours for ours, _ in pairs]
    for pair in pairs:
        pair[0].close()
    recorder.join(10)
    assert not recorder.is_alive()
    for pair in pairs:
        pair[1].close()


def call(id, items=48, webhook_id=None):
    return call_of(order_body(id, items), webhook_id or f"call-{id}")


def call_of(body, webhook_id):
    return Call("boutique", webhook_id, NOON, body, content_hash(body))


def test_an_order_is_decided_and_recorded_once(desk, lines):
    taken = ask(lines[0], call("PO-1"))
    assert (taken.outcome, taken.order_id, taken.group, taken.replayed) == ("accepted", "PO-1", "tous", False)
    again = ask(lines[1], call("PO-1"))
    assert again.replayed and json.loads(again.document) == json.loads(taken.document)
    assert [row.document for row in rows(desk, tables.decisions)] == [json.loads(taken.document)]
    assert len(rows(desk, tables.invoices)) == 1


def test_what_must_be_told_as_a_problem_is_refused_and_nothing_is_kept_of_it(desk, lines):
    assert ask(lines[0], call("PO-1")) is not None
    refused = [
        call_of(b'{"id": "PO-3"}', "m-3"),  # its sender reads it first; it is refused all the same
        call("PO-1", items=12),  # settled, and now other content
        call("PO-4", webhook_id="call-PO-1"),  # an id that came with another body
    ]
    assert [ask(lines[1], each) for each in refused] == [None] * 3
    assert len(rows(desk, tables.orders)) == len(rows(desk, tables.webhook_calls)) == 1


def test_one_that_is_refused_takes_no_other_of_its_group_with_it(desk, lines):
    ask(lines[0], call("PO-0"))
    answers = {}

    def send(line, each):
        answers[each.webhook_id] = ask(line, each)

    with desk.ledger.write_engine.begin():  # while somebody writes, calls gather
        asking = [
            threading.Thread(target=send, args=(line, each))
            for line, each in zip(
                lines,
                [call("PO-1"), call("PO-0", items=12, webhook_id="late"), call("PO-2"), call("PO-3")],
                strict=True,
            )
        ]
        for each in asking:
            each.start()
    for each in asking:
        each.join(10)
    assert answers.pop("late") is None
    assert sorted(taken.order_id for taken in answers.values()) == ["PO-1", "PO-2", "PO-3"]
    assert len(rows(desk, tables.orders)) == 4


def test_a_long_order_comes_through_whole(desk, lines):
    order = json.loads(order_body("PO-1", 48))
    order["lines"] = order["lines"] * 2_000
    body = json.dumps(order).encode()
    assert len(body) > 100_000
    assert ask(lines[0], call_of(body, "m-1")).outcome == "accepted"
    assert rows(desk, tables.orders)[0].body == body
