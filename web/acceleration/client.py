"""The server's end of the socket: its threads and its event loop ask, one thread listens for all answers.

A socket of its own for every thread would cost the writer process a message for each answer. By one socket a
group's answers come together, and waking who waits is the server's.
"""

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import threading
from collections.abc import Callable

from houblon.orders.handling.order_writer import IngestResult
from houblon.orders.intake.incoming import IncomingOrder
from houblon.web.acceleration.messages import LONGEST, Answer, asked_message, read_answers


class _Waiting:
    """A thread that asked: `done` is released once `result` is what came of it."""

    __slots__ = ("done", "result")

    def __init__(self) -> None:
        self.result: IngestResult | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Client:
    """`ask(incoming)` from any thread, while one is in `listen()`. Closes the socket when that ends."""

    def __init__(self, connection: socket.socket, patience: float, hangs: Callable[[], None] = lambda: None):
        self._connection, self._patience, self._hangs = connection, patience, hangs
        self._numbers = itertools.count()
        self._waiting: dict[int, _Waiting] = {}
        # Of the event loop, and touched by it alone.
        self._later: dict[int, asyncio.Future[IngestResult | None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def count(self) -> int:
        """How many ask at this moment."""
        return len(self._waiting) + len(self._later)

    def ask(self, incoming: IncomingOrder) -> IngestResult | None:
        """What the writer process makes of an order; None where it refuses it, or ended. Raises OSError where it can't
        be sent, TimeoutError where no answer comes: it may be recorded all the same."""
        number, waiting = next(self._numbers), _Waiting()
        self._waiting[number] = waiting
        try:
            self._connection.send(_message(number, incoming))
            if not waiting.done.acquire(timeout=self._patience):
                raise TimeoutError("the writer process does not answer")
        finally:
            del self._waiting[number]
        return waiting.result

    def ask_later(self, incoming: IncomingOrder) -> "asyncio.Future[IngestResult | None]":
        """`ask` for the event loop, which waits for nothing here: raises OSError where the socket is full, too. Where
        no answer comes it is None, and `hangs` is called."""
        # Before anything is sent: who ends listening tells those of a loop that is known.
        self._loop = loop = asyncio.get_running_loop()
        number = next(self._numbers)
        self._connection.send(_message(number, incoming), socket.MSG_DONTWAIT)
        self._later[number] = asked = loop.create_future()
        patience = loop.call_later(self._patience, self._lose_patience, number)
        asked.add_done_callback(lambda _: patience.cancel())
        return asked

    def listen(self) -> None:
        """Hand out answers until the writer process ends; who waits then is told nothing."""
        buffer = bytearray(LONGEST)
        view = memoryview(buffer)
        with self._connection, contextlib.suppress(ConnectionError):
            while count := self._connection.recv_into(buffer):
                later = []
                for number, result in read_answers(view[:count]):
                    # Who lost patience is gone.
                    if (waiting := self._waiting.get(number)) is not None:
                        waiting.result = result
                        waiting.done.release()
                    else:
                        later.append((number, result))
                if later and self._loop is not None:
                    self._loop.call_soon_threadsafe(self._resolve, later)
        # Who asks from now on can't send.
        for waiting in list(self._waiting.values()):
            if waiting.done.locked():
                waiting.done.release()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it ended with its server
                self._loop.call_soon_threadsafe(self._resolve_all)

    def _resolve(self, answers: list[Answer]) -> None:
        for number, result in answers:
            asked = self._later.pop(number, None)
            if asked is not None and not asked.done():
                asked.set_result(result)

    def _resolve_all(self) -> None:
        self._resolve([(number, None) for number in self._later])

    def _lose_patience(self, number: int) -> None:
        self._resolve([(number, None)])
        self._hangs()


def _message(number: int, incoming: IncomingOrder) -> bytes:
    """Raises OSError where the socket would cut it."""
    message = asked_message(number, incoming)
    if len(message) > LONGEST:
        raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    return message
