"""Simulations are kept for a while; what an approval names and what an open draft is tried by, for good."""

import threading
from datetime import timedelta

import pytest

from houblon.rules.model.statements import Edit
from houblon.rules.publishing.drafts import begin
from houblon.rules.publishing.proposals import approve, discard, take_up
from houblon.rules.publishing.publish import publish_proposal
from houblon.simulation.files.upload import receive
from houblon.simulation.jobs import retention
from houblon.simulation.jobs.jobs import FOLDER, recent, start, status
from houblon.simulation.jobs.retention import DAYS, prune
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.jobs.worker import run_next, work_for_ever
from tests.clock import NOW
from tests.orders.desks import make_desk, publish_groups, send, tous

ASKED = Asked(version=2, against=1)


@pytest.fixture
def desk(tmp_path):
    made = make_desk(tmp_path)
    publish_groups(made.policies.store, tous(acceptance_minimum_items=6), at=NOW)
    yield made
    made.ledger.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / FOLDER


def simulated(desk, folder, id, asked=ASKED, at=NOW):
    start(desk, asked, id=id, by="anne", at=at)
    assert run_next(desk, folder, lambda: at)


def kept(desk):
    with desk.ledger.reading() as connection:
        return [row.id for row in recent(connection, 100)]


def draft(desk, name, minimum):
    edits = [Edit("group", "tous", tous(acceptance_minimum_items=minimum))]
    return begin(desk.policies.store, name, by="anne", at=NOW, edits=edits)


def test_what_is_old_goes_with_its_files_and_what_waits_stays(desk, folder):
    simulated(desk, folder, "ancienne")
    receive([b"commande;valeur\nA;1\n"], "mai.csv", folder / "ancienne", by="anne", at=NOW)
    simulated(desk, folder, "recente", at=NOW + timedelta(days=1))
    start(desk, ASKED, id="attend", by="anne", at=NOW)
    assert prune(desk, folder, NOW + timedelta(days=DAYS)) == 0
    assert prune(desk, folder, NOW + timedelta(days=DAYS, seconds=1)) == 1
    assert kept(desk) == ["recente", "attend"]
    assert not (folder / "ancienne").exists()


def test_one_that_waited_long_is_kept_as_long_as_any_other(desk, folder):
    start(desk, ASKED, id="attendait", by="anne", at=NOW)
    later = NOW + timedelta(days=2 * DAYS)
    assert run_next(desk, folder, lambda: later)
    assert prune(desk, folder, later) == 0


def test_of_the_others_only_the_newest_are_kept(desk, folder, monkeypatch):
    monkeypatch.setattr(retention, "MOST", 2)
    for number in range(4):
        simulated(desk, folder, f"s-{number}", at=NOW + timedelta(minutes=number))
    assert prune(desk, folder, NOW + timedelta(hours=1)) == 2
    assert kept(desk) == ["s-3", "s-2"]


def test_what_tries_an_open_draft_stays_until_it_is_put_aside(desk, folder):
    store, later = desk.policies.store, NOW + timedelta(days=2 * DAYS)
    tried = draft(desk, "Douze", 12)
    simulated(desk, folder, "brouillon", Asked(proposal=tried.id))
    assert prune(desk, folder, later) == 0
    discard(store, tried.id, at=NOW)
    take_up(store, tried.id, at=NOW)
    assert prune(desk, folder, later) == 0
    discard(store, tried.id, at=NOW)
    assert prune(desk, folder, later) == 1


def test_what_somebody_approved_by_stays_for_good(desk, folder):
    store, later = desk.policies.store, NOW + timedelta(days=2 * DAYS)
    tried = draft(desk, "Douze", 12)
    simulated(desk, folder, "vue", Asked(proposal=tried.id))
    send(desk)
    simulated(desk, folder, "autre", Asked(proposal=tried.id))
    with desk.ledger.reading() as connection:
        seen = status(connection, "vue").report_hash
    approve(store, tried.id, by="marie", at=NOW, report=seen)
    publish_proposal(store, tried.id, by="marie", at=NOW)
    assert prune(desk, folder, later) == 1
    assert kept(desk) == ["vue"]


def test_the_worker_prunes_when_it_begins(desk, folder):
    simulated(desk, folder, "ancienne")
    bell, over = threading.Event(), threading.Event()
    later = NOW + timedelta(days=2 * DAYS)
    arguments = (lambda: desk, folder, lambda: later, bell, 0.01, lambda: over.is_set() or not kept(desk))
    working = threading.Thread(target=work_for_ever, args=arguments)
    working.start()
    working.join(20)
    over.set()
    bell.set()
    assert kept(desk) == [] and not working.is_alive()
