"""Runs the server: granian, one process with threads when embedded."""

import os
import socket
import sys
import threading
import time

from granian import Granian
from granian.constants import Interfaces

from web.composition import open_house
from web.settings import Settings


def serve(settings: Settings, host: str, port: int) -> None:
    """Listen until told to stop; says `listening on …` once requests are answered."""
    open_house(settings).close()  # fail here, plainly, rather than in the worker
    os.environ["HOUBLON_DATA"] = str(settings.data.absolute())
    os.environ.setdefault("HOUBLON_BASE_URL", f"http://localhost:{port}")
    threading.Thread(target=_announce, args=(host, port), daemon=True).start()
    Granian(
        "web.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        log_enabled=False,
    ).serve()


def _announce(host: str, port: int) -> None:
    for _ in range(600):
        try:
            with socket.create_connection((host, port), timeout=1):
                break
        except OSError:
            time.sleep(0.1)
    print(f"listening on http://{'localhost' if host == '127.0.0.1' else host}:{port}", flush=True)
    sys.stdout.flush()
