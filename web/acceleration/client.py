"""The server's end of the socket: its threads ask, one of them listens for all answers.

A socket of its own for every thread would cost the writer process a message for each answer. By one socket a
group's answers come together, and waking who waits is the server's.
"""

import contextlib
import errno
import itertools
import os
import socket
import threading

from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.intake.incoming import IncomingOrder
from houblon.web.acceleration.messages import LONGEST, asked_message, read_answers


class _Waiting:
    """One who asked: `done` is released once `result` is what came of it."""

    __slots__ = ("done", "result")

    def __init__(self) -> None:
        self.result: IngestResult | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Client:
    """`ask(incoming)` from any thread, while one is in `listen()`. Closes the socket when that ends."""

    def __init__(self, connection: socket.socket, patience: float):
        self._connection, self._patience = connection, patience
        self._numbers = itertools.count()
        self._waiting: dict[int, _Waiting] = {}

    @property
    def count(self) -> int:
        """How many ask at this moment."""
        return len(self._waiting)

    def ask(self, incoming: IncomingOrder) -> IngestResult | None:
        """What the writer process makes of an order; None where it refuses it, or ended. Raises OSError where it can't
        be sent, TimeoutError where no answer comes: it may be recorded all the same."""
        number, waiting = next(self._numbers), _Waiting()
        self._waiting[number] = waiting
        try:
            message = asked_message(number, incoming)
            if len(message) > LONGEST:
                raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
            self._connection.send(message)
            if not waiting.done.acquire(timeout=self._patience):
                raise TimeoutError("the writer process does not answer")
        finally:
            del self._waiting[number]
        return waiting.result

    def listen(self) -> None:
        """Hand out answers until the writer process ends; who waits then is told nothing."""
        buffer = bytearray(LONGEST)
        view = memoryview(buffer)
        with self._connection, contextlib.suppress(ConnectionError):
            while count := self._connection.recv_into(buffer):
                for number, result in read_answers(view[:count]):
                    # Who lost patience is gone.
                    if (waiting := self._waiting.get(number)) is not None:
                        waiting.result = result
                        waiting.done.release()
        # Who asks from now on can't send.
        for waiting in list(self._waiting.values()):
            if waiting.done.locked():
                waiting.done.release()
