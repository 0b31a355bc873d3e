"""One courier a destination: a slow or dead one holds up nobody but itself.

A courier is a thread that lives while its destination has something due. There are never more
than the mail server's and one an endpoint, whose number is bounded.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from houblon.orders.db.ledger import Ledger
from houblon.orders.outbox.delivery import Transport, deliver_due, due_destinations

log = logging.getLogger("houblon.outbox")
TransportOf = Callable[[str], Transport | None]


class GivingWay:
    """A transport that, before each message, lets go first what is more urgent, as `give_way` says."""

    def __init__(self, transport: Transport, give_way: Callable[[], None]):
        self._transport, self._give_way = transport, give_way

    def send(self, id: str, recipient: str, message: Any) -> str | None:
        self._give_way()
        return self._transport.send(id, recipient, message)


class Couriers:
    """Starts a courier for each destination that has something due and has none.

    `transport_of` gives a destination's transport, None for an endpoint that is told nothing now. Before each
    message `give_way` returns when it may go.
    """

    def __init__(
        self,
        ledger: Ledger,
        transport_of: TransportOf,
        now: Callable[[], datetime],
        give_way: Callable[[], None] = lambda: None,
    ):
        self._ledger, self._transport_of, self._now, self._give_way = ledger, transport_of, now, give_way
        self._gate = threading.Lock()
        self._busy: dict[str, threading.Thread] = {}
        self._closed = threading.Event()

    def look(self) -> int:
        """Send couriers where something is due; returns how many set out."""
        sent = 0
        for destination in due_destinations(self._ledger, self._now()):
            with self._gate:
                if destination in self._busy or self._closed.is_set():
                    continue
                courier = threading.Thread(
                    target=self._run, args=(destination,), name=f"courier {destination}", daemon=True
                )
                self._busy[destination] = courier
            courier.start()
            sent += 1
        return sent

    def close(self, timeout: float = 30.0) -> None:
        """Let every courier finish what it holds, and send no more."""
        self._closed.set()
        with self._gate:
            left = list(self._busy.values())
        for courier in left:
            courier.join(timeout)

    def _run(self, destination: str) -> None:
        try:
            while not self._closed.is_set() and self._round(destination):
                pass
        except Exception:
            log.exception("the outbox could not be read for %s; trying again", destination)
        finally:
            with self._gate:
                del self._busy[destination]

    def _round(self, destination: str) -> int:
        transport = self._transport_of(destination)
        if transport is None:
            return 0
        polite = GivingWay(transport, self._give_way)
        return deliver_due(self._ledger, polite, self._now(), destination=destination)
