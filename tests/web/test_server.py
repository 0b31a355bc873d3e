"""The running service; what kills do to it is in tests/faults."""

import pytest

from tests.web.houses import copy_of, open_place, order
from tests.web.servers import send, serving
from web.serve import STOPPING


@pytest.fixture
def data(template, tmp_path):
    folder, password = template
    copied = copy_of(folder, tmp_path / "data")
    place = open_place(copied, password)
    place.house.close()
    return copied, place.secret


def test_it_says_where_it_listens_once_it_answers(data):
    folder, secret = data
    with serving(folder) as server:
        port = server.address.rpartition(":")[2]
        assert server.said == f"listening on http://localhost:{port}"
        assert send(server.address, secret, order(), "m-1")[1]["outcome"] == "accepted"


@pytest.mark.parametrize("time", [1, 2])
def test_an_interrupt_from_the_keyboard_ends_all_of_it_at_once(data, time):
    folder, secret = data
    with serving(folder) as server:
        send(server.address, secret, order(), "m-1")
        # A worker that hangs is killed after so long: this one ends by itself.
        assert server.interrupt() < STOPPING
