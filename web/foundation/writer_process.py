"""The server's end of the recorder: begins it where orders crowd, asks it, and does without it."""

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from houblon.orders.writer_process.client import Asking
from houblon.orders.writer_process.server import Call, IngestResult
from houblon.web.foundation.settings import Settings

log = logging.getLogger("houblon.recorder")
_PATIENCE = 40.0  # seconds that an answer may take: longer than SQLite waits for its lock
_RETURN = 5.0  # seconds until one that ended may be begun again
# So many orders at once make a process of its own worth it, and let mail wait.
LOAD = 3
_FROM_FILES = ("HOUBLON_DATA_FILE", "HOUBLON_DATABASE_URL_FILE")


class Recording:
    """`ask(call)` from the server's threads; `begin()` where it would help.

    Without settings there is never a recorder: only a server has one, and only where it keeps the ledger itself.
    """

    def __init__(self, settings: Settings | None = None, seconds: Callable[[], float] = time.monotonic):
        self._settings, self._seconds = settings, seconds
        self._gate = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._is_begun, self._ended_at = False, -_RETURN
        self._asking: Asking | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is a recorder to ask."""
        return self._asking is not None

    @property
    def is_crowded(self) -> bool:
        """Whether many ask the recorder at this moment."""
        asking = self._asking
        return asking is not None and asking.count >= LOAD

    def begin(self) -> None:
        """Start the process unless it was started, or ended just now; it is there when it says so."""
        if self._settings is None:
            return
        with self._gate:
            if self._is_begun or self._seconds() < self._ended_at + _RETURN:
                return
            self._is_begun = True
        threading.Thread(target=self._run, args=(self._settings,), name="recorder", daemon=True).start()

    def ask(self, call: Call) -> IngestResult | None:
        """What the recorder makes of the call; None where it refuses, is not there, or does not answer."""
        asking = self._asking
        if asking is None:
            return None
        try:
            return asking.ask(call)
        except TimeoutError:
            # It hangs, and who hangs may hold a turn for which everybody waits: another may be begun.
            self.end()
        except OSError:  # it ended, or the call is too long for the line
            pass
        return None

    def end(self) -> None:
        """End it now; what it has not answered, it may have recorded."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _run(self, settings: Settings) -> None:
        try:
            self._work(settings)
        except OSError:
            log.exception("the recorder could not be started; the server records by itself")
        finally:
            with self._gate:
                self._asking, self._is_begun, self._ended_at = None, False, self._seconds()

    def _work(self, settings: Settings) -> None:
        """Start the process, and listen to it until it ends. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self.process = process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "houblon.web.app.writer_process", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    pass_fds=[theirs.fileno()],
                    env=_environment(settings),
                )
            assert process.stdout is not None
            with contextlib.closing(process.stdout):
                if process.stdout.readline():
                    self._asking = Asking(ours, _PATIENCE)
                    self._asking.listen()
        process.wait()
        log.warning("the recorder ended with status %s; the server records by itself", process.returncode)


def _environment(settings: Settings) -> dict[str, str]:
    """The server's own, with what its settings found in other ways."""
    environment = {name: value for name, value in os.environ.items() if name not in _FROM_FILES}
    return {**environment, "HOUBLON_DATA": str(settings.data), "HOUBLON_DATABASE_URL": settings.database_url}
