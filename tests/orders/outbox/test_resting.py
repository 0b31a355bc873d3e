"""An endpoint that hangs is left alone, longer each time, and what waits for it loses no attempt."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from houblon.orders.db import tables
from houblon.orders.events.endpoints import Wanted, add_endpoint, destination_of, pause, resume
from houblon.orders.events.feed import feed
from houblon.orders.outbox.delivery import BATCH, MAX_CONSECUTIVE_FAILURES, deliver_due, due_destinations
from houblon.orders.outbox.resting import RESTS
from tests.clock import NOW
from tests.orders.services import order_body, send


class Hanging:
    """Takes its time over each message and never answers, until it is mended."""

    def __init__(self):
        self.tried, self.hangs, self.seconds = [], True, 0.0

    def send(self, id, recipient, message):
        self.tried.append(id)
        if self.hangs:
            self.seconds += 15
            raise TimeoutError("the read operation timed out")
        return "HTTP 204"


@pytest.fixture
def endpoint(services):
    wanted = Wanted("https://erp.example/hooks", ("order.accepted",))
    id, _ = services.ledger.write(lambda c: add_endpoint(c, wanted, lambda count: bytes(count), NOW))
    for number in range(BATCH * 2):
        send(services, order_body(f"PO-{number}"))
    feed(services.ledger, NOW)
    return id


def row(services, id):
    with services.ledger.reading() as connection:
        return connection.execute(select(tables.endpoints).where(tables.endpoints.c.id == id)).one()


def test_it_is_tried_by_one_message_after_each_rest_and_all_leave_once_it_answers(services, endpoint):
    hanging, destination, now, tries = Hanging(), destination_of(endpoint), NOW, []
    for rest in RESTS:
        assert destination in due_destinations(services.ledger, now)
        before = len(hanging.tried)
        began = hanging.seconds
        deliver_due(services.ledger, hanging, now, lambda: hanging.seconds, destination)
        tries.append(len(hanging.tried) - before)
        now += timedelta(seconds=hanging.seconds - began)
        assert row(services, endpoint).rests_until == now + rest
        assert destination not in due_destinations(services.ledger, now + rest - timedelta(seconds=1))
        now += rest
    assert tries == [MAX_CONSECUTIVE_FAILURES] + [1] * (len(RESTS) - 1)
    with services.ledger.reading() as connection:
        untried = connection.execute(
            select(tables.outbox.c.id).where(tables.outbox.c.destination == destination, tables.outbox.c.attempts == 0)
        ).all()
    assert len(untried) >= BATCH * 2 - sum(tries), "what was not tried lost no attempt"

    hanging.hangs, now = False, now + timedelta(hours=12)
    while deliver_due(services.ledger, hanging, now, lambda: hanging.seconds, destination):
        now += timedelta(hours=12)
    assert (row(services, endpoint).rests, row(services, endpoint).rests_until) == (0, None)
    with services.ledger.reading() as connection:
        left = select(tables.outbox.c.state).where(tables.outbox.c.destination == destination).distinct()
        assert connection.execute(left).scalars().all() == ["sent"]


def test_somebody_who_resumes_it_has_it_tried_at_once(services, endpoint):
    hanging, destination = Hanging(), destination_of(endpoint)
    deliver_due(services.ledger, hanging, NOW, lambda: hanging.seconds, destination)
    later = NOW + timedelta(minutes=1)
    services.ledger.write(lambda c: (pause(c, endpoint), resume(c, endpoint, later)))
    assert destination in due_destinations(services.ledger, later)


def test_the_mail_server_has_no_row_and_rests_as_before(services):
    send(services)
    hanging = Hanging()
    assert deliver_due(services.ledger, hanging, NOW, lambda: hanging.seconds) == 1
