"""A process that takes orders in from several threads until it is killed; each line it prints is an answer given, or
a message that an endpoint had."""

import sys
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from houblon.orders.db.tables import orders
from houblon.orders.handling import review
from houblon.orders.outbox.delivery import MAIL
from houblon.orders.outbox.workers import DeliveryWorkers
from houblon.orders.services import Services
from tests.clock import NOW
from tests.orders.services import later, open_services, order_body, send

THREADS = 4


def main(folder: str, run: str, url: str) -> None:
    services = open_services(Path(folder), url)
    said = threading.Lock()

    def say(*words: object) -> None:
        with said:
            print(*words, flush=True)

    def work(thread: int) -> None:
        number = 0
        while True:
            number += 1
            id = f"PO-{run}-{thread}-{number}"
            items = 24 if number % 3 else 12
            outcome = send(services, order_body(id, items), webhook_id=id).document["outcome"]
            say("decided", id, items, outcome)
            if outcome == "held":
                key = key_of(services, id)
                say("accepted", id, items, review.accept(services, key, by="anne", at=later(hours=1)))

    class Receiver:
        def send(self, id: str, recipient: str, message: Any) -> None:
            say("had", id, message["type"], message["data"].get("order_key", 0))

    workers = DeliveryWorkers(
        services.ledger, lambda destination: None if destination == MAIL else Receiver(), lambda: NOW
    )
    for thread in range(THREADS):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    while True:
        workers.look()
        time.sleep(0.01)


def key_of(services: Services, id: str) -> int:
    with services.ledger.reading() as connection:
        return connection.execute(select(orders.c.key).where(orders.c.order_id == id)).scalar_one()


if __name__ == "__main__":
    main(*sys.argv[1:])
