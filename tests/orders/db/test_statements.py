"""Prepared statements answer as SQLAlchemy's own do; memory never outlives a commit."""

import threading
import time

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from houblon.orders.credentials.credentials import add_key, find_key, known_key
from houblon.orders.db.ledger import make_ledger
from houblon.orders.db.statements import Prepared
from houblon.orders.db.tables import api_keys, counters, retailers
from tests.clock import NOW

WHOLE = {"id": "bar-1", "name": "Bar", "email": None, "created_at": NOW, "updated_at": NOW}
ONE = Prepared(select(retailers).where(retailers.c.id == bindparam("id")))
ADD = Prepared(insert(retailers))


@pytest.fixture
def ledger(tmp_path):
    made = make_ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


def test_a_row_reads_as_it_does_by_sqlalchemy(ledger):
    ledger.write(lambda connection: ADD.insert(connection, WHOLE))
    ledger.write(lambda connection: ADD.insert(connection, {**WHOLE, "id": "bar-2", "province": "QC"}))
    with ledger.reading() as connection:
        for id in ("bar-1", "bar-2"):
            theirs = connection.execute(ONE.statement, {"id": id}).one()
            ours = ONE.first(connection, {"id": id})
            assert tuple(ours) == tuple(theirs) and ours.created_at == theirs.created_at == NOW
        assert ONE.first(connection, {"id": "nobody"}) is None


def test_an_update_says_what_it_returns_and_values_of_its_own_count(ledger):
    more = Prepared(
        update(counters)
        .where(counters.c.name == bindparam("counter"))
        .values(value=counters.c.value + 5)
        .returning(counters.c.value)
    )
    ledger.write(lambda connection: connection.execute(insert(counters), {"name": "a", "value": 1}))
    assert ledger.write(lambda connection: more.scalar(connection, {"counter": "a"})) == 6
    assert ledger.write(lambda connection: more.scalar(connection, {"counter": "b"})) is None


def test_faults_are_told_as_sqlalchemy_tells_them_and_write_nothing(ledger):
    ledger.write(lambda connection: ADD.insert(connection, WHOLE))
    with pytest.raises(IntegrityError):
        ledger.write(lambda connection: ADD.insert(connection, WHOLE))
    with pytest.raises(OperationalError):
        ledger.write(lambda connection: Prepared(insert(counters)).insert(_gone(connection), {"name": "x", "value": 1}))
    with pytest.raises(KeyError):
        ledger.write(lambda connection: ONE.first(connection, {}))


def _gone(connection):
    connection.execute(text("DROP TABLE counters"))
    return connection


def test_a_glance_sees_what_was_committed_a_moment_ago(ledger):
    with ledger.looking_up() as reader:
        assert ONE.first(reader, {"id": "bar-1"}) is None
    ledger.write(lambda connection: ADD.insert(connection, WHOLE))
    with ledger.looking_up() as reader:
        assert ONE.first(reader, {"id": "bar-1"}).name == "Bar"


def test_what_this_process_changes_is_known_at_once(ledger):
    key = ledger.write(lambda connection: add_key(connection, "k", ["decide"], lambda count: bytes(count), NOW))
    for active in (True, False, True, False):
        ledger.write(lambda connection, active=active: connection.execute(update(api_keys).values(active=active)))
        assert (known_key(ledger, key) is not None) is active


def test_threads_that_come_and_go_look_by_the_same_connection(ledger):
    looked = []

    def look():
        with ledger.looking_up() as reader:
            ONE.first(reader, {"id": "bar-1"})
            looked.append(reader)

    for _ in range(3):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert looked[0] is looked[1] is looked[2]


def test_threads_that_look_at_once_look_by_one_each(ledger):
    with ledger.looking_up() as one, ledger.looking_up() as another:
        assert one is not another


def test_what_is_remembered_falls_with_the_next_commit_of_any_process(ledger, tmp_path):
    key = ledger.write(lambda connection: add_key(connection, "k", ["decide"], lambda count: bytes(count), NOW))
    another = make_ledger(f"sqlite:///{tmp_path}/ledger.db")
    try:
        time.sleep(0.15)  # as long as it takes for the log's time to count as settled
        asked = []

        def read():
            asked.append(1)
            with ledger.looking_up() as reader:
                return find_key(reader, key)

        assert ledger.query_cache.get("k", read).scopes == ledger.query_cache.get("k", read).scopes == ["decide"]
        assert len(asked) == 1 and known_key(ledger, key) is not None
        for active in (False, True, False):
            another.write(lambda connection, active=active: connection.execute(update(api_keys).values(active=active)))
            time.sleep(0.003)  # what another process changes is known two milliseconds later
            assert (known_key(ledger, key) is not None) is active
    finally:
        another.close()


def test_an_update_whose_parameter_is_named_as_a_column_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match="name"):
        Prepared(update(counters).where(counters.c.name == bindparam("name")).values(value=counters.c.value + 1))
    Prepared(update(counters).where(counters.c.name == bindparam("counter")).values(value=bindparam("next")))
