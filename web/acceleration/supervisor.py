"""The order writer that a server has: this process, and under load the writer process beside it.

It is begun under load, asked, and done without where it does not answer.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from houblon.orders.handling.order_writer import IngestResult, InProcessWriter
from houblon.orders.intake.incoming import IncomingOrder
from houblon.orders.services import Services
from houblon.web.acceleration.client import Client
from houblon.web.foundation.settings import Settings

log = logging.getLogger("houblon.writer_process")
_PATIENCE = 40.0  # seconds that an answer may take: longer than SQLite waits for its lock
_RETURN = 5.0  # seconds until one that ended may be begun again
# So many orders at once make a process of its own worth it, and let mail wait.
LOAD = 3
_FROM_FILES = ("HOUBLON_DATA_FILE", "HOUBLON_DATABASE_URL_FILE")


class WriterProcess:
    """An `OrderWriter` with a process of its own, from the moment that enough orders come at once.

    Only a server has one, and only where it keeps the ledger itself.
    """

    def __init__(self, settings: Settings, seconds: Callable[[], float] = time.monotonic):
        self._settings, self._seconds = settings, seconds
        self._own = InProcessWriter()
        self._gate = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._is_begun, self._ended_at = False, -_RETURN
        self._client: Client | None = None

    @property
    def is_apart(self) -> bool:
        """Whether there is a process to ask."""
        return self._client is not None

    @property
    def is_busy(self) -> bool:
        """Whether many ask the process at this moment."""
        client = self._client
        return client is not None and client.count >= LOAD

    def ingest(self, services: Services, incoming: IncomingOrder) -> IngestResult:
        result = self.ask(incoming)
        if result is None:
            if services.ledger.waiting >= LOAD:
                self.begin()
            result = self._own.ingest(services, incoming)
        return result

    def ingest_later(self, incoming: IncomingOrder) -> "asyncio.Future[IngestResult | None] | None":
        client = self._client
        if client is None:
            return None
        try:
            return client.ask_later(incoming)
        except OSError:  # it ended, has no room for more, or the order is too long for the socket
            return None

    def begin(self) -> None:
        """Start the process unless it was started, or ended just now; it is there when it says so."""
        with self._gate:
            if self._is_begun or self._seconds() < self._ended_at + _RETURN:
                return
            self._is_begun = True
        threading.Thread(target=self._run, name="writer-process", daemon=True).start()

    def ask(self, incoming: IncomingOrder) -> IngestResult | None:
        """What the process makes of the order; None where it refuses, is not there, or does not answer."""
        client = self._client
        if client is None:
            return None
        try:
            return client.ask(incoming)
        except TimeoutError:
            # It hangs, and who hangs may hold the write lock for which everybody waits: another may be begun.
            self.end()
        except OSError:  # it ended, or the order is too long for the socket
            pass
        return None

    def _end_aside(self) -> None:
        """`end`, which takes a moment, for the event loop, which has none."""
        threading.Thread(target=self.end, name="writer-process-end", daemon=True).start()

    def end(self) -> None:
        """End it now; what it has not answered, it may have recorded."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _run(self) -> None:
        try:
            self._work()
        except OSError:
            log.exception("the writer process could not be started; the server records by itself")
        finally:
            with self._gate:
                self._client, self._is_begun, self._ended_at = None, False, self._seconds()

    def _work(self) -> None:
        """Start the process, and listen to it until it ends. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self.process = process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "houblon.web.acceleration.writer_process", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    pass_fds=[theirs.fileno()],
                    env=_environment(self._settings),
                )
            assert process.stdout is not None
            with contextlib.closing(process.stdout):
                if process.stdout.readline():
                    self._client = Client(ours, _PATIENCE, self._end_aside)
                    self._client.listen()
        process.wait()
        log.warning("the writer process ended with status %s; the server records by itself", process.returncode)


def _environment(settings: Settings) -> dict[str, str]:
    """The server's own, with what its settings found in other ways."""
    environment = {name: value for name, value in os.environ.items() if name not in _FROM_FILES}
    return {**environment, "HOUBLON_DATA": str(settings.data), "HOUBLON_DATABASE_URL": settings.database_url}
