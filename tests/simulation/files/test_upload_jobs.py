"""Simulations of uploaded files: kept while they wait, taken up again, cleared away; readings remembered."""

from datetime import timedelta

import msgspec
import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db.tables import file_readings, simulations
from houblon.orders.retailers.cards import Card, add_retailer
from houblon.orders.retailers.memberships import set_memberships
from houblon.simulation.files.reading import Reading, forget, guess_reading, remember, remembered
from houblon.simulation.files.source import clear_away, reading_of
from houblon.simulation.files.upload import open_upload
from houblon.simulation.jobs.jobs import DONE, FAILED, PENDING, cancel, has_ended, result, start, status
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.jobs.simulation import simulate as run
from houblon.simulation.jobs.worker import run_next, take_up_again
from tests.clock import NOW
from tests.orders.services import BAD_PAYERS, make_services, publish_groups, rows, tous
from tests.simulation.files.files import read

FILE = """commande;client;groupe;date;articles;valeur
A;Chez Anne;;2021-05-12;6;240,00
B;chez anne;;2021-05-13;30;500,00
C;Bar;Payeurs à risque;2021-06-14;30;500,00
D;Bar;Nulle part;2021-05-15;30;500,00
""".encode()


@pytest.fixture
def services(tmp_path):
    made = make_services(tmp_path, BAD_PAYERS)
    made.ledger.write(lambda connection: add_retailer(connection, Card("anne-1", "Chez Anne"), NOW))
    publish_groups(made.policies.store, tous(acceptance_minimum_items=6), at=NOW)
    yield made
    made.ledger.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "simulations"


def begin(services, folder, id="f-1", body=FILE):
    upload = read(body, folder / id, "mai.csv")
    asked = Asked(version=2, against=1, reading=reading_of(services, upload, folder / id, NOW), file=upload.name)
    start(services, asked, id=id, by="anne", at=NOW)
    return asked


def state(services, id="f-1"):
    with services.ledger.reading() as connection:
        return status(connection, id)


def tidy(services, folder, at=NOW):
    clear_away(folder, lambda id: has_ended(services, id), at)


def test_a_file_is_simulated_with_its_faults_told_and_then_gone(services, folder):
    services.ledger.write(lambda connection: set_memberships(connection, {"anne-1": ("payeurs-a-risque",)}, NOW))
    begin(services, folder)
    tidy(services, folder, NOW + timedelta(days=2))
    assert open_upload(folder / "f-1") is not None, "a file that waits for its turn stays"
    assert run_next(services, folder, lambda: NOW) and state(services).state == DONE
    with services.ledger.reading() as connection:
        document = result(connection, "f-1")
    source = document["source"]
    assert (source["kind"], source["name"], source["rows"], source["orders"], source["faulty_rows"]) == (
        *("file", "mai.csv"),
        *(4, 3, 1),
    )
    [fault] = source["faults"]
    assert (fault["row"], fault["column"], fault["pointer"]) == (5, "groupe", "/rows/5/groupe")
    assert document["orders"] == 3 and document["automation"]["after"]["orders"] == 0, "the groups kept here count"
    tidy(services, folder)
    assert not (folder / "f-1").exists()


def test_a_file_survives_a_server_that_stopped(services, folder):
    begin(services, folder)
    services.ledger.write(lambda c: c.execute(simulations.update().values(state="running", progress=40)) and None)
    take_up_again(services, NOW)
    assert state(services).state == PENDING and run_next(services, folder, lambda: NOW)
    assert (state(services).state, state(services).summary["gained"]["orders"]) == (DONE, 1)


def test_a_file_that_is_gone_or_says_nothing_fails_with_a_sentence(services, folder):
    begin(services, folder, "f-1")
    for each in (folder / "f-1").iterdir():
        each.unlink()
    begin(services, folder, "f-2", FILE.replace(b"2021", b"hier"))
    while run_next(services, folder, lambda: NOW):
        pass
    assert (state(services).state, state(services).error[0]["code"]) == (FAILED, "gone")
    assert state(services, "f-2").state == FAILED
    assert [each["pointer"] for each in state(services, "f-2").error][:2] == ["/rows/2/date", "/rows/3/date"]


def test_a_file_that_became_no_simulation_is_kept_an_hour_and_a_cancelled_one_no_longer(services, folder):
    read(FILE, folder / "looked-at")
    begin(services, folder)
    assert cancel(services, "f-1")
    tidy(services, folder, NOW + timedelta(minutes=59))
    assert [each.name for each in folder.iterdir()] == ["looked-at"]
    tidy(services, folder, NOW + timedelta(hours=1))
    assert list(folder.iterdir()) == []


def test_a_period_takes_orders_by_the_day_they_were_placed(services, folder):
    asked = begin(services, folder)
    june = msgspec.structs.replace(asked, since=NOW + timedelta(days=20))
    document = run(services, june, folder, NOW, upload=folder / "f-1")
    assert (document["orders"], document["source"]["orders"]) == (1, 3)
    assert document["source"]["from"] == "2021-06-02T02:17:41.123457+00:00"


def test_a_reading_is_remembered_for_the_same_headers_and_forgotten(services, folder):
    upload = read(FILE, folder / "a")
    guessed = guess_reading(upload, folder / "a", ("payeurs a risque",))
    other = msgspec.structs.replace(guessed, days="mdy")
    services.ledger.write(lambda connection: remember(connection, upload, other, by="anne", at=NOW))
    again = read(FILE.replace(b"commande;", b"Commande ;").replace(b"240", b"250"), folder / "b")
    wider = read(FILE.replace(b"commande;", b"commande;autre;"), folder / "c")
    assert reading_of(services, again, folder / "b", NOW) == other
    assert reading_of(services, wider, folder / "c", NOW).days == "dmy"
    services.ledger.write(lambda connection: remember(connection, upload, Reading(("inconnu",) * 6), by="anne", at=NOW))
    with services.ledger.reading() as connection:
        assert remembered(connection, upload) is None, "a meaning that is no longer known"
    services.ledger.write(lambda connection: forget(connection, upload))
    assert rows(services, file_readings) == []


def test_what_is_asked_of_no_file_is_refused(services, folder):
    with pytest.raises(Invalid):
        run(services, Asked(version=2, reading=Reading(())), folder, NOW)
