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
from houblon.simulation.jobs.worker import run_forever, run_next
from tests.clock import NOW
from tests.orders.services import make_services, publish_groups, send, tous

ASKED = Asked(version=2, against=1)


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path)
    publish_groups(made.policies.store, tous(acceptance_minimum_items=6), at=NOW)
    yield made
    made.ledger.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / FOLDER


def simulated(services, folder, id, asked=ASKED, at=NOW):
    start(services, asked, id=id, by="anne", at=at)
    assert run_next(services, folder, lambda: at)


def kept(services):
    with services.ledger.reading() as connection:
        return [row.id for row in recent(connection, 100)]


def draft(services, name, minimum):
    edits = [Edit("group", "tous", tous(acceptance_minimum_items=minimum))]
    return begin(services.policies.store, name, by="anne", at=NOW, edits=edits)


def test_what_is_old_goes_with_its_files_and_what_waits_stays(services, folder):
    simulated(services, folder, "ancienne")
    receive([b"commande;valeur\nA;1\n"], "mai.csv", folder / "ancienne", by="anne", at=NOW)
    simulated(services, folder, "recente", at=NOW + timedelta(days=1))
    start(services, ASKED, id="attend", by="anne", at=NOW)
    assert prune(services, folder, NOW + timedelta(days=DAYS)) == 0
    assert prune(services, folder, NOW + timedelta(days=DAYS, seconds=1)) == 1
    assert kept(services) == ["recente", "attend"]
    assert not (folder / "ancienne").exists()


def test_one_that_waited_long_is_kept_as_long_as_any_other(services, folder):
    start(services, ASKED, id="attendait", by="anne", at=NOW)
    later = NOW + timedelta(days=2 * DAYS)
    assert run_next(services, folder, lambda: later)
    assert prune(services, folder, later) == 0


def test_of_the_others_only_the_newest_are_kept(services, folder, monkeypatch):
    monkeypatch.setattr(retention, "MOST", 2)
    for number in range(4):
        simulated(services, folder, f"s-{number}", at=NOW + timedelta(minutes=number))
    assert prune(services, folder, NOW + timedelta(hours=1)) == 2
    assert kept(services) == ["s-3", "s-2"]


def test_what_tries_an_open_draft_stays_until_it_is_put_aside(services, folder):
    store, later = services.policies.store, NOW + timedelta(days=2 * DAYS)
    tried = draft(services, "Douze", 12)
    simulated(services, folder, "brouillon", Asked(proposal=tried.id))
    assert prune(services, folder, later) == 0
    discard(store, tried.id, at=NOW)
    take_up(store, tried.id, at=NOW)
    assert prune(services, folder, later) == 0
    discard(store, tried.id, at=NOW)
    assert prune(services, folder, later) == 1


def test_what_somebody_approved_by_stays_for_good(services, folder):
    store, later = services.policies.store, NOW + timedelta(days=2 * DAYS)
    tried = draft(services, "Douze", 12)
    simulated(services, folder, "vue", Asked(proposal=tried.id))
    send(services)
    simulated(services, folder, "autre", Asked(proposal=tried.id))
    with services.ledger.reading() as connection:
        seen = status(connection, "vue").report_hash
    approve(store, tried.id, by="marie", at=NOW, report=seen)
    publish_proposal(store, tried.id, by="marie", at=NOW)
    assert prune(services, folder, later) == 1
    assert kept(services) == ["vue"]


def test_the_worker_prunes_when_it_begins(services, folder):
    simulated(services, folder, "ancienne")
    bell, over = threading.Event(), threading.Event()
    later = NOW + timedelta(days=2 * DAYS)
    arguments = (lambda: services, folder, lambda: later, bell, 0.01, lambda: over.is_set() or not kept(services))
    working = threading.Thread(target=run_forever, args=arguments)
    working.start()
    working.join(20)
    over.set()
    bell.set()
    assert kept(services) == [] and not working.is_alive()
