"""Endpoints read events from a place of their own: nothing is passed by, and nothing is put twice."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.events import endpoints
from houblon.orders.events import feed as feeding
from houblon.orders.events.endpoints import Wanted, destination_of
from houblon.orders.events.feed import feed, unread_count
from houblon.orders.events.reading import Gone
from houblon.orders.outbox.delivery import SCHEDULE, Unreachable, deliver_due, due_destinations
from houblon.orders.outbox.delivery import Gone as EndpointGone
from houblon.orders.privacy import retention
from tests.clock import NOW
from tests.orders.events.reading import events_of
from tests.orders.services import later, order_body, rows, send


class Receiver:
    """Takes every message, but for the faults that it is told to raise first."""

    def __init__(self, *faults):
        self.faults, self.had = list(faults), []

    def send(self, id, recipient, message):
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        self.had.append((id, message["data"]["order_id"]))

    @property
    def orders(self):
        return [order for _, order in self.had]


@pytest.fixture
def id(services):
    return add(services)


def add(services, *events):
    number = len(rows(services, tables.endpoints)) + 1
    wanted = Wanted("https://erp.example/hooks", events or ("order.held",))
    return services.ledger.write(lambda c: endpoints.add_endpoint(c, wanted, lambda n: bytes([number]) * n, NOW))[0]


def hold(services, *ids, at=NOW):
    for each in ids:
        send(services, order_body(each, items=3), at=at)


def deliver(services, id, receiver, now=NOW):
    feed(services.ledger, now)
    return deliver_due(services.ledger, receiver, now, destination=destination_of(id))


def endpoint(services, id):
    return next(row for row in rows(services, tables.endpoints) if row.id == id)


def write(services, act, *arguments):
    return services.ledger.write(lambda c: act(c, *arguments))


def test_messages_go_in_the_order_of_the_events(services, id):
    hold(services, *"CABDE")
    receiver = Receiver()
    assert deliver(services, id, receiver) == 5
    assert receiver.orders == list("CABDE")


def test_what_happened_while_it_was_paused_goes_out_after_what_waited(services, id):
    hold(services, "A")
    feed(services.ledger, NOW)
    write(services, endpoints.pause, id)
    hold(services, "B", "C")
    receiver = Receiver()
    assert feed(services.ledger, NOW) == 0
    with services.ledger.reading() as connection:
        assert unread_count(connection, endpoint(services, id)) == 2
    write(services, endpoints.resume, id, later(hours=1))
    assert deliver(services, id, receiver, later(hours=1)) == 3 and receiver.orders == list("ABC")


def test_what_a_410_parked_and_what_came_after_goes_out_once_it_is_resumed(services, id):
    hold(services, "A", "B")
    assert deliver(services, id, Receiver(EndpointGone("HTTP 410 moved"))) == 2
    hold(services, "C")
    assert feed(services.ledger, NOW) == 0 and endpoint(services, id).stopped_why == "HTTP 410 moved"
    write(services, endpoints.resume, id, later(hours=1))
    receiver = Receiver()
    assert deliver(services, id, receiver, later(hours=1)) == 3 and receiver.orders == list("ABC")


def test_what_was_given_up_before_the_410_stays_for_a_person(services, id):
    hold(services, "A")
    for wait in range(len(SCHEDULE)):
        deliver(services, id, Receiver(RuntimeError("no")), NOW + timedelta(days=wait))
    hold(services, "B")
    deliver(services, id, Receiver(EndpointGone("HTTP 410")), later(days=9))
    write(services, endpoints.resume, id, later(days=10))
    receiver = Receiver()
    assert deliver(services, id, receiver, later(days=10)) == 1 and receiver.orders == ["B"]


def test_what_is_sent_again_from_a_point_keeps_its_ids_and_what_waits_goes_out_once(services, id):
    hold(services, "A", "B", "C")
    receiver = Receiver(None, None, RuntimeError("no"))
    deliver(services, id, receiver)
    first, second = (event.key for event in events_of(services)[:2])
    write(services, endpoints.resend_after, id, first)
    assert deliver(services, id, receiver, later(seconds=5)) == 2
    assert sorted(receiver.orders) == ["A", "B", "B", "C"] and len(set(receiver.had)) == 3
    # Further on than it is, it comes by itself.
    write(services, endpoints.pause, id)
    hold(services, "D")
    write(services, endpoints.resend_after, id, events_of(services)[-1].key)
    write(services, endpoints.resume, id, later(hours=1))
    assert deliver(services, id, receiver, later(hours=1)) == 1 and receiver.orders[-1] == "D"


def test_an_endpoint_that_is_new_to_old_events_can_be_sent_them(services):
    hold(services, "A", "B")
    id, receiver = add(services), Receiver()
    assert deliver(services, id, receiver) == 0
    write(services, endpoints.resend_after, id, 0)
    assert deliver(services, id, receiver) == 2 and receiver.orders == ["A", "B"]


def test_a_retry_after_holds_what_is_new_too(services, id):
    hold(services, "A")
    deliver(services, id, Receiver(Unreachable("HTTP 429", timedelta(minutes=20))))
    hold(services, "B", at=later(minutes=1))
    assert feed(services.ledger, later(minutes=1)) == 0
    assert destination_of(id) not in due_destinations(services.ledger, later(minutes=19))
    receiver, after = Receiver(), later(minutes=20)
    feed(services.ledger, after)
    assert destination_of(id) in due_destinations(services.ledger, after)
    assert deliver(services, id, receiver, after) == 2 and receiver.orders == ["A", "B"]


def test_only_so_much_waits_in_the_outbox_and_the_rest_follows(services, id, monkeypatch):
    monkeypatch.setattr(feeding, "MAX_WAITING", 3)
    monkeypatch.setattr(feeding, "AT_ONCE", 2)
    hold(services, *map(str, range(7)))
    assert [feed(services.ledger, NOW) for _ in range(3)] == [2, 2, 0]
    receiver = Receiver()
    while deliver(services, id, receiver):
        pass
    assert receiver.orders == list(map(str, range(7)))


def test_two_who_feed_at_once_put_each_message_once(services, id):
    hold(services, "A", "B")
    before = endpoint(services, id)
    assert feed(services.ledger, NOW) == 2
    # The other one read the endpoint before this one wrote.
    assert feeding._feed_one(services.ledger, before, NOW) == 0
    assert len([row for row in rows(services, tables.outbox) if row.kind == "webhook"]) == 2


def test_what_can_t_be_read_for_one_holds_up_no_other(services, id):
    other = add(services, "invoice.issued")
    hold(services, "A")
    send(services, order_body("B"))
    services.ledger.write(lambda c: c.execute(update(tables.events).where(tables.events.c.key == 1).values(fact=99)))
    assert feed(services.ledger, NOW) == 1 and endpoint(services, id).place == 0
    receiver = Receiver()
    assert deliver(services, other, receiver) == 1 and receiver.orders == ["B"]


def test_what_is_older_than_what_is_kept_is_told_and_the_last_one_stays(services, id):
    write(services, endpoints.pause, id)
    hold(services, "A", "B")
    hold(services, "C", at=later(days=20))
    hold(services, "D", at=later(days=40))
    keys = [event.key for event in events_of(services)]
    assert retention.remove(services.ledger, retention.old_events(later(days=30))) == 3
    assert [event.data["order_id"] for event in events_of(services)] == ["D"]
    with pytest.raises(Gone) as told:
        events_of(services, keys[0])
    assert (told.value.problems[0].code, str(keys[2]) in told.value.problems[0].message.en) == ("events_gone", True)
    assert events_of(services, keys[2])[0].key == keys[3] and events_of(services, keys[3]) == []
    with pytest.raises(Gone):
        write(services, endpoints.resend_after, id, keys[1])
    with pytest.raises(Invalid) as told:
        events_of(services, keys[3] + 1)
    assert told.value.problems[0].code == "place_to_come"
    with services.ledger.reading() as connection:
        assert endpoints.lost_through(connection, endpoint(services, id)) == keys[2]
    write(services, endpoints.resume, id, later(days=41))
    receiver = Receiver()
    assert deliver(services, id, receiver, later(days=41)) == 1 and receiver.orders == ["D"]
    # All are old: the last one stays, so that a place is never given twice.
    assert retention.remove(services.ledger, retention.old_events(later(days=400))) == 0
    hold(services, "E", at=later(days=400))
    assert events_of(services, keys[3])[0].key > keys[3]


def test_events_are_read_by_kind_and_by_pages(services):
    for number in range(5):
        send(services, order_body(str(number)))
    issued = events_of(services, kinds=["invoice.issued"])
    assert [event.data["order_id"] for event in issued] == list("01234")
    assert events_of(services, issued[1].key, 2, ["invoice.issued"]) == issued[2:4]
