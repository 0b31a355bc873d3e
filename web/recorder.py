"""The recorder's process: `python -m web.recorder FD…`, begun by the server with its ends of the lines."""

import contextlib
import os
import signal
import socket
import sys

from orders.recorder import record_for_ever
from web.composition import open_house
from web.logs import configure
from web.settings import Settings


def main(descriptors: list[str]) -> None:
    # An interrupt from the keyboard reaches every process of the terminal. This one ends when the
    # server lets go of the lines, so that what the server still answers is still recorded.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lines = [socket.socket(fileno=int(each)) for each in descriptors]
    configure()
    house = open_house(Settings.from_env(os.environ))
    try:
        with contextlib.suppress(BrokenPipeError):  # a server that is gone already: its lines tell
            os.write(sys.stdout.fileno(), b"ready\n")
        record_for_ever(lambda: house.quick_desk, lines)
    finally:
        house.close()


if __name__ == "__main__":
    main(sys.argv[1:])
