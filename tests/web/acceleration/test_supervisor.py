"""The writer process as a server has it: a real process, with which and without which orders are taken in alike."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from houblon.orders.handling.order_writer import InProcessWriter
from houblon.orders.intake.decode import read_order
from houblon.orders.intake.incoming import incoming_of
from houblon.web.acceleration.supervisor import LOAD, WriterProcess
from houblon.web.foundation.settings import BadSetting, Settings
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
def process(place):
    """A writer process on the house's own folder, gone at the end."""
    clock = Clock()
    process = WriterProcess(place.house.settings, clock)
    process.clock = clock
    yield process
    process.end()


def call(place, number):
    body = json.dumps(order(f"PO-{number}")).encode()
    return incoming_of(body, read_order(body), source="essai", at=place.house.now(), webhook_id=f"m-{number}")


def test_unless_a_server_puts_one_there_this_process_writes(place):
    assert isinstance(place.house.writer, InProcessWriter) and not place.house.writer.is_busy


def test_one_setting_turns_it_off_and_takes_nothing_but_yes_or_no(tmp_path):
    unset, yes, no = (
        Settings.from_env(environ, tmp_path)
        for environ in ({}, {"HOUBLON_ACCELERATION": "yes"}, {"HOUBLON_ACCELERATION": "no"})
    )
    assert unset.acceleration and yes.acceleration and not no.acceleration
    assert yes.may_have_writer_process and not no.may_have_writer_process
    for word in ("maybe", "0", "false", "off", "n o"):
        with pytest.raises(BadSetting, match="HOUBLON_ACCELERATION"):
            Settings.from_env({"HOUBLON_ACCELERATION": word}, tmp_path)


def test_a_process_takes_orders_in_by_the_rules_in_force(place, process):
    assert process.ask(call(place, 1)) is None
    process.begin()
    until(lambda: process.is_apart)
    taken = process.ask(call(place, 1))
    decided = place.house.services.policies.live(place.house.now())
    assert (taken.outcome, taken.version, taken.replayed) == ("accepted", decided.version.number, False)
    # What it recorded is what this process finds, and answers for.
    again = place.send(order("PO-1"), "m-1")
    assert again.json == json.loads(taken.document) and again.headers["Idempotent-Replay"] == "true"


def test_it_takes_the_settings_that_the_server_found_in_files(place, process, tmp_path, monkeypatch):
    kept = tmp_path / "url"
    kept.write_text(place.house.settings.database_url)
    monkeypatch.setenv("HOUBLON_DATABASE_URL_FILE", str(kept))
    process.begin()
    until(lambda: process.is_apart)
    assert process.ask(call(place, 1)).outcome == "accepted"


def test_threads_that_come_and_go_are_all_answered(place, process):
    process.begin()
    until(lambda: process.is_apart)
    taken = []
    for number in range(3 * place.house.settings.threads):
        asking = threading.Thread(target=lambda number=number: taken.append(process.ask(call(place, number))))
        asking.start()
        asking.join(30)
    assert None not in taken and len(taken) == 3 * place.house.settings.threads


def test_many_threads_ask_at_once(place, process):
    process.begin()
    until(lambda: process.is_apart)
    answers = {}

    def ask(number):
        for turn in range(5):
            answers[number, turn] = process.ask(call(place, f"{number}-{turn}"))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(30)
    assert {taken.order_id for taken in answers.values()} == {f"PO-{n}-{t}" for n in range(8) for t in range(5)}


def test_when_it_is_killed_the_server_does_without_and_later_begins_another(place, process):
    process.begin()
    until(lambda: process.is_apart)
    assert process.ask(call(place, 1)) is not None
    os.kill(process.process.pid, signal.SIGKILL)
    assert process.ask(call(place, 2)) is None
    until(lambda: not process.is_apart)
    process.begin()  # not at once: one that can't live must not be begun all the time
    assert not process.is_apart
    process.clock.now += 60
    process.begin()
    until(lambda: process.is_apart)
    assert process.ask(call(place, 2)) is not None


def test_one_that_hangs_is_ended_and_the_server_does_without(place, process, monkeypatch):
    monkeypatch.setattr("houblon.web.acceleration.supervisor._PATIENCE", 1.0)
    process.begin()
    until(lambda: process.is_apart)
    with place.house.services.ledger.write_engine.begin():  # while somebody writes, it waits
        assert process.ask(call(place, 1)) is None
        until(lambda: not process.is_apart, 10)
    assert place.send(order("PO-1"), "m-1").status_code == 200


def test_a_module_that_lies_where_the_server_was_begun_is_none_of_its_own(place, process, tmp_path, monkeypatch):
    (tmp_path / "msgspec.py").write_text("raise SystemExit('not of the house')")
    monkeypatch.chdir(tmp_path)
    process.begin()
    until(lambda: process.is_apart)
    assert process.ask(call(place, 1)).outcome == "accepted"


def test_it_ends_without_a_word_where_the_server_is_gone_before_it_is_ready(place):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        begun = subprocess.Popen(
            [sys.executable, "-m", "houblon.web.acceleration.writer_process", str(theirs.fileno())],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "HOUBLON_DATA": str(place.house.settings.data)},
        )
    ours.close()
    begun.stdout.close()
    assert begun.stderr.read() == b"" and begun.wait(30) == 0
    begun.stderr.close()


def test_mail_gives_way_while_many_ask_and_not_for_one_after_the_other(place, process):
    process.begin()
    until(lambda: process.is_apart)
    process.ask(call(place, 1))
    assert not process.is_busy
    with place.house.services.ledger.write_engine.begin():  # while somebody writes, calls gather
        asking = [threading.Thread(target=process.ask, args=(call(place, number),)) for number in range(2, 2 + LOAD)]
        for each in asking[1:]:
            each.start()
        time.sleep(0.2)
        assert not process.is_busy
        asking[0].start()
        until(lambda: process.is_busy)
    for each in asking:
        each.join(30)
    assert not process.is_busy
