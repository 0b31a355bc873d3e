"""The running service; what kills do to it is in tests/faults."""

import http.client
import json
import threading
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from houblon.orders.db.migrate import newest_revision
from houblon.web.app.serve import STOPPING
from houblon.web.foundation.setting_table import TABLE
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import send, serving


@pytest.fixture
def data(template, tmp_path):
    folder, password = template
    copied = copy_of(folder, tmp_path / "data")
    place = open_place(copied, password)
    place.house.close()
    return copied, place.secret


def test_it_serves_what_files_name(data, tmp_path):
    folder, _ = data
    files = {"HOUBLON_DATA_FILE": str(folder), "HOUBLON_BASE_URL_FILE": "http://brasserie.example"}
    for name, said in files.items():
        (tmp_path / name).write_text(said)
    with serving(folder, {name: str(tmp_path / name) for name in files}) as server:
        assert "listening" in server.said
        assert urllib.request.urlopen(f"{server.address}/readyz", timeout=10).status == 200


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


def test_the_first_line_of_the_log_says_what_runs_on_what_and_how_and_every_line_is_json(data, tmp_path):
    folder, _ = data
    log = tmp_path / "log"
    environment = {"HOUBLON_TRUSTED_PROXY": "1", "HOUBLON_SMTP_URL": "smtp://moi:tres-secret@127.0.0.1:1"}
    with serving(folder, environment, log):
        first, *others = map(json.loads, log.read_text().splitlines())
    assert (first["event"], first["version"], first["revision"]) == ("start", version("houblon"), newest_revision())
    assert first["ledger"] and set(first["settings"]) == {each.name for each in TABLE}
    assert first["settings"]["HOUBLON_SMTP_URL"] == "smtp://moi:***@127.0.0.1:1"
    assert first["set_by"]["HOUBLON_SMTP_URL"] == "environment" and "tres-secret" not in log.read_text()
    assert any("HOUBLON_TRUSTED_PROXIES" in each["event"] for each in others if each["level"] == "warning")


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="this system does not say which file a process writes to"
)
def test_a_log_that_is_rotated_goes_on_in_the_new_file_at_a_hang_up_and_nothing_ends(data, tmp_path):
    folder, _ = data
    log, earlier = tmp_path / "log", tmp_path / "log.1"
    with serving(folder, log=log) as server:
        log.rename(earlier)
        kept = earlier.read_text()
        server.hang_up()
        urllib.request.urlopen(f"{server.address}/connexion").close()
        deadline = time.monotonic() + 20
        while "/connexion" not in (log.read_text() if log.exists() else "") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "/connexion" in log.read_text() and "/connexion" not in earlier.read_text()
        assert kept in earlier.read_text() and log.stat().st_mode & 0o077 == 0
        assert server.stop() == 0
