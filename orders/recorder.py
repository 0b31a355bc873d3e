"""The recorder: a process of its own that takes orders in while many come at once.

Python runs one thread of a process at a time. Where orders crowd, the server's threads find out who
sent them, and this process decides and records them, on another core, a group in one transaction.
Nothing depends on it: whatever it does not answer, the server does itself, and tells what is wrong
there. A call that was recorded by then is known by its id, and is not recorded twice.

The two talk by pairs of connected sockets, as many as the server has threads, which nobody else can reach:
frames of a length in four bytes and a msgpack array. An empty frame refuses.
"""

import contextlib
import logging
import selectors
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from engine.order import decode_order
from orders.desk import Conflict, Desk
from orders.receive import Arrival, Received, take_in
from orders.writer import Work

log = logging.getLogger("houblon.recorder")
_LENGTH = struct.Struct("!I")


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


_CALL, _TAKEN = msgspec.msgpack.Decoder(Call), msgspec.msgpack.Decoder(Taken)


def take(desk: Desk, call: Call) -> Taken:
    """Take the call in, in this process. Raises Conflict."""
    return desk.ledger.record(_work(desk, call))


def record_for_ever(desk: Callable[[], Desk], lines: Iterable[socket.socket]) -> None:
    """Take in the calls that come by `lines`, until the other ends of all are gone."""
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line, selectors.EVENT_READ)
        while selector.get_map():
            asked = []
            for key, _ in selector.select():
                asking: socket.socket = key.fileobj  # type: ignore[assignment]
                frame = receive_frame(asking)
                if frame is None:
                    selector.unregister(asking)
                else:
                    asked.append((asking, _CALL.decode(frame)))
            if asked:
                _answer(desk(), asked)


def ask(line: socket.socket, call: Call) -> Taken | None:
    """What the recorder at the other end makes of a call; None where it refuses it. Raises OSError, EOFError."""
    send_frame(line, msgspec.msgpack.encode(call))
    frame = receive_frame(line)
    if frame is None:
        raise EOFError("the recorder has ended")
    return _TAKEN.decode(frame) if frame else None


def send_frame(line: socket.socket, body: bytes) -> None:
    line.sendall(_LENGTH.pack(len(body)) + body)


def receive_frame(line: socket.socket) -> bytes | None:
    """A whole frame; None where the other end is gone."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while more := line.recv(65_536):
            received += more
            if len(received) >= _LENGTH.size:
                whole = _LENGTH.size + _LENGTH.unpack_from(received)[0]
                if len(received) == whole:
                    return received[_LENGTH.size :]
    return None


def _answer(desk: Desk, asked: Sequence[tuple[socket.socket, Call]]) -> None:
    """Take the calls in together, and answer each once all are durable."""
    done = desk.ledger.record_all([_work(desk, call) for _, call in asked])
    for (line, _), (taken, failure) in zip(asked, done, strict=True):
        if failure is not None and not isinstance(failure, Conflict | msgspec.MsgspecError):
            log.error("an order could not be recorded; the server tries it", exc_info=failure)
        # Where nobody waits any more, what was recorded stays, and is found again by its id.
        with contextlib.suppress(ConnectionError):
            send_frame(line, b"" if taken is None else msgspec.msgpack.encode(taken))


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
