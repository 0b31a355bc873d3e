"""Runs the server: granian, one process with threads when embedded."""

import gc
import os
import platform
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]  # imported there, not declared

from houblon.orders.db.migrate import newest_revision
from houblon.orders.db.snapshot import database_file
from houblon.orders.db.soundness import faults_in_file
from houblon.web.app.listening import BACKLOG, listen, name_of
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.file_modes import become_owner, put_right
from houblon.web.foundation.logs import VERSION, configure, remember_log, reopen_log
from houblon.web.foundation.opening import Migrating, address_of, refuse_damage
from houblon.web.foundation.setting_table import FROM_FILE
from houblon.web.foundation.settings import Settings, warnings
from houblon.web.limits import sizes

log = structlog.get_logger("houblon.server")

if TYPE_CHECKING:
    from granian.server import MPServer as Granian  # what it is where Python has its lock
else:
    from granian import Granian

LOOK = 1.0  # seconds that a start may take to look for damage in the database; `houblon check` looks at all of it
STOPPING = 5  # seconds that a worker has to end
ADDRESS = "HOUBLON_ADDRESS"  # where the worker process will find itself listening


def serve(settings: Settings, host: str, port: int, while_running: bool = False) -> None:
    """Listen until told to stop; the worker says `listening on …` once it is reached. Raises Invalid.

    No thread is started here: the worker is forked, and a lock that a thread holds at that instant
    would stay locked in it for ever. For the same reason the log is not paced here.
    """
    listener = listen(host, port)
    become_owner(settings.data)
    # Fail here, plainly, rather than in the worker.
    found = prepare(settings, Migrating.BESIDE_OTHERS if while_running else Migrating.ALONE)
    remember_log()
    configure(stream=sys.stderr.buffer, for_good=False)
    log.info("start", **beginning(settings))
    for line in (*warnings(os.environ), *found):
        log.warning(line)
    # The worker reads its settings as any process does: each from its name or from a file, and not both.
    os.environ["HOUBLON_DATA"] = str(settings.data.absolute())
    os.environ.pop(f"HOUBLON_DATA{FROM_FILE}", None)
    if f"HOUBLON_BASE_URL{FROM_FILE}" not in os.environ:
        os.environ.setdefault("HOUBLON_BASE_URL", f"http://localhost:{listener.getsockname()[1]}")
    os.environ[ADDRESS] = name_of(listener)
    gc.disable()  # the worker, which is a copy of this process, loads the app first
    server("houblon.web.app.wsgi:served", listener).serve()


def prepare(settings: Settings, migrating: Migrating = Migrating.ALONE) -> list[str]:
    """Open the installation once, and put right what can be put right without losing anything: a sentence for each.

    Raises what opening it raises, and Invalid where the database is damaged as far as a short look shows.
    """
    found = []
    with closing(open_house(settings, migrating=migrating)) as house:
        harm = house.store.storage.mend()
    if harm is not None:
        found.append(f"{harm}: both are whole again")
    database = database_file(settings.database_url)
    if database is not None:
        refuse_damage(settings, faults_in_file(database, LOOK))
    right, refused = put_right(settings)
    if right:
        found.append(
            f"{right} files and folders of {settings.data} were open to others: they are their owner's alone now"
        )
    if refused:
        found.append(
            f"{len(refused)} are open to others and somebody else's, {refused[0]} among them: change their mode"
        )
    return found


def beginning(settings: Settings) -> dict[str, object]:
    """What the first line of a log says: which Houblon, on what, and the settings in force, without secrets."""
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "ledger": address_of(settings),
        "revision": newest_revision(),
        "settings": {each.setting.name: each.shown for each in settings.in_force},
        "set_by": {each.setting.name: each.origin for each in settings.in_force if each.text is not None},
    }


class _Server(Granian):
    """Granian on a socket that is given, where its own would share the port with whoever asks for it."""

    listener: socket.socket
    # Granian says no more of these than that they begin as None.
    _sfd: Any
    _shd: Any

    def signal_handler_reload(self, *arguments: Any, **named: Any) -> None:
        """SIGHUP: the log was rotated, as the other processes find out by themselves. Granian would begin its worker
        anew, for nothing."""
        reopen_log()

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
