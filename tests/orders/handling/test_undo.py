"""What a person did by mistake is taken back only while nobody outside was told, or will be, of that alone."""

from functools import partial

import pytest
from sqlalchemy import update

from houblon.orders.db import tables
from houblon.orders.events import endpoints
from houblon.orders.events.feed import feed
from houblon.orders.handling import deliveries, lifecycle, review, undo
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.events.reading import events_of
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


@pytest.mark.parametrize("state", MOVES)
def test_whoever_reads_events_is_told_of_what_is_undone(services, state):
    move(services, state)
    before = take_back(services, state)
    told = events_of(services, kinds=[f"order.{state}", "order.undone", "order.held"])[
        -2 if state != "refused" else -3 :
    ]
    assert [event.type for event in told][:2] == [f"order.{state}", "order.undone"]
    assert (told[1].data["undone"], told[1].data["state"]) == (state, before)
    assert [event.type for event in told][2:] == (["order.held"] if state == "refused" else [])
    assert unsound(services) == []


@pytest.mark.parametrize("is_paused", [True, False])
@pytest.mark.parametrize("state", MOVES)
def test_an_endpoint_that_asks_for_what_is_undone_is_told_of_both(services, state, is_paused):
    id = add(services, f"order.{state}", "order.undone")
    if is_paused:
        pause(services, id)
    move(services, state)
    feed(services.ledger, later(hours=1))
    with services.ledger.reading() as connection:
        assert undo.is_undoable(connection, 1)
    take_back(services, state)
    assert told_on_resuming(services, id) == [f"order.{state}", "order.undone"]


def test_what_was_sent_to_one_that_asks_for_what_is_undone_is_taken_back_unless_another_was_told_too(services):
    add(services, "order.delivered", "order.undone")
    move(services, "delivered")
    feed(services.ledger, later(hours=1))
    services.ledger.write(lambda c: c.execute(update(tables.outbox).values(state="sent", attempts=1)))
    other = add(services, "order.delivered")
    services.ledger.write(lambda c: endpoints.resend_after(c, other, 0))
    with pytest.raises(Conflict, match="about to be told"):
        take_back(services, "delivered")
    services.ledger.write(lambda c: endpoints.remove(c, other))
    assert take_back(services, "delivered") == "accepted"
