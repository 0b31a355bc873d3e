"""What a person did by mistake is taken back only while nobody outside was told, or will be."""

from functools import partial

import pytest

from houblon.orders.db import tables
from houblon.orders.events import endpoints
from houblon.orders.events.feed import feed
from houblon.orders.handling import deliveries, lifecycle, review, undo
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.events.test_facts import unsound
from tests.orders.events.test_feed import add
from tests.orders.services import later, order_body, rows, send

MOVES = {
    "delivered": (24, deliveries.deliver),
    "refused": (3, partial(review.refuse, why="non")),
    "cancelled": (3, partial(lifecycle.cancel, was="held", why="non")),
}


def move(services, state):
    items, act = MOVES[state]
    send(services, order_body(items=items))
    act(services, 1, by="anne", at=later(hours=1))


def take_back(services, state):
    return undo.undo(services, 1, was=state, by="anne", at=later(hours=2))


def pause(services, id):
    services.ledger.write(lambda connection: endpoints.pause(connection, id))


def told_on_resuming(services, id):
    services.ledger.write(lambda connection: endpoints.resume(connection, id, later(hours=3)))
    feed(services.ledger, later(hours=3))
    return [row.event for row in rows(services, tables.outbox) if row.kind == "webhook"]


@pytest.mark.parametrize("is_paused", [True, False])
@pytest.mark.parametrize("state", MOVES)
def test_what_an_endpoint_has_yet_to_read_is_not_taken_back(services, state, is_paused):
    id = add(services, f"order.{state}")
    if is_paused:
        pause(services, id)
    move(services, state)
    with pytest.raises(Conflict) as caught:
        take_back(services, state)
    assert caught.value.code == "already_sent" and rows(services, tables.orders)[0].state == state
    with services.ledger.reading() as connection:
        assert not undo.is_undoable(connection, 1)
    assert told_on_resuming(services, id) == [f"order.{state}"]


@pytest.mark.parametrize("state", MOVES)
def test_what_no_endpoint_asks_for_is_taken_back(services, state):
    id = add(services, "invoice.paid")
    pause(services, id)
    move(services, state)
    assert take_back(services, state) == ("accepted" if state == "delivered" else "held")
    assert told_on_resuming(services, id) == [] and unsound(services) == []


def test_what_waits_in_the_outbox_and_was_not_tried_is_taken_back_with_it(services):
    id = add(services, "order.delivered")
    move(services, "delivered")
    feed(services.ledger, NOW)  # by a clock that was set back since
    pause(services, id)
    assert take_back(services, "delivered") == "accepted"
    assert told_on_resuming(services, id) == []
