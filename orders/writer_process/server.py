"""The writer process: one of its own that takes orders in while many come at once.

Python runs one thread of a process at a time. Under load, the server's threads find out who
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
from houblon.orders.handling.receive import IncomingOrder, Received, ingest
from houblon.orders.services import Conflict, Services

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


class IngestResult(msgspec.Struct, frozen=True, array_like=True):
    """What became of a call: the decision's document as JSON, whether it was stored before, and what logs tell."""

    document: bytes
    replayed: bool
    order_id: str
    outcome: str
    group: str
    version: int


Asked = tuple[int, Call]
Answer = tuple[int, IngestResult | None]
_ASKED = msgspec.msgpack.Decoder(Asked)
_ENCODE = msgspec.msgpack.Encoder().encode


def ingest_call(services: Services, call: Call) -> IngestResult:
    """Take the call in, in this process. Raises Conflict."""
    return services.ledger.record(_work(services, call))


def run_forever(services: Callable[[], Services], line: socket.socket) -> None:
    """Take in the calls that come by `line`, until its other end is gone."""
    buffer = bytearray(LONGEST)
    while asked := _gather(line, buffer):
        answers = _answers(services(), asked)
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


def _answers(services: Services, asked: Sequence[Asked]) -> list[Answer]:
    """Take the calls in together; what came of each, once all are durable."""
    done = services.ledger.record_all([_work(services, call) for _, call in asked])
    for _, failure in done:
        if failure is not None and not isinstance(failure, Conflict | msgspec.MsgspecError):
            log.error("an order could not be recorded; the server tries it", exc_info=failure)
    return [(number, result) for (number, _), (result, _) in zip(asked, done, strict=True)]


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


def _work(services: Services, call: Call) -> Work[IngestResult]:
    def work(connection: Connection) -> IngestResult:
        order, sent = decode_order(call.body), call.body if call.sent is None else call.sent
        incoming = IncomingOrder(call.body, order, call.content_hash, call.source, call.at, sent, call.webhook_id)
        return _result(order.id, ingest(connection, services, incoming))

    return work


def _result(order_id: str, received: Received) -> IngestResult:
    document = received.document
    return IngestResult(
        msgspec.json.encode(document),
        received.replayed,
        order_id,
        document["outcome"],
        document["chain"][0],
        document["version"],
    )
