"""The port that a server listens on: taken before anything is begun, and by one server only.

Granian would share a port among all who ask for it (SO_REUSEPORT), so that two servers answered in turns.
The socket is ours, it shares with nobody, and the system itself holds a second one off.
"""

import errno
import ipaddress
import socket
from contextlib import suppress

from houblon.engine.core.problem import Invalid, refuse
from houblon.web.limits import sizes

BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Invalid, saying why it can't be had."""
    if not 0 <= port <= 65_535:
        raise refuse(
            "port",
            "/port",
            "Un port va de 0 à 65535 : choisissez-en un avec --port.",
            "A port is from 0 to 65535: choose one with --port.",
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise _not_here(host) from None
    # IPv4 first: it is what a name such as localhost has meant so far.
    family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    taken = _bound(family, address, host, port)
    try:
        taken.listen(BACKLOG)
        _refuse_half_of_localhost(taken)
    except BaseException:
        taken.close()
        raise
    return taken


def name_of(listener: socket.socket) -> str:
    """Where it listens, as an address is written: `127.0.0.1:8000`, `[::1]:8000`."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bound(family: int, address: tuple[object, ...], host: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections of a server that has ended may linger; one that still listens is refused all the same.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        _let_go_of_who_is_gone(made)
    except OSError as fault:
        made.close()
        raise _refusal(fault, host, port) from None
    return made


def _let_go_of_who_is_gone(made: socket.socket) -> None:
    """Have the system end connections whose other end takes nothing, or is there no more; they inherit it."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, sizes.READER_SECONDS * 1_000)


def _refuse_half_of_localhost(taken: socket.socket) -> None:
    """`localhost` is two addresses: a server on the other one would answer some of those who mean this one."""
    host, port = taken.getsockname()[:2]
    here = ipaddress.ip_address(host.partition("%")[0])
    if not (here.is_loopback or here.is_unspecified) or host == "::":  # that one is IPv4 too
        return
    if _is_held("::1" if here.version == 4 else "127.0.0.1", port):
        raise _in_use(port)


def _is_held(host: str, port: int) -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            return fault.errno == errno.EADDRINUSE
    return False


def _refusal(fault: OSError, host: str, port: int) -> Invalid:
    if fault.errno == errno.EADDRINUSE:
        return _in_use(port)
    if fault.errno in (errno.EACCES, errno.EPERM):
        return refuse(
            "port_forbidden",
            "/port",
            f"Le système ne vous laisse pas écouter sur le port {port} : choisissez-en un au-dessus de 1023.",
            f"The system does not let you listen on port {port}: choose one above 1023.",
        )
    return _not_here(host)


def _not_here(host: str) -> Invalid:
    return refuse(
        "host",
        "/host",
        f"« {host} » n’est pas une adresse de cette machine : donnez à --host une des siennes, ou localhost.",
        f"“{host}” is no address of this machine: give --host one of its own, or localhost.",
    )


def _in_use(port: int) -> Invalid:
    return refuse(
        "port_in_use",
        "/port",
        f"Un autre serveur écoute déjà sur le port {port} : arrêtez-le, ou choisissez-en un autre avec --port.",
        f"Another server listens on port {port} already: stop it, or choose another one with --port.",
    )
