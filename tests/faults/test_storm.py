"""Deliveries repeated in any order by many clients: exactly one decision an event."""

import random

from tests.faults.storm import deliver, verify
from tests.web.houses import copy_of, open_place
from tests.web.servers import serving

EVENTS = 100


def test_events_delivered_five_times_in_random_order_by_eight_clients_make_one_decision_each(template, tmp_path):
    folder, password = template
    data = copy_of(folder, tmp_path / "data")
    place = open_place(data, password)
    place.house.close()
    with serving(data) as server:
        answers = deliver(server, place.secret, EVENTS, random.Random(7))
    verify(data, EVENTS, answers)
