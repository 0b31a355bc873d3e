"""kill -9 of the running service, in short; `python -m bench.faults kills` goes on for longer."""

import random
import sys

from tests.faults.kills import kill_rounds, verify
from tests.web.houses import copy_of, open_place

KILLS = 3


def test_kills_under_webhooks_reviews_and_edits_lose_nothing_that_was_answered(template, tmp_path):
    folder, password = template
    data = copy_of(folder, tmp_path / "data")
    place = open_place(data, password)
    place.house.close()
    answered = kill_rounds(data, place.secret, password, KILLS, random.Random(7))
    verify(data, answered)
    assert len(answered.decisions) >= KILLS
    assert answered.groups or answered.accepted
    assert answered.writer_processes or sys.platform != "linux"
