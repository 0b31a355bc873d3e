"""The ledger: what it says is written is written, and one member's failure is its own."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from houblon.orders.db.ledger import Ledger, make_ledger
from houblon.orders.db.tables import counters, metadata


@pytest.fixture
def ledger(tmp_path):
    made = make_ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


def add(name):
    return lambda connection: connection.execute(insert(counters).values(name=name, value=1))


def names(ledger):
    with ledger.reading() as connection:
        return set(connection.execute(select(counters.c.name)).scalars())


class Broken(Exception):
    pass


def broken(connection):
    connection.execute(insert(counters).values(name="half", value=1))
    raise Broken


def held_up(ledger):
    """Hold the writer up until the returned event is set, so that what is sent meanwhile is one group."""
    ready, go = threading.Event(), threading.Event()

    def wait(connection):
        ready.set()
        go.wait(5)

    thread = threading.Thread(target=ledger.write, args=(wait,))
    thread.start()
    ready.wait(5)
    return go, thread


def together(ledger, *works):
    """Do all `works` in one group; the result or the exception of each."""
    go, thread = held_up(ledger)
    with ThreadPoolExecutor(len(works)) as pool:
        futures = []
        for work in works:
            futures.append(pool.submit(ledger.write, work))
            while ledger.waiting < len(futures):
                pass
        go.set()
        answers = [future.exception(10) or future.result() for future in futures]
    thread.join()
    return answers


def test_what_was_written_is_there_when_write_returns(ledger, tmp_path):
    ledger.write(add("one"))
    with sqlite3.connect(tmp_path / "ledger.db") as another:
        assert another.execute("SELECT name FROM counters").fetchall() == [("one",)]


def test_work_that_fails_writes_nothing_and_tells_its_caller(ledger):
    with pytest.raises(Broken):
        ledger.write(broken)
    assert names(ledger) == set()


def test_concurrent_work_is_committed_as_one_group(ledger, commits):
    together(ledger, add("one"), add("two"), add("three"))
    assert names(ledger) == {"one", "two", "three"}
    assert commits.count == 2  # the one that held the writer up, and the group


@pytest.fixture
def commits(ledger):
    class Commits:
        count = 0

    def counted(connection):
        Commits.count += 1

    event.listen(ledger.write_engine, "commit", counted)
    yield Commits
    event.remove(ledger.write_engine, "commit", counted)


def test_a_member_that_fails_takes_no_other_with_it(ledger):
    answers = together(ledger, add("one"), broken, add("two"))
    assert isinstance(answers[1], Broken)
    assert names(ledger) == {"one", "two"}


def test_members_see_what_earlier_members_of_their_group_wrote(ledger):
    def count(connection):
        return connection.execute(select(func.count()).select_from(counters)).scalar_one()

    assert together(ledger, add("one"), count, add("two"), count)[1::2] == [1, 2]


def test_when_a_commit_fails_each_member_tries_alone(ledger):
    """A deferred constraint fails at the commit, as a full disk does."""

    def dangling(connection):
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(
            text("INSERT INTO transitions (order_key, at, who, after, why) VALUES (999, 0, '', 'held', '')")
        )

    good, bad, other = together(ledger, add("one"), dangling, add("two"))
    assert isinstance(bad, Exception)
    assert not isinstance(good, Exception) and not isinstance(other, Exception)
    assert names(ledger) == {"one", "two"}
    ledger.write(add("three"))
    assert names(ledger) == {"one", "two", "three"}


def test_a_refusal_that_rests_on_what_was_not_kept_is_not_told(ledger):
    """A member that failed because of another's row is done again when that row never came to be."""

    def dangling(connection):
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(insert(counters).values(name="one", value=1))
        connection.execute(
            text("INSERT INTO transitions (order_key, at, who, after, why) VALUES (999, 0, '', 'held', '')")
        )

    bad, good = together(ledger, dangling, add("one"))
    assert isinstance(bad, Exception)
    assert not isinstance(good, Exception)
    assert names(ledger) == {"one"}


def test_the_writer_outlives_a_fault_of_any_kind(ledger):
    def rolls_back_under_the_group(connection):
        connection.exec_driver_sql("ROLLBACK")

    with pytest.raises(SQLAlchemyError):
        ledger.write(rolls_back_under_the_group)
    together(ledger, rolls_back_under_the_group, add("one"))
    ledger.write(add("two"))
    assert {"two"} <= names(ledger)


def test_a_full_disk_tells_everybody_and_needs_no_hands_afterwards(ledger):
    def limit(connection, _):
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes it as: no page more than there are

    def large(connection):
        connection.execute(insert(counters), [{"name": f"{number:060d}", "value": 1} for number in range(2_000)])

    event.listen(ledger.write_engine, "connect", limit)
    ledger.write_engine.dispose()
    for answer in together(ledger, large, large):
        assert isinstance(answer, SQLAlchemyError) and "full" in str(answer)
    event.remove(ledger.write_engine, "connect", limit)
    assert names(ledger) == set()
    ledger.write(large)
    assert len(names(ledger)) == 2_000


def test_a_transaction_that_cannot_begin_is_told_and_counted_as_a_statement_that_fails(ledger, tmp_path):
    counted = []
    event.listen(ledger.write_engine, "handle_error", lambda context: counted.append(context.original_exception))
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ledger.write_engine.connect() as connection:
            driver = connection.connection.driver_connection
            connection.rollback()
            driver.execute("PRAGMA busy_timeout = 0")
            with pytest.raises(OperationalError, match="locked"):
                connection.execute(select(counters.c.name))
            driver.execute("PRAGMA busy_timeout = 30000")
        assert len(counted) == 1
        assert "afterwards" not in names(ledger)  # who reads waits for nobody
    ledger.write(add("afterwards"))
    assert "afterwards" in names(ledger)


def test_work_inside_work_is_refused_rather_than_waited_for_ever(ledger):
    with pytest.raises(RuntimeError):
        ledger.write(lambda connection: ledger.write(add("one")))


def test_a_closed_ledger_refuses_work(tmp_path):
    ledger = make_ledger(f"sqlite:///{tmp_path}/other.db")
    ledger.close()
    with pytest.raises(RuntimeError):
        ledger.write(add("one"))


def test_what_was_begun_is_finished_when_the_ledger_closes(tmp_path):
    ledger = make_ledger(f"sqlite:///{tmp_path}/other.db")
    go, thread = held_up(ledger)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ledger.write, add("one"))
        while ledger.waiting < 1:
            pass
        closing = threading.Thread(target=ledger.close)
        closing.start()
        go.set()
        waiting.result(10)
        closing.join()
    thread.join()
    reopened = make_ledger(f"sqlite:///{tmp_path}/other.db")
    assert names(reopened) == {"one"}
    reopened.close()


def test_readers_do_not_wait_for_the_writer(ledger):
    ledger.write(add("one"))
    go, thread = held_up(ledger)
    assert names(ledger) == {"one"}
    go.set()
    thread.join()


def test_many_threads_lose_nothing(ledger):
    ledger.write(add("sum"))

    def more(connection):
        connection.execute(update(counters).where(counters.c.name == "sum").values(value=counters.c.value + 1))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: ledger.write(more), range(300)))
    with ledger.reading() as connection:
        assert connection.execute(select(counters.c.value)).scalar_one() == 301


def test_a_commit_is_durable_before_it_is_told(ledger):
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    with ledger.write_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_migrations_make_the_schema_that_the_code_expects(ledger):
    with ledger.reading() as connection:
        options = {"compare_type": True, "include_name": is_the_ledger_s}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def is_the_ledger_s(name, kind, parents):
    """Accounts share the database and its migrations; their tables are the web's."""
    return kind != "table" or name in metadata.tables


def test_opening_again_changes_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    first = make_ledger(url)
    first.write(add("one"))
    second = make_ledger(url)
    assert names(second) == {"one"}
    first.close()
    second.close()


def test_two_processes_that_open_a_new_ledger_at_once_make_one_schema(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    with ThreadPoolExecutor(4) as pool:
        ledgers = list(pool.map(lambda _: make_ledger(url), range(4)))
    for index, ledger in enumerate(ledgers):
        ledger.write(add(f"from {index}"))
    assert len(names(ledgers[0])) == 4
    for ledger in ledgers:
        ledger.close()


def test_a_ledger_from_a_newer_houblon_is_not_touched(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = make_ledger(url)
    ledger.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    ledger.close()
    with pytest.raises(Exception, match="newer"):
        make_ledger(url)
    reopened = Ledger(url)
    with reopened.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    reopened.close()
