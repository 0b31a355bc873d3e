"""What the server runs: the app of the environment's settings, and its outbox worker."""

import logging
import os
import threading
import time

from orders.outbox import deliver_due
from web import create_app
from web.composition import House, open_house
from web.settings import Settings

log = logging.getLogger("houblon.outbox")
IDLE = 1.0  # seconds between looks at an empty outbox


def _deliver_for_ever(house: House) -> None:
    while True:
        try:
            tried = deliver_due(house.desk.ledger, house.transport, house.now())
        except Exception:
            log.exception("the outbox could not be read; trying again")
            tried = 0
        if not tried:
            time.sleep(IDLE)


logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
_house = open_house(Settings.from_env(os.environ))
app = create_app(_house)
threading.Thread(target=_deliver_for_ever, args=(_house,), name="outbox", daemon=True).start()
