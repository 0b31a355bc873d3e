"""Connections of webhooks: only to permitted addresses, and never for longer than a call may take.

The address is checked where the connection is made, on what the name resolved to at that moment:
a name that leads elsewhere a moment later (DNS rebinding) leads nowhere.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from houblon.orders.events.webhook_addresses import Network, is_permitted

Resolve = Callable[[str, int], Iterable[str]]


class Forbidden(Exception):
    """The name leads to no address that a webhook may go to."""


class Deadline:
    """How many seconds of a call are left; the socket's own timeouts start anew with every byte."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """The time that one step may take. Raises httpcore.TimeoutException when there is none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole call took too long")
        return left if timeout is None else min(left, timeout)


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects by name to permitted addresses only. `resolve` gives a name's addresses as text."""

    def __init__(self, allowed: tuple[Network, ...], deadline: Deadline, resolve: Resolve):
        self._allowed, self._deadline, self._resolve = allowed, deadline, resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises Forbidden, httpcore.ConnectError, httpcore.ConnectTimeout."""
        failure: Exception | None = None
        for address in self._permitted(host, port):
            try:
                left = self._deadline.left(timeout)
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as fault:
                failure = fault
            else:
                return _Bounded(stream, self._deadline)
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def _permitted(self, host: str, port: int) -> list[str]:
        try:
            found = list(dict.fromkeys(self._resolve(host, port)))
        except (OSError, UnicodeError) as fault:  # UnicodeError: a label that no name can have
            raise httpcore.ConnectError(f"{host}: {fault}") from fault
        # A scope names an interface of this machine: it is left out of the comparison, not of the call.
        good = [each for each in found if is_permitted(ip_address(each.partition("%")[0]), self._allowed)]
        if found and not good:
            raise Forbidden(f"{host} leads to {found[0]}, which is not an address of the open internet")
        return good


class _Bounded(httpcore.NetworkStream):
    """A stream that ends with its deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline):
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        started = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Bounded(started, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order the system prefers. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
