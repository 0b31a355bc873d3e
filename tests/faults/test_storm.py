"""Deliveries repeated in any order by many clients: exactly one decision an event."""

import contextlib
import os
import random
import signal
import sys
import threading
import time

import pytest

from tests.faults.storm import deliver, verify
from tests.web.houses import copy_of, open_place
from tests.web.servers import serving

EVENTS, MOST = 100, 5_000


def test_events_delivered_five_times_in_random_order_by_eight_clients_make_one_decision_each(template, tmp_path):
    folder, password = template
    data = copy_of(folder, tmp_path / "data")
    place = open_place(data, password)
    place.house.close()
    with serving(data) as server:
        answers = deliver(server, place.secret, range(EVENTS), random.Random(7))
    verify(data, answers)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes where Linux tells of them")
def test_a_writer_process_that_is_killed_in_the_storm_takes_nothing_with_it(template, tmp_path):
    folder, password = template
    data = copy_of(folder, tmp_path / "data")
    place = open_place(data, password)
    place.house.close()
    killed, over, chance = [], threading.Event(), random.Random(11)

    def kill(server):
        while not over.wait(0.02):
            for each in server.writer_processes():
                time.sleep(chance.random() / 2)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
                    killed.append(each)

    with serving(data) as server:
        killing = threading.Thread(target=kill, args=(server,))
        killing.start()
        answers, order = {}, random.Random(7)
        # It goes on until a writer process was killed in it, however fast this machine is, and once more after that.
        while not over.is_set() and len(answers) < MOST:
            if killed:
                over.set()
            answers |= deliver(server, place.secret, range(len(answers), len(answers) + EVENTS), order)
        over.set()
        killing.join()
    verify(data, answers)
    assert killed, f"no writer process was begun by {len(answers)} events"
