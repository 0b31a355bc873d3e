"""A process that decides again what is due, until it is killed; each line that it prints is a piece that it begins."""

import sys
import threading
import time
from pathlib import Path

from houblon.orders.waiting.work import decide_due
from tests.orders.services import later, open_services


def main(folder: str, url: str) -> None:
    services = open_services(Path(folder), url)

    def work() -> None:
        while True:
            decide_due(services, lambda: later(hours=2), lambda: print("piece\n", end="", flush=True))
            time.sleep(0.01)

    # Two at once, as two servers would.
    threading.Thread(target=work, daemon=True).start()
    work()


if __name__ == "__main__":
    main(*sys.argv[1:])
