"""The running service; what kills do to it is in tests/faults."""

import http.client
import json
import threading
import time

import pytest

from houblon.web.app.serve import STOPPING
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import send, serving


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
        server.interrupt(patience=STOPPING)


def test_all_that_was_answered_before_it_was_told_to_end_is_in_the_log(template, tmp_path):
    folder = copy_of(template[0], tmp_path / "data")
    place = open_place(folder, template[1])
    place.house.close()
    log, answered = tmp_path / "log", []
    body = json.dumps({"order": order()}).encode()
    with serving(folder, log=log) as server:

        def ask_until_it_ends(caller):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            for number in range(1_000_000):
                id = f"essai-{caller}-{number}"
                headers = {"Authorization": f"Bearer {place.key}", "X-Request-Id": id}
                try:
                    connection.request("POST", "/api/v1/decisions", body, headers)
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    return
                assert answer.status == 200
                answered.append(id)

        callers = [threading.Thread(target=ask_until_it_ends, args=(caller,)) for caller in range(8)]
        for each in callers:
            each.start()
        while len(answered) < 500:
            time.sleep(0.01)
        assert server.stop() == 0
        for each in callers:
            each.join()
    logged = {json.loads(line)["request"] for line in log.read_text().splitlines() if '"request":' in line}
    assert set(answered) - logged == set()
