"""The running service: what it answered is there whatever kills it."""

import threading
import time

import pytest
from sqlalchemy import select

from orders.tables import invoices, orders
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import send, serving
from web.composition import open_house
from web.settings import Settings

KILLS = 10
SENDERS = 4


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


def test_ten_kills_under_load_lose_no_answered_decision(data):
    folder, secret = data
    answered: dict[str, str] = {}
    for round_ in range(KILLS):
        with serving(folder) as server:
            stop = threading.Event()

            def keep_sending(sender, server=server, stop=stop, round_=round_):
                number = 0
                while not stop.is_set():
                    id = f"K-{round_}-{sender}-{number}"
                    try:
                        status, decision = send(server.address, secret, order(id, items=24 - number % 2), id)
                    except OSError:
                        return
                    assert status == 200
                    answered[id] = decision["outcome"]
                    number += 1

            senders = [threading.Thread(target=keep_sending, args=(sender,)) for sender in range(SENDERS)]
            for sender in senders:
                sender.start()
            time.sleep(0.3 + 0.05 * round_)
            server.kill()
            stop.set()
            for sender in senders:
                sender.join()
    assert len(answered) >= KILLS
    kept, numbers, invoiced = what_is_kept(folder)
    assert {id: kept.get(id) for id in answered} == answered
    assert numbers == list(range(1, len(numbers) + 1))
    assert invoiced == {id for id, state in kept.items() if state == "accepted"}


def what_is_kept(folder):
    """Each order's state, the invoices' sequences in order, and which orders have an invoice."""
    house = open_house(Settings.from_env({}, folder))
    with house.desk.ledger.reading() as connection:
        kept = dict(connection.execute(select(orders.c.order_id, orders.c.state)).all())
        numbers = connection.execute(select(invoices.c.sequence).order_by(invoices.c.sequence)).scalars().all()
        invoiced = set(
            connection.execute(select(orders.c.order_id).join(invoices, invoices.c.order_key == orders.c.key)).scalars()
        )
    house.close()
    return kept, list(numbers), invoiced
