"""Simulations as jobs: kept, cancelled, taken up again, and without any other effect."""

import hashlib

import pytest

from engine.problem import Invalid
from orders.simulate.jobs import (
    CANCELLED,
    DONE,
    PENDING,
    Asked,
    Stopped,
    cancel,
    result,
    run_next,
    start,
    status,
    take_up_again,
)
from orders.simulate.jobs import simulate as run
from orders.simulate.report import report_hash
from orders.tables import simulations
from tests.orders.desks import NOON, make_desk, order_body, publish_groups, rows, send, tous


@pytest.fixture
def desk(tmp_path):
    made = make_desk(tmp_path)
    for number, items in enumerate((6, 24, 48)):
        send(made, order_body(f"PO-{number}", items))
    publish_groups(made.policies.store, tous(acceptance_minimum_items=6), at=NOON)
    yield made
    made.ledger.close()


ASKED = Asked(version=2, against=1)


def state(desk, id):
    with desk.ledger.reading() as connection:
        return status(connection, id)


def test_a_job_ends_with_its_report_and_the_hash_of_its_inputs(desk, tmp_path):
    start(desk, ASKED, id="s-1", by="anne", at=NOON)
    assert run_next(desk, tmp_path / "scratch", lambda: NOON)
    with desk.ledger.reading() as connection:
        document = result(connection, "s-1")
    done = state(desk, "s-1")
    assert (done.state, done.progress, done.report_hash) == (DONE, 100, report_hash(document))
    assert done.inputs_hash == document["inputs_hash"]
    assert (document["automation"]["before"]["orders"], document["automation"]["after"]["orders"]) == (2, 3)
    assert [each["order_id"] for each in document["flips"]] == ["PO-0"]
    assert not run_next(desk, tmp_path / "scratch", lambda: NOON)


def test_a_job_that_a_stopped_server_left_is_taken_up_again(desk, tmp_path):
    start(desk, ASKED, id="s-1", by="anne", at=NOON)
    desk.ledger.write(lambda c: c.execute(simulations.update().values(state="running", progress=40)) and None)
    take_up_again(desk)
    assert (state(desk, "s-1").state, state(desk, "s-1").progress) == (PENDING, 0)
    assert run_next(desk, tmp_path / "scratch", lambda: NOON) and state(desk, "s-1").state == DONE


def test_a_cancelled_job_is_not_run_and_one_that_runs_stops(desk, tmp_path):
    start(desk, ASKED, id="s-1", by="anne", at=NOON)
    assert cancel(desk, "s-1") and not cancel(desk, "s-1")
    assert not run_next(desk, tmp_path / "scratch", lambda: NOON)
    assert state(desk, "s-1").state == CANCELLED

    def stop(percent):
        raise Stopped

    with pytest.raises(Stopped):
        run(desk, ASKED, tmp_path / "scratch", NOON, stop)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_does_not_exist_is_refused_at_once(desk):
    for asked in (Asked(version=9), Asked(proposal="nulle-part")):
        with pytest.raises(Invalid):
            start(desk, asked, id="s-1", by="anne", at=NOON)
    assert rows(desk, simulations) == []


def test_a_simulation_has_no_effect_on_the_stores(desk, tmp_path):
    def stores():
        with desk.ledger.reading() as connection:
            dump = "\n".join(connection.connection.driver_connection.iterdump())
        return hashlib.sha256(dump.encode() + (tmp_path / "rules.json").read_bytes()).hexdigest()

    before = stores()
    run(desk, ASKED, tmp_path / "scratch", NOON)
    assert stores() == before
