"""Runs the server: granian, one process with threads when embedded."""

import os
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]  # imported there, not declared

from houblon.orders.db.snapshot import database_file
from houblon.orders.db.soundness import faults_in_file
from houblon.web.app.listening import BACKLOG, listen, name_of
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.file_modes import put_right
from houblon.web.foundation.opening import refuse_damage
from houblon.web.foundation.settings import Settings
from houblon.web.limits import sizes

if TYPE_CHECKING:
    from granian.server import MPServer as Granian  # what it is where Python has its lock
else:
    from granian import Granian

LOOK = 1.0  # seconds that a start may take to look for damage in the database; `houblon check` looks at all of it
STOPPING = 5  # seconds that a worker has to end
ADDRESS = "HOUBLON_ADDRESS"  # where the worker process will find itself listening


def serve(settings: Settings, host: str, port: int) -> None:
    """Listen until told to stop; the worker says `listening on …` once it is reached. Raises Invalid.

    No thread is started here: the worker is forked, and a lock that a thread holds at that instant
    would stay locked in it for ever.
    """
    listener = listen(host, port)
    prepare(settings)  # fail here, plainly, rather than in the worker
    os.environ["HOUBLON_DATA"] = str(settings.data.absolute())
    os.environ.setdefault("HOUBLON_BASE_URL", f"http://localhost:{listener.getsockname()[1]}")
    os.environ[ADDRESS] = name_of(listener)
    server("houblon.web.app.wsgi:served", listener).serve()


def prepare(settings: Settings) -> None:
    """Open the installation once, put right what can be put right without losing anything, and say so.

    Raises what opening it raises, and Invalid where the database is damaged as far as a short look shows.
    """
    with closing(open_house(settings)) as house:
        harm = house.store.storage.mend()
    if harm is not None:
        _print_line(f"{harm}: both are whole again")
    database = database_file(settings.database_url)
    if database is not None:
        refuse_damage(settings, faults_in_file(database, LOOK))
    right, refused = put_right(settings)
    if right:
        _print_line(
            f"{right} files and folders of {settings.data} were open to others: they are their owner's alone now"
        )
    if refused:
        _print_line(
            f"{len(refused)} are open to others and somebody else's, {refused[0]} among them: change their mode"
        )


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Server(Granian):
    """Granian on a socket that is given, where its own would share the port with whoever asks for it."""

    listener: socket.socket
    # Granian says no more of these than that they begin as None.
    _sfd: Any
    _shd: Any

    def _init_shared_socket(self) -> None:
        self._ssp, self._sso = None, self.listener
        self._sfd = self.listener.fileno()
        self._shd = SocketHolder(self._sfd, False, BACKLOG)  # type: ignore[call-arg]  # its stub has no __new__
        self.listener.set_inheritable(True)


def server(app: str, listener: socket.socket) -> Granian:
    """The server of a buffered app, as the product runs its own."""
    made = _Server(
        app,
        interface=Interfaces.RSGI,
        workers=1,
        websockets=False,
        # HTTP/2 has ways of its own to hold what is not theirs; a proxy speaks it for those who want it.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=sizes.HEADER_SECONDS * 1_000, max_buffer_size=sizes.HEADERS),
        backpressure=_connections(),
        respawn_failed_workers=True,
        # Whatever a worker may hang in: what was answered is in the ledger.
        workers_kill_timeout=STOPPING,
        log_enabled=False,
    )
    made.listener = listener
    return made


def _connections() -> int:
    """How many connections there may be at once: each is a file, and what answers needs some of those too."""
    try:
        import resource
    except ImportError:  # not on Windows
        return sizes.CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sizes.CONNECTIONS + sizes.FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(soft - sizes.FILES, soft // 4)
    return sizes.CONNECTIONS
