"""One worker a destination: a slow or dead one holds up nobody but itself.

A worker is a thread that lives while its destination has something due. There are never more
than a few for the mail server and one an endpoint, whose number is bounded.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from houblon.orders.db.ledger import Ledger
from houblon.orders.events.feed import feed
from houblon.orders.outbox.delivery import BATCH, MAIL, Transport, deliver_due, due_count, due_destinations

log = logging.getLogger("houblon.outbox")
# Who holds a message leased it, so that none is sent by two.
MAIL_WORKERS = 4
TransportOf = Callable[[str], Transport | None]


class Backpressure:
    """A transport that, before each message, lets go first what is more urgent, as `give_way` says."""

    def __init__(self, transport: Transport, wait_for_capacity: Callable[[], None]):
        self._transport, self._wait_for_capacity = transport, wait_for_capacity

    def send(self, id: str, recipient: str, message: Any) -> str | None:
        self._wait_for_capacity()
        return self._transport.send(id, recipient, message)


class DeliveryWorkers:
    """Starts a worker for each destination that has something due and has none, and a few more for much mail.

    `transport_of` gives a destination's transport, None for an endpoint that is told nothing now. Before each
    message `give_way` returns when it may go.
    """

    def __init__(
        self,
        ledger: Ledger,
        transport_of: TransportOf,
        now: Callable[[], datetime],
        wait_for_capacity: Callable[[], None] = lambda: None,
    ):
        self._ledger, self._transport_of, self._now, self._wait_for_capacity = (
            ledger,
            transport_of,
            now,
            wait_for_capacity,
        )
        self._gate = threading.Lock()
        # Those who send to one destination wait for capacity one after the other.
        self._turn = threading.Lock()
        self._busy: dict[str, set[threading.Thread]] = {}
        self._closed = threading.Event()

    def look(self) -> int:
        """Put in the outbox what endpoints have to be told, and start workers where something is due; returns how many."""
        feed(self._ledger, self._now())
        sent = 0
        for destination in due_destinations(self._ledger, self._now()):
            with self._gate:
                busy = self._busy.setdefault(destination, set())
                if self._closed.is_set() or (busy and not self._may_help(destination, len(busy))):
                    continue
                worker = threading.Thread(
                    target=self._run, args=(destination,), name=f"delivery {destination}", daemon=True
                )
                busy.add(worker)
            worker.start()
            sent += 1
        return sent

    def close(self, timeout: float = 30.0) -> None:
        """Let every worker finish what it holds, and start no more."""
        self._closed.set()
        with self._gate:
            left = [worker for busy in self._busy.values() for worker in busy]
        for worker in left:
            worker.join(timeout)

    def _may_help(self, destination: str, busy: int) -> bool:
        """Whether there is so much mail that one worker more has a batch of its own."""
        if destination != MAIL or busy >= MAIL_WORKERS:
            return False
        return due_count(self._ledger, MAIL, self._now(), BATCH * busy + 1) > BATCH * busy

    def _wait(self) -> None:
        with self._turn:
            self._wait_for_capacity()

    def _run(self, destination: str) -> None:
        try:
            while not self._closed.is_set() and self._round(destination):
                pass
        except Exception:
            log.exception("the outbox could not be read for %s; trying again", destination)
        finally:
            with self._gate:
                self._busy[destination].discard(threading.current_thread())

    def _round(self, destination: str) -> int:
        transport = self._transport_of(destination)
        if transport is None:
            return 0
        polite = Backpressure(transport, self._wait)
        return deliver_due(self._ledger, polite, self._now(), destination=destination)
