"""Outgoing webhooks over real HTTP: signed, told once, retried on the schedule, kept inside the guard."""

import threading
import time
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import insert
from standardwebhooks.webhooks import WebhookVerificationError

from houblon.orders.db import tables
from houblon.orders.events import endpoints
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.endpoints import Wanted, destination_of
from houblon.orders.events.feed import enqueue_test_event, feed
from houblon.orders.events.record import record_event, record_publication
from houblon.orders.events.webhook_addresses import EVERYWHERE
from houblon.orders.handling import review
from houblon.orders.invoicing.transitions import viewed
from houblon.orders.outbox import webhook_transport
from houblon.orders.outbox.delivery import SCHEDULE, deliver_due, due_destinations, send_again, send_all_again
from houblon.orders.outbox.webhook_transport import WebhookTransport
from houblon.orders.outbox.workers import DeliveryWorkers
from houblon.rules.model.content import Version
from tests.clock import NOW
from tests.orders.receivers import Endpoint, header, serving, verified
from tests.orders.services import later, make_services, order_body, rows, send, tous

SAID = "said by the receiver"


def random(count):
    random.number += 1
    return random.number.to_bytes(count, "big")


random.number = 0


@pytest.fixture
def receiver():
    with serving(Endpoint()) as endpoint:
        yield endpoint


def add(services, url="https://receiver.example/hooks", events=EVENTS, at=NOW):
    wanted = Wanted(url, tuple(events))
    return services.ledger.write(lambda c: endpoints.add_endpoint(c, wanted, random, at, EVERYWHERE))


def transport(services, id, now, timeout=5.0):
    with services.ledger.reading() as connection:
        row = endpoints.endpoint_row(connection, id)
    return WebhookTransport(row.url, endpoints.secrets_at(row, now), lambda: now, EVERYWHERE, timeout)


def deliver(services, id, now=NOW, **options):
    feed(services.ledger, now)
    return deliver_due(services.ledger, transport(services, id, now, **options), now, destination=destination_of(id))


def hooks(services):
    feed(services.ledger, NOW)
    return [row for row in rows(services, tables.outbox) if row.kind == "webhook"]


def told(services):
    return [row.event for row in hooks(services)]


def now_verified(secret, call, monkeypatch, at=NOW):
    """Verified by the library, whose clock is set to the test's."""

    class Clock(webhook_transport.datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Clock)
    return verified(secret, call)


def test_an_accepted_order_and_its_invoice_are_told_to_who_asked(services, receiver, monkeypatch):
    id, secret = add(services, receiver.url)
    send(services)
    assert deliver(services, id) == 2
    payloads = [now_verified(secret, call, monkeypatch) for call in receiver.calls]
    order, invoice = sorted(payloads, key=lambda each: each["type"], reverse=True)
    assert (order["type"], order["timestamp"]) == ("order.accepted", "2021-05-13T02:17:41.123457Z")
    assert order["data"]["order_id"] == "PO-1" and order["data"]["order_value"] == "1296.00"
    assert order["data"]["reasons"] == [{"code": "automatic", "effect": "accept", "rule": "acceptance.mode"}]
    assert order["data"]["invoice"]["due_date"] == "2021-06-11"
    assert (invoice["type"], invoice["data"]["invoice"]) == ("invoice.issued", "F-2021-00001")
    assert invoice["data"]["total"] == "1490.08"
    assert [row.answer for row in hooks(services)] == ["HTTP 204"] * 2 and {row.state for row in hooks(services)} == {
        "sent"
    }


def test_no_webhook_holds_more_of_a_person_than_an_id(services):
    add(services)
    send(services, order_body(items=3, note="appeler Lucie au 514 555-0000"))
    review.accept(services, 1, by="anne@brasserie.example", at=later(hours=1), why="Lucie a appelé")
    body = msgspec.json.encode([row.message for row in hooks(services)]).decode()
    for personal in ("coin@example.com", "Dépanneur du Coin", "anne@", "Lucie", "514"):
        assert personal not in body
    assert "depanneur-42" in body


def test_a_person_s_decision_is_told_as_the_system_s_is(services):
    add(services)
    send(services, order_body("PO-1", items=3))
    send(services, order_body("PO-2", items=3))
    review.accept(services, 1, by="anne", at=later(hours=1))
    review.refuse(services, 2, by="anne", at=later(hours=2), why="non")
    assert told(services)[:2] == ["order.held"] * 2 and told(services)[4:] == ["order.refused"]
    assert set(told(services)[2:4]) == {"order.accepted", "invoice.issued"}
    assert hooks(services)[0].message["data"]["decided_by"] == "policy"
    assert hooks(services)[4].message["data"]["decided_by"] == "person"


def test_an_invoice_that_a_person_issues_is_told(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="manual"))
    add(services)
    send(services)
    assert told(services) == ["order.accepted"]
    review.issue_invoice(services, 1, by="anne", at=later(hours=1))
    assert told(services) == ["order.accepted", "invoice.issued"]
    services.ledger.close()


def test_only_events_that_are_asked_for_are_told_and_only_to_active_endpoints(services):
    add(services, "https://a.example/", ["order.held"])
    paused, _ = add(services, "https://b.example/")
    services.ledger.write(lambda c: endpoints.pause(c, paused))
    send(services)
    assert told(services) == []


def test_what_fails_with_the_order_is_not_told(services):
    add(services)

    def fails(connection):
        record_event(connection, "policy.published", NOW, data={})
        raise ValueError("the fact did not happen")

    with pytest.raises(ValueError):
        services.ledger.write(fails)
    assert told(services) == []


def test_the_same_fact_is_told_once_to_each(services):
    add(services)
    add(services)
    send(services, order_body(items=3))
    for _ in range(3):
        assert feed(services.ledger, NOW) in (2, 0)
    assert told(services) == ["order.held"] * 2


def test_the_first_view_of_an_invoice_is_told_and_no_other(services):
    send(services)
    add(services)
    for hours in (1, 2):
        viewed(services, 1, at=later(hours=hours))
    (row,) = hooks(services)
    assert row.message["data"]["invoice"] == "F-2021-00001"
    assert row.message["timestamp"] == "2021-05-13T03:17:41.123457Z"


def test_a_version_is_told_to_who_was_there_by_then(services):
    early, _ = add(services)
    version = Version(2, "anne", "note", NOW, NOW, "sha256:2")
    services.ledger.write(lambda c: record_publication(c, version))
    add(services)
    (row,) = hooks(services)
    assert row.destination == destination_of(early) and row.message["data"]["version"] == 2
    assert "anne" not in str(row.message)


def test_a_redelivery_carries_the_same_id_and_body_and_a_fresh_signature(services, receiver, monkeypatch):
    id, secret = add(services, receiver.url, ["order.accepted"])
    receiver.answers = [500]
    send(services)
    deliver(services, id)
    assert hooks(services)[0].error == f"Rejected: HTTP 500 {SAID}"
    deliver(services, id, later(seconds=5))
    (_, first, body), (_, second, again) = receiver.calls
    assert len(set(receiver.ids)) == 1 and body == again
    assert receiver.ids[0] == hooks(services)[0].id
    assert header(second, "webhook-timestamp") == str(int(header(first, "webhook-timestamp")) + 5)
    now_verified(secret, receiver.calls[1], monkeypatch, later(seconds=5))


def test_an_endpoint_that_stays_down_is_tried_on_the_schedule_then_parked_and_sent_again_by_hand(services, receiver):
    id, _ = add(services, receiver.url, ["order.accepted"])
    receiver.answers = [500] * len(SCHEDULE)
    send(services)
    now = NOW
    for wait in SCHEDULE:
        if wait:
            assert deliver(services, id, now + wait - timedelta(seconds=1)) == 0
        now += wait
        assert deliver(services, id, now) == 1
    (row,) = hooks(services)
    assert (row.state, row.attempts) == ("parked", len(SCHEDULE))
    assert send_again(services.ledger, row.id, now)
    assert deliver(services, id, now) == 1
    assert hooks(services)[0].state == "sent" and len(set(receiver.ids)) == 1


def test_other_refusals_are_retried_and_a_redirect_is_not_followed(services, receiver):
    elsewhere = Endpoint()
    with serving(elsewhere):
        id, _ = add(services, receiver.url, ["order.accepted"])
        send(services)
        receiver.answers = [400, (307, {"location": elsewhere.url})]
        deliver(services, id)
        deliver(services, id, later(seconds=5))
    (row,) = hooks(services)
    assert row.state == "pending" and "307" in row.error and elsewhere.calls == []


def test_an_endpoint_that_is_gone_is_told_nothing_more_and_says_why(services, receiver):
    id, _ = add(services, receiver.url, ["order.accepted"])
    for number in range(3):
        send(services, order_body(f"PO-{number}"))
    receiver.answers = [410]
    deliver(services, id)
    assert [row.state for row in hooks(services)] == ["parked"] * 3 and len(receiver.calls) == 1
    assert {row.error for row in hooks(services)} == {f"HTTP 410 {SAID}"}
    [endpoint] = rows(services, tables.endpoints)
    assert not endpoint.active and "410" in endpoint.stopped_why
    assert services.ledger.write(lambda c: endpoints.resume(c, id, later(hours=1)))
    assert deliver(services, id, later(hours=1)) == 3


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("120", 120),
        ("1", 5),
        ("99999999999", 10 * 3600),
        ("Thu, 13 May 2021 02:27:41 GMT", 599.876543),
        ("yesterday", 5),
        ("²", 5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_endpoint_is_left_alone_as_it_asks_within_bounds(services, receiver, status, asked, waited):
    id, _ = add(services, receiver.url, ["order.accepted"])
    for number in range(3):
        send(services, order_body(f"PO-{number}"))
    receiver.answers = [(status, {"retry-after": asked})]
    deliver(services, id)
    assert len(receiver.calls) == 1
    assert {row.due_at for row in hooks(services)} == {later(seconds=waited)}
    assert {row.attempts for row in hooks(services)} == {1}


def test_one_call_tells_for_all_that_waits_when_an_endpoint_is_down(services):
    id, _ = add(services, "http://127.0.0.1:1/", ["order.accepted"])
    values = [
        {
            "id": f"{tried}-{number}",
            "kind": "webhook",
            "destination": destination_of(id),
            "event": "order.accepted",
            "recipient": "x",
            "message": {},
            "state": "pending",
            "attempts": tried,
            "created_at": NOW,
            "due_at": NOW,
        }
        for tried in range(len(SCHEDULE))
        for number in range(6)
    ]
    services.ledger.write(lambda c: c.execute(insert(tables.outbox), values))
    assert deliver(services, id) == 20
    for row in hooks(services):
        tried = int(row.id[0]) + 1
        assert row.attempts == tried
        if tried == len(SCHEDULE):
            assert row.state == "parked"
        else:
            assert (row.state, row.due_at) == ("pending", NOW + SCHEDULE[tried])


def test_three_failures_in_a_row_give_the_endpoint_a_breather(services, receiver):
    id, _ = add(services, receiver.url, ["order.accepted"])
    for number in range(6):
        send(services, order_body(f"PO-{number}"))
    receiver.answers = [500] * 3
    deliver(services, id)
    assert len(receiver.calls) == 3
    assert sorted((row.attempts, row.due_at) for row in hooks(services)) == [
        *[(0, later(seconds=30))] * 3,
        *[(1, later(seconds=5))] * 3,
    ]


def test_a_receiver_that_drips_its_answer_is_cut_off(services):
    stop = threading.Event()

    class Dripping(Endpoint):
        def take(self, handler):
            self.calls.append(())
            while not stop.wait(0.1):
                handler.wfile.write(b"H")

    with serving(Dripping()) as endpoint:
        id, _ = add(services, endpoint.url, ["order.accepted"])
        send(services)
        deliver(services, id, timeout=0.5)  # it drips until this is over
        stop.set()
    assert hooks(services)[0].state == "pending" and "Timeout" in hooks(services)[0].error


def test_a_slow_endpoint_and_a_dead_mail_server_delay_nobody_else(services, receiver):
    with serving(Endpoint(slow=1.0)) as slow:
        ids = [add(services, each.url, ["order.accepted"])[0] for each in (slow, receiver)]
        for number in range(4):
            send(services, order_body(f"PO-{number}"))

        def transport_of(destination):
            if destination == "mail":
                time.sleep(1.0)
                raise RuntimeError("no mail server")
            return transport(services, destination.partition(":")[2], NOW)

        workers = DeliveryWorkers(services.ledger, transport_of, lambda: NOW)
        feed(services.ledger, NOW)
        assert sorted(due_destinations(services.ledger, NOW)) == sorted(["mail", *map(destination_of, ids)])
        assert workers.look() == 3 and workers.look() == 0
        while len(receiver.calls) < 4:
            time.sleep(0.01)
        slow_by_then, slow.slow = len(slow.calls), 0.0
        send(services, order_body("PO-late"))  # and the acceptance waits for none of them
        workers.close()
    assert slow_by_then <= 2
    assert {row.state for row in hooks(services) if row.destination == destination_of(ids[0])} <= {"sent", "pending"}


def test_a_paused_endpoint_s_messages_wait_for_it(services, receiver):
    id, _ = add(services, receiver.url, ["order.accepted"])
    send(services)
    feed(services.ledger, NOW)
    services.ledger.write(lambda c: endpoints.pause(c, id))
    assert due_destinations(services.ledger, NOW) == ["mail"]
    services.ledger.write(lambda c: endpoints.resume(c, id, NOW))
    assert destination_of(id) in due_destinations(services.ledger, NOW)


def test_a_removed_endpoint_s_messages_are_parked_and_can_t_be_sent_again(services):
    id, _ = add(services)
    send(services)
    feed(services.ledger, NOW)
    services.ledger.write(lambda c: endpoints.remove(c, id))
    assert {(row.state, row.error) for row in hooks(services)} == {("parked", endpoints.REMOVED)}
    assert not send_again(services.ledger, hooks(services)[0].id, NOW) and send_all_again(services.ledger, NOW) == 0
    assert not send_again(services.ledger, hooks(services)[0].id, NOW, "someone@example.com")


def test_after_a_rotation_both_secrets_sign_for_a_day(services, receiver, monkeypatch):
    id, old = add(services, receiver.url, ["order.accepted"])
    new = services.ledger.write(lambda c: endpoints.rotate(c, id, random, NOW))
    send(services)
    deliver(services, id)
    for secret in (old, new):
        now_verified(secret, receiver.calls[0], monkeypatch)
    send(services, order_body("PO-2"), at=later(hours=24))
    deliver(services, id, later(hours=24))
    now_verified(new, receiver.calls[1], monkeypatch, later(hours=24))
    with pytest.raises(WebhookVerificationError):
        now_verified(old, receiver.calls[1], monkeypatch, later(hours=24))


def test_a_test_event_reaches_the_endpoint_whatever_it_asks_for(services, receiver, monkeypatch):
    id, secret = add(services, receiver.url, ["policy.published"])
    services.ledger.write(lambda c: enqueue_test_event(c, id, NOW))
    deliver(services, id)
    assert now_verified(secret, receiver.calls[0], monkeypatch)["type"] == "endpoint.test"
    with pytest.raises(LookupError):
        services.ledger.write(lambda c: enqueue_test_event(c, "ep_unknown", NOW))
