"""A light load generator: one thread, raw keep-alive sockets, requests made beforehand, every answer read whole."""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came back: seconds in all, seconds of each answer, answers by status."""

    seconds: float
    latencies: list[float]
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


def request_bytes(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, requests: Iterator[bytes], count: int, connections: int = 16) -> Load:
    """Send `count` requests, each connection its next one as soon as its answer is whole."""
    selector, load = selectors.DefaultSelector(), Load(0, [])
    for _ in range(connections):
        opened = socket.create_connection(("127.0.0.1", port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(opened, selectors.EVENT_READ, _Line(opened))
    sent, clock, began = 0, time.perf_counter, time.perf_counter()
    for key in list(selector.get_map().values()):
        if sent < count:
            key.data.send(next(requests))
            sent += 1
    while len(load.latencies) < count:
        for key, _ in selector.select():
            line = key.data
            if (status := line.read()) is None:
                continue
            load.latencies.append(clock() - line.sent_at)
            load.statuses[status] = load.statuses.get(status, 0) + 1
            if sent < count:
                line.send(next(requests))
                sent += 1
    load.seconds = clock() - began
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    selector.close()
    return load


class _Line:
    """One connection and the answer that it is reading."""

    def __init__(self, opened: socket.socket):
        self.socket, self.got, self.sent_at = opened, b"", 0.0

    def send(self, request: bytes) -> None:
        self.got, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> int | None:
        """The answer's status once it is whole."""
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise ConnectionError("the server hung up")
        self.got += chunk
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found:
            return None
        start = head.lower().index(b"content-length:") + len(b"content-length:")
        length = int(head[start:].split(b"\r\n", 1)[0])
        return int(head[9:12]) if len(body) >= length else None
