"""The writer process: `python -m houblon.web.acceleration.writer_process FD`, begun by the server with its end of the socket."""

import contextlib
import gc
import os
import signal
import socket
import sys

from houblon.web.acceleration.server import run_forever
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.logs import configure
from houblon.web.foundation.settings import Settings


def main(descriptor: str) -> None:
    # An interrupt from the keyboard reaches every process of the terminal. This one ends when the
    # server lets go of the socket, so that what the server still answers is still recorded.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(descriptor))
    configure()
    house = open_house(Settings.from_env(os.environ))
    # What the house is made of stays, and an order leaves no cycles: they are looked for seldom.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        with contextlib.suppress(BrokenPipeError):  # a server that is gone already: its socket tells
            os.write(sys.stdout.fileno(), b"ready\n")
        run_forever(lambda: house.recent_services, connection)
    finally:
        house.close()


if __name__ == "__main__":
    main(sys.argv[1])
