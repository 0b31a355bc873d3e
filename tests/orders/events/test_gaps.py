"""On PostgreSQL transactions end in another order than they took their keys in: a reader passes none of them by."""

import random
import threading
import time
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from houblon.orders.events.record import record_event
from tests.clock import NOW
from tests.orders.events.reading import events_of
from tests.orders.postgresql import pytestmark, url
from tests.orders.services import make_services

__all__ = ["pytestmark", "url"]
WRITERS, EACH = 6, 30


@pytest.fixture
def services(tmp_path, url):
    made = make_services(tmp_path, url=url)
    yield made
    made.ledger.close()


def record(connection, version):
    return record_event(connection, "policy.published", NOW, data={"version": version})


def versions(services, after=None):
    return [event.data["version"] for event in events_of(services, after)]


@pytest.fixture
def connections(services):
    """Two transactions that are open at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(services.ledger.engine.connect()) for _ in range(2)]


def test_an_event_that_is_not_committed_holds_back_those_after_it(services, connections):
    early, late = connections
    record(early, 1)
    record(late, 2)
    late.commit()
    assert versions(services) == []
    early.commit()
    assert versions(services) == [1, 2]


def test_who_began_earlier_and_took_its_key_later_holds_back_nothing_of_before(services, connections):
    other, late = connections
    # It has its number of a transaction already, and takes a key after the other one.
    late.execute(text("CREATE TEMPORARY TABLE touched (n int)"))
    record(other, 1)
    record(late, 2)
    late.commit()
    assert versions(services) == []
    other.commit()
    assert versions(services) == [1, 2]
    record(other, 3)
    other.commit()
    record(late, 4)
    assert versions(services) == [1, 2, 3]
    late.rollback()
    record(late, 5)
    late.commit()
    assert versions(services) == [1, 2, 3, 5]


def test_a_savepoint_that_is_rolled_back_lets_go_and_what_comes_after_it_holds_back_again(services, connections):
    one, other = connections
    savepoint = one.begin_nested()
    record(one, 1)
    savepoint.rollback()
    record(other, 2)
    other.commit()
    assert versions(services) == [2]
    record(one, 3)
    record(other, 4)
    other.commit()
    assert versions(services) == [2]
    one.commit()
    assert versions(services) == [2, 3, 4]


def test_a_transaction_that_records_very_many_events_holds_one_lock(services, connections):
    one, other = connections
    for version in range(2_000):
        record(one, version)
    locks = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    assert other.execute(locks).scalar_one() == 1
    one.commit()
    assert len(versions(services)) == 1_000


def test_a_reader_that_follows_many_writers_has_every_event_once_in_order(services):
    chance, done = random.Random(11), threading.Event()
    pauses = [[chance.random() * 0.004 for _ in range(EACH)] for _ in range(WRITERS)]

    def write(number):
        for count, pause in enumerate(pauses[number]):

            def work(connection, count=count, pause=pause):
                record(connection, number * EACH + count)
                time.sleep(pause)

            services.ledger.record(work)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    seen = []

    def follow():
        place = None
        while True:
            is_over = done.is_set()
            found = events_of(services, place, 7)
            seen.extend((event.key, event.data["version"]) for event in found)
            place = found[-1].key if found else place
            if is_over and not found:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    done.set()
    reader.join()
    assert [key for key, _ in seen] == sorted({key for key, _ in seen})
    assert sorted(version for _, version in seen) == list(range(WRITERS * EACH))
