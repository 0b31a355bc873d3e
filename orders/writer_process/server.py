"""The recorder: a process of its own that takes orders in while many come at once.

Python runs one thread of a process at a time. Where orders crowd, the server's threads find out who
sent them, and this process decides and records them, on another core, a group in one transaction.
Nothing depends on it: whatever it does not answer, the server does itself, and tells what is wrong
there. A call that was recorded by then is known by its id, and is not recorded twice.

The two talk by one pair of connected sockets, which nobody else can reach and which keep messages whole
(`SOCK_SEQPACKET`). A message is msgpack: `[number, call]` there, and back what came of a group,
`[[number, taken], …]`, nil where a call is refused.
"""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from houblon.engine.core.order import decode_order
from houblon.orders.db.writer import MAX_GROUP, Work
from houblon.orders.handling.receive import Arrival, Received, take_in
from houblon.orders.services import Conflict, Desk

log = logging.getLogger("houblon.recorder")
# The longest message, in bytes. How long a socket's may be is the system's to say; a longer one would be cut.
LONGEST = 1 << 18
# So many bytes of answers go out together, one answer at least.
_TOGETHER = 1 << 16


class Call(msgspec.Struct, frozen=True, array_like=True):
    """A webhook call whose sender is known and whose order is sound: the source, the call's id, when it came, the
    order's bytes and the hash of what they say.

    `sent` is what was signed, where the order's bytes were made of it.
    """

    source: str
    webhook_id: str | None
    at: datetime
    body: bytes
    content_hash: str
    sent: bytes | None = None


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """What became of a call: the decision's document as JSON, whether it was stored before, and what logs tell."""

    document: bytes
    replayed: bool
    order_id: str
    outcome: str
    group: str
    version: int


Asked = tuple[int, Call]
Answer = tuple[int, Taken | None]
_ASKED = msgspec.msgpack.Decoder(Asked)
_ENCODE = msgspec.msgpack.Encoder().encode


def take(desk: Desk, call: Call) -> Taken:
    """Take the call in, in this process. Raises Conflict."""
    return desk.ledger.record(_work(desk, call))


def record_for_ever(desk: Callable[[], Desk], line: socket.socket) -> None:
    """Take in the calls that come by `line`, until its other end is gone."""
    buffer = bytearray(LONGEST)
    while asked := _gather(line, buffer):
        answers = _answers(desk(), asked)
        try:
            for message in _messages(answers):
                line.send(message)
        except ConnectionError:
            # Nobody waits any more: what was recorded stays, and is found again by its id.
            return


def _gather(line: socket.socket, buffer: bytearray) -> list[Asked]:
    """The calls that wait, at least one; none where the other end is gone."""
    asked: list[Asked] = []
    view, flags = memoryview(buffer), 0
    try:
        while len(asked) < MAX_GROUP and (count := line.recv_into(buffer, 0, flags)):
            asked.append(_ASKED.decode(view[:count]))
            flags = socket.MSG_DONTWAIT
    except (BlockingIOError, ConnectionError):
        pass
    return asked


def _answers(desk: Desk, asked: Sequence[Asked]) -> list[Answer]:
    """Take the calls in together; what came of each, once all are durable."""
    done = desk.ledger.record_all([_work(desk, call) for _, call in asked])
    for _, failure in done:
        if failure is not None and not isinstance(failure, Conflict | msgspec.MsgspecError):
            log.error("an order could not be recorded; the server tries it", exc_info=failure)
    return [(number, taken) for (number, _), (taken, _) in zip(asked, done, strict=True)]


def _messages(answers: Sequence[Answer]) -> Iterator[bytes]:
    """The answers in as few messages as hold them."""
    message = _ENCODE(answers)
    if len(message) <= _TOGETHER:
        yield message
    elif len(answers) == 1:
        # Too long to be told: the server finds what was recorded.
        yield _ENCODE([(answers[0][0], None)])
    else:
        half = len(answers) // 2
        yield from _messages(answers[:half])
        yield from _messages(answers[half:])


def _work(desk: Desk, call: Call) -> Work[Taken]:
    def work(connection: Connection) -> Taken:
        order, sent = decode_order(call.body), call.body if call.sent is None else call.sent
        arrival = Arrival(call.body, order, call.content_hash, call.source, call.at, sent, call.webhook_id)
        return _taken(order.id, take_in(connection, desk, arrival))

    return work


def _taken(order_id: str, received: Received) -> Taken:
    document = received.document
    return Taken(
        msgspec.json.encode(document),
        received.replayed,
        order_id,
        document["outcome"],
        document["chain"][0],
        document["version"],
    )
