"""The same events, delivered several times in any order by several clients at once."""

import json
import random
import threading
import time
from pathlib import Path

from sqlalchemy import func, select

from houblon.orders.db.tables import decisions, invoices, orders
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import Settings
from tests.web.houses import order
from tests.web.servers import Server, send

TIMES, CLIENTS = 5, 8


def deliver(server: Server, secret: str, events: range, chance: random.Random) -> dict[int, list[str]]:
    """Every event's answers, each as JSON; a client whose delivery is refused for now sends it again."""
    wanted = [number for number in events for _ in range(TIMES)]
    chance.shuffle(wanted)
    answers: dict[int, list[str]] = {number: [] for number in events}
    failed: list[str] = []

    def client(share: list[int]) -> None:
        for number in share:
            status = 503
            while status == 503:
                try:
                    status, answer = send(
                        server.address, secret, order(f"S-{number}", items=24 - number % 2), f"s-{number}"
                    )
                except OSError as fault:
                    failed.append(f"{number}: {fault}")
                    return
                if status == 503:
                    time.sleep(0.05)
            if status != 200:
                failed.append(f"{number}: {status}")
            answers[number].append(json.dumps(answer, sort_keys=True))

    threads = [threading.Thread(target=client, args=(wanted[each::CLIENTS],)) for each in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:5]
    return answers


def verify(data: Path, answers: dict[int, list[str]]) -> None:
    """One decision an event, one answer for all its deliveries, one invoice for each that was accepted."""
    assert all(len(each) == TIMES and len(set(each)) == 1 for each in answers.values())
    house = open_house(Settings.from_env({}, data))
    with house.services.ledger.reading() as connection:
        for table in (orders, decisions):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == len(answers)
        accepted = connection.execute(select(func.count()).where(orders.c.state == "accepted")).scalar()
        sequences = connection.execute(select(invoices.c.sequence).order_by(invoices.c.sequence)).scalars().all()
    assert list(sequences) == list(range(1, (accepted or 0) + 1))
    house.close()
