"""The writer process's end of the socket: orders in, a group in one transaction, what came of them back.

Python runs one thread of a process at a time. Under load, the server's threads find out who sent an order and decode
it, and this process decides and records it on another core. Nothing depends on it: whatever it does not answer, the
server does itself, and tells what is wrong there. A call that was recorded by then is known by its id, and is not
recorded twice.

The two talk by one pair of connected sockets, which nobody else can reach and which keep messages whole
(`SOCK_SEQPACKET`).
"""

import logging
import socket
from collections.abc import Callable, Sequence

from houblon.orders.db.writer import MAX_GROUP
from houblon.orders.handling.order_writer import ingest_work
from houblon.orders.services import Conflict, Services
from houblon.web.acceleration.messages import LONGEST, Answer, Asked, answer_messages, read_asked

log = logging.getLogger("houblon.writer_process")


def run_forever(services: Callable[[], Services], connection: socket.socket) -> None:
    """Take in the orders that come by `connection`, until its other end is gone."""
    buffer = bytearray(LONGEST)
    while asked := _gather(connection, buffer):
        answers = _answers(services(), asked)
        try:
            for message in answer_messages(answers):
                connection.send(message)
        except ConnectionError:
            # Nobody waits any more: what was recorded stays, and is found again by its id.
            return


def _gather(connection: socket.socket, buffer: bytearray) -> list[Asked]:
    """The orders that wait, at least one; none where the other end is gone."""
    asked: list[Asked] = []
    view, flags = memoryview(buffer), 0
    try:
        while len(asked) < MAX_GROUP and (count := connection.recv_into(buffer, 0, flags)):
            asked.append(read_asked(view[:count]))
            flags = socket.MSG_DONTWAIT
    except (BlockingIOError, ConnectionError):
        pass
    return asked


def _answers(services: Services, asked: Sequence[Asked]) -> list[Answer]:
    """Take the orders in together; what came of each, once all are durable."""
    done = services.ledger.record_all([ingest_work(services, incoming) for _, incoming in asked])
    for _, failure in done:
        if failure is not None and not isinstance(failure, Conflict):
            log.error("an order could not be recorded; the server tries it", exc_info=failure)
    return [(number, result) for (number, _), (result, _) in zip(asked, done, strict=True)]
