"""A process that takes orders in from several threads until it is killed; each line it prints is an answer given."""

import sys
import threading
from pathlib import Path

from sqlalchemy import select

from houblon.orders.db.tables import orders
from houblon.orders.handling import review
from houblon.orders.services import Services
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

    for thread in range(THREADS):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    threading.Event().wait()


def key_of(services: Services, id: str) -> int:
    with services.ledger.reading() as connection:
        return connection.execute(select(orders.c.key).where(orders.c.order_id == id)).scalar_one()


if __name__ == "__main__":
    main(*sys.argv[1:])
