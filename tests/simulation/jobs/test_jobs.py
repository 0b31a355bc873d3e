"""Simulations as jobs: kept, cancelled, taken up again, and without any other effect."""

import hashlib
import itertools
import threading
import time
from contextlib import contextmanager

import duckdb
import pytest

from houblon.engine.core.order import decode_order
from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.db.tables import simulations
from houblon.rules.model.proposal import hash_of
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import begin
from houblon.simulation.facts.fill import Taken, fill_sheet
from houblon.simulation.jobs import worker
from houblon.simulation.jobs.jobs import (
    CANCELLED,
    DONE,
    FAILED,
    PENDING,
    cancel,
    ids_of,
    report_of,
    result,
    start,
    status,
)
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.jobs.simulation import simulate as run
from houblon.simulation.jobs.worker import Stopped, _interruptible, run_forever, run_next, take_up_again
from houblon.simulation.report.report import report_hash
from tests.clock import NOW
from tests.orders.services import make_services, order_body, publish_groups, rows, send, tous


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    for number, items in enumerate((6, 24, 48)):
        send(made, order_body(f"PO-{number}", items))
    publish_groups(made.policies.store, tous(acceptance_minimum_items=6), at=NOW)
    yield made
    made.ledger.close()


ASKED = Asked(version=2, against=1)


HIGHER = tous(acceptance_minimum_items=48)


def until(answer, seconds=20):
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end
        time.sleep(0.01)


def state(services, id):
    with services.ledger.reading() as connection:
        return status(connection, id)


def test_a_job_ends_with_its_report_and_the_hash_of_its_inputs(services, tmp_path):
    start(services, ASKED, id="s-1", by="anne", at=NOW)
    assert run_next(services, tmp_path / "scratch", lambda: NOW)
    with services.ledger.reading() as connection:
        document = result(connection, "s-1")
    done = state(services, "s-1")
    assert (done.state, done.progress, done.report_hash) == (DONE, 100, report_hash(document))
    assert done.inputs_hash == document["inputs_hash"]
    assert (document["automation"]["before"]["orders"], document["automation"]["after"]["orders"]) == (2, 3)
    assert [each["order_id"] for each in document["flips"]] == ["PO-0"]
    assert not run_next(services, tmp_path / "scratch", lambda: NOW)


def test_a_job_that_a_stopped_server_left_is_taken_up_again_and_not_for_ever(services, tmp_path):
    start(services, ASKED, id="s-1", by="anne", at=NOW)
    for attempt, then in ((1, PENDING), (2, FAILED)):
        found = {"state": "running", "progress": 40, "attempts": attempt}
        services.ledger.write(lambda c, found=found: c.execute(simulations.update().values(found)) and None)
        take_up_again(services, NOW)
        assert state(services, "s-1").state == then
    assert "s’est arrêté deux fois" in state(services, "s-1").error[0]["message"]["fr"]
    start(services, ASKED, id="s-2", by="anne", at=NOW)
    assert run_next(services, tmp_path / "scratch", lambda: NOW) and state(services, "s-2").attempts == 1


def test_the_worker_clears_what_a_kill_left_and_begins_at_the_bell(services, tmp_path):
    left = tmp_path / "scratch" / "run-killed"
    left.mkdir(parents=True)
    (left / "sheet.parquet").write_bytes(b"half of it")
    bell, over = threading.Event(), threading.Event()
    arguments = (lambda: services, tmp_path / "scratch", lambda: NOW, bell, 60, over.is_set)
    working = threading.Thread(target=run_forever, args=arguments)
    working.start()
    until(lambda: not left.exists())
    start(services, ASKED, id="s-1", by="anne", at=NOW)
    bell.set()
    until(lambda: state(services, "s-1").state == DONE)
    over.set()
    bell.set()
    working.join()


def test_cancelling_stops_a_query_that_runs(services):
    start(services, ASKED, id="s-1", by="anne", at=NOW)
    services.ledger.write(lambda c: c.execute(simulations.update().values(state="running")) and None)
    with duckdb.connect() as connection, pytest.raises(Stopped), _interruptible(services, "s-1", connection):
        cancel(services, "s-1")
        # It takes hours.
        connection.execute("SELECT count(*) FROM range(10_000_000_000) AS a, range(100) AS b WHERE hash(a, b) = 1")


def test_cancelling_stops_the_writing_of_the_sheet(services, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_LOOK", 0.01)
    start(services, ASKED, id="s-1", by="anne", at=NOW)
    services.ledger.write(lambda c: c.execute(simulations.update().values(state="running")) and None)

    @contextmanager
    def cancelled_meanwhile(connection):
        with _interruptible(services, "s-1", connection):
            cancel(services, "s-1")
            yield

    order = Taken(decode_order(order_body("PO-1", 24)), NOW)
    path, zone = tmp_path / "sheet.parquet", services.installation.zone
    with pytest.raises(Stopped):
        fill_sheet(path, itertools.repeat(order, 20_000), zone, guard=cancelled_meanwhile)
    assert not list(tmp_path.glob("sheet.*"))


def test_a_report_is_found_by_its_proposal_and_by_its_hash(services, tmp_path):
    drafted = begin(services.policies.store, "Six", by="anne", at=NOW, edits=[Edit("group", "tous", HIGHER)])
    start(services, Asked(proposal=drafted.id), id="s-1", by="anne", at=NOW)
    assert run_next(services, tmp_path / "scratch", lambda: NOW)
    with services.ledger.reading() as connection:
        found = report_of(connection, drafted.id)
        assert ids_of(connection, [found.report_hash, "sha256:0"]) == {found.report_hash: "s-1"}
        after = result(connection, "s-1")["after"]
    base = services.policies.store.content(drafted.base)
    assert found.summary["changes"] == hash_of(drafted, base) == after["changes"]
    assert found.summary["gained"]["orders"] == 0 and found.summary["lost"]["orders"] == 2


def test_a_cancelled_job_is_not_run_and_one_that_runs_stops(services, tmp_path):
    start(services, ASKED, id="s-1", by="anne", at=NOW)
    assert cancel(services, "s-1") and not cancel(services, "s-1")
    assert not run_next(services, tmp_path / "scratch", lambda: NOW)
    assert state(services, "s-1").state == CANCELLED

    def stop(percent):
        raise Stopped

    with pytest.raises(Stopped):
        run(services, ASKED, tmp_path / "scratch", NOW, stop)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_does_not_exist_is_refused_at_once(services):
    for asked in (Asked(version=9), Asked(proposal="nulle-part")):
        with pytest.raises(Invalid):
            start(services, asked, id="s-1", by="anne", at=NOW)
    assert rows(services, simulations) == []


def test_a_simulation_has_no_effect_on_the_stores(services, tmp_path):
    def stores():
        with services.ledger.reading() as connection:
            dump = repr([connection.execute(each.select()).all() for each in tables.metadata.sorted_tables])
        return hashlib.sha256(dump.encode() + (tmp_path / "rules.json").read_bytes()).hexdigest()

    before = stores()
    run(services, ASKED, tmp_path / "scratch", NOW)
    assert stores() == before


def test_a_proposal_s_memberships_are_simulated_as_if_it_were_published(services, tmp_path):
    send(services, order_body("PO-9", 48, buyer={"id": "autre"}))
    begin(services.policies.store, "rangement", by="x", at=NOW, memberships={"depanneur-42": ("payeurs-a-risque",)})
    document = run(services, Asked(proposal="rangement"), tmp_path / "scratch", NOW)
    assert sorted(each["order_id"] for each in document["flips"]) == ["PO-0", "PO-1", "PO-2"]
