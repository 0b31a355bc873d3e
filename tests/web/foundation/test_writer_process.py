"""The server's end of the recorder: a real process, with whom and without whom orders are taken in alike."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from houblon.orders.intake.decode import content_hash
from houblon.orders.writer_process.server import Call
from houblon.web.foundation.writer_process import LOAD, Recording
from tests.web.houses import order


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def until(answers, seconds=30.0):
    """Wait until `answers()` says yes."""
    end = time.monotonic() + seconds
    while not answers():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def recording(place):
    """A recorder on the house's own folder, gone at the end."""
    clock = Clock()
    recording = Recording(place.house.settings, clock)
    recording.clock = clock
    yield recording
    recording.end()


def call(place, number):
    body = json.dumps(order(f"PO-{number}")).encode()
    return Call("essai", f"m-{number}", place.house.now(), body, content_hash(body))


def test_without_settings_there_is_never_one(place):
    recording = Recording()
    recording.begin()
    assert not recording.is_there and recording.ask(call(place, 1)) is None


def test_a_process_takes_orders_in_by_the_rules_in_force(place, recording):
    assert recording.ask(call(place, 1)) is None
    recording.begin()
    until(lambda: recording.is_there)
    taken = recording.ask(call(place, 1))
    decided = place.house.services.policies.live(place.house.now())
    assert (taken.outcome, taken.version, taken.replayed) == ("accepted", decided.version.number, False)
    # What it recorded is what this process finds, and answers for.
    again = place.send(order("PO-1"), "m-1")
    assert again.json == json.loads(taken.document) and again.headers["Idempotent-Replay"] == "true"


def test_it_takes_the_settings_that_the_server_found_in_files(place, recording, tmp_path, monkeypatch):
    kept = tmp_path / "url"
    kept.write_text(place.house.settings.database_url)
    monkeypatch.setenv("HOUBLON_DATABASE_URL_FILE", str(kept))
    recording.begin()
    until(lambda: recording.is_there)
    assert recording.ask(call(place, 1)).outcome == "accepted"


def test_threads_that_come_and_go_are_all_answered(place, recording):
    recording.begin()
    until(lambda: recording.is_there)
    taken = []
    for number in range(3 * place.house.settings.threads):
        asking = threading.Thread(target=lambda number=number: taken.append(recording.ask(call(place, number))))
        asking.start()
        asking.join(30)
    assert None not in taken and len(taken) == 3 * place.house.settings.threads


def test_many_threads_ask_at_once(place, recording):
    recording.begin()
    until(lambda: recording.is_there)
    answers = {}

    def ask(number):
        for turn in range(5):
            answers[number, turn] = recording.ask(call(place, f"{number}-{turn}"))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(30)
    assert {taken.order_id for taken in answers.values()} == {f"PO-{n}-{t}" for n in range(8) for t in range(5)}


def test_when_it_is_killed_the_server_does_without_and_later_begins_another(place, recording):
    recording.begin()
    until(lambda: recording.is_there)
    assert recording.ask(call(place, 1)) is not None
    os.kill(recording.process.pid, signal.SIGKILL)
    assert recording.ask(call(place, 2)) is None
    until(lambda: not recording.is_there)
    recording.begin()  # not at once: one that can't live must not be begun all the time
    assert not recording.is_there
    recording.clock.now += 60
    recording.begin()
    until(lambda: recording.is_there)
    assert recording.ask(call(place, 2)) is not None


def test_one_that_hangs_is_ended_and_the_server_does_without(place, recording, monkeypatch):
    monkeypatch.setattr("houblon.web.foundation.writer_process._PATIENCE", 1.0)
    recording.begin()
    until(lambda: recording.is_there)
    with place.house.services.ledger.write_engine.begin():  # while somebody writes, it waits
        assert recording.ask(call(place, 1)) is None
        until(lambda: not recording.is_there, 10)
    assert place.send(order("PO-1"), "m-1").status_code == 200


def test_a_module_that_lies_where_the_server_was_begun_is_none_of_its_own(place, recording, tmp_path, monkeypatch):
    (tmp_path / "msgspec.py").write_text("raise SystemExit('not of the house')")
    monkeypatch.chdir(tmp_path)
    recording.begin()
    until(lambda: recording.is_there)
    assert recording.ask(call(place, 1)).outcome == "accepted"


def test_it_ends_without_a_word_where_the_server_is_gone_before_it_is_ready(place):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        begun = subprocess.Popen(
            [sys.executable, "-m", "houblon.web.app.writer_process", str(theirs.fileno())],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "HOUBLON_DATA": str(place.house.settings.data)},
        )
    ours.close()
    begun.stdout.close()
    assert begun.stderr.read() == b"" and begun.wait(30) == 0
    begun.stderr.close()


def test_mail_gives_way_while_many_ask_and_not_for_one_after_the_other(place, recording):
    recording.begin()
    until(lambda: recording.is_there)
    recording.ask(call(place, 1))
    assert not recording.is_crowded
    with place.house.services.ledger.write_engine.begin():  # while somebody writes, calls gather
        asking = [threading.Thread(target=recording.ask, args=(call(place, number),)) for number in range(2, 2 + LOAD)]
        for each in asking[1:]:
            each.start()
        time.sleep(0.2)
        assert not recording.is_crowded
        asking[0].start()
        until(lambda: recording.is_crowded)
    for each in asking:
        each.join(30)
    assert not recording.is_crowded
