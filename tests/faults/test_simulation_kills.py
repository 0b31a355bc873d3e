"""kill -9 of the running service in the middle of a simulation: the next one ends it, or says that it did not."""

import time

import pytest
from sqlalchemy import text

from houblon.simulation.jobs.jobs import DONE, FAILED, FOLDER, RUNNING, result, start, status
from houblon.simulation.jobs.simulation import SCRATCH, Asked, simulate
from tests.clock import real
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import Server, free_port

ORDERS = 40_000  # enough that a simulation of them takes seconds
ASKED = Asked(version=1, against=2)


@pytest.fixture
def past(template, tmp_path):
    """An installation with many orders and a simulation that waits."""
    folder, password = template
    place = open_place(copy_of(folder, tmp_path / "data"), password)
    for number, items in enumerate((12, 24, 240)):
        assert place.send(order(f"PO-{number}", items), f"essai-{number}").status_code == 200
    place.house.services.ledger.write(lambda connection: connection.execute(_REPEATED, {"count": ORDERS}) and None)
    start(place.house.services, ASKED, id="s-1", by="anne", at=real())
    yield tmp_path / "data", place.house.services
    place.house.close()


_REPEATED = text(
    "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < :count) "
    "INSERT INTO orders (source, order_id, retailer_id, state, body, content_hash, order_value, item_count, placed_at, "
    "received_at) SELECT source, order_id || '-' || n, retailer_id, state, body, content_hash, order_value, "
    "item_count, placed_at, received_at FROM orders JOIN copies ON copies.n % 3 = orders.key % 3"
)


@pytest.mark.parametrize(("kills", "then"), [(1, DONE), (2, FAILED)])
def test_a_simulation_in_the_middle_of_a_kill_is_ended_by_the_next_server_or_has_failed(past, kills, then):
    data, services = past
    for attempt in range(1, kills + 1):
        _kill_in_the_middle(data, services, attempt)
        assert list((data / FOLDER).glob(f"{SCRATCH}*")), "it was not in the middle of its sheet"
    server = Server(data, free_port())
    try:
        _until(lambda: _job(services).state in (DONE, FAILED))
        _until(lambda: not list((data / FOLDER).glob(f"{SCRATCH}*")))
    finally:
        server.kill()
    assert _job(services).state == then
    with services.ledger.reading() as connection:
        found = result(connection, "s-1")
    if then == FAILED:
        assert found is None and "s’est arrêté deux fois" in _job(services).error[0]["message"]["fr"]
    else:
        assert found == simulate(services, ASKED, data / "ailleurs", real())
        assert found["orders"] == ORDERS + 3


def _kill_in_the_middle(data, services, attempt):
    server = Server(data, free_port())
    try:
        assert server.said.startswith("listening on")
        _until(lambda: _job(services).attempts == attempt and _job(services).progress >= 5)
    finally:
        server.kill()
    assert _job(services).state == RUNNING


def _job(services):
    with services.ledger.reading() as connection:
        return status(connection, "s-1")


def _until(answer, seconds=60):
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end
        time.sleep(0.02)
