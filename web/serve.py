"""Runs the server: granian, one process with threads when embedded."""

import os
import socket

from granian import Granian
from granian.constants import Interfaces
from granian.net import SocketHolder

from web.composition import open_house
from web.listening import BACKLOG, listen, name_of
from web.settings import Settings

STOPPING = 5  # seconds that a worker has to end
ADDRESS = "HOUBLON_ADDRESS"  # where the worker process will find itself listening


def serve(settings: Settings, host: str, port: int) -> None:
    """Listen until told to stop; the worker says `listening on …` once it is reached. Raises Invalid.

    No thread is started here: the worker is forked, and a lock that a thread holds at that instant
    would stay locked in it for ever.
    """
    listener = listen(host, port)
    open_house(settings).close()  # fail here, plainly, rather than in the worker
    os.environ["HOUBLON_DATA"] = str(settings.data.absolute())
    os.environ.setdefault("HOUBLON_BASE_URL", f"http://localhost:{listener.getsockname()[1]}")
    os.environ[ADDRESS] = name_of(listener)
    server("web.wsgi:app", listener, settings.threads).serve()


class _Server(Granian):
    """Granian on a socket that is given, where its own would share the port with whoever asks for it."""

    listener: socket.socket

    def _init_shared_socket(self) -> None:
        self._ssp, self._sso = None, self.listener
        self._sfd = self.listener.fileno()
        self._shd = SocketHolder(self._sfd, False, BACKLOG)
        self.listener.set_inheritable(True)


def server(app: str, listener: socket.socket, threads: int) -> Granian:
    """The server of an app, as the product runs its own."""
    made = _Server(
        app,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        respawn_failed_workers=True,
        # Whatever a worker may hang in: what was answered is in the ledger.
        workers_kill_timeout=STOPPING,
        log_enabled=False,
    )
    made.listener = listener
    return made
