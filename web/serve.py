"""Runs the server: granian, one process with threads when embedded."""

import os

from granian import Granian
from granian.constants import Interfaces

from web.composition import open_house
from web.settings import Settings

STOPPING = 5  # seconds that a worker has to end
ADDRESS = "HOUBLON_ADDRESS"  # where the worker process will find itself listening


def serve(settings: Settings, host: str, port: int) -> None:
    """Listen until told to stop; the worker says `listening on …` once it is reached.

    No thread is started here: the worker is forked, and a lock that a thread holds at that instant
    would stay locked in it for ever.
    """
    open_house(settings).close()  # fail here, plainly, rather than in the worker
    os.environ["HOUBLON_DATA"] = str(settings.data.absolute())
    os.environ.setdefault("HOUBLON_BASE_URL", f"http://localhost:{port}")
    os.environ[ADDRESS] = f"{host}:{port}"
    server("web.wsgi:app", host, port, settings.threads).serve()


def server(app: str, host: str, port: int, threads: int) -> Granian:
    """The server of an app, as the product runs its own."""
    return Granian(
        app,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        respawn_failed_workers=True,
        # Whatever a worker may hang in: what was answered is in the ledger.
        workers_kill_timeout=STOPPING,
        log_enabled=False,
    )
