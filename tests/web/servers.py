"""A real `houblon serve` on a free port, started and killed by tests."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from houblon.web.ingest.shop_signatures import shop_signature
from houblon.web.ingest.signatures import sign
from tests.clock import real
from tests.databases import environ_of


class Server:
    """The server process of one data folder, in a session of its own so that all of it can be killed."""

    def __init__(
        self,
        data: Path,
        port: int,
        environment: dict[str, str] | None = None,
        log: Path | None = None,
        files: int | None = None,
    ):
        self.port, self.address = port, f"http://127.0.0.1:{port}"
        # As many files as the system is to grant it.
        limited = [] if files is None else ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]
        command = [*limited, sys.executable, "-m", "houblon", "serve", "--data", str(data), "--port", str(port)]
        with open(log or os.devnull, "wb") as told:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                start_new_session=True,
                env={**os.environ, **environ_of(data), **(environment or {})},
            )
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline().strip()

    def writer_processes(self) -> list[int]:
        """The processes that take orders in beside the server, once they have its ledger open; none where the system
        tells of no processes."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ProcessLookupError):
                if (
                    b"houblon.web.acceleration.writer_process" in (folder / "cmdline").read_bytes()
                    and os.getsid(int(folder.name)) == self._process.pid
                    and any(os.readlink(each).endswith("ledger.db") for each in (folder / "fd").iterdir())
                ):
                    found.append(int(folder.name))
        return found

    def interrupt(self, patience: float) -> None:
        """Interrupt it as a terminal does, every process at once, and wait until it has ended. Raises TimeoutExpired."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(patience)

    def hang_up(self) -> None:
        """SIGHUP to every process of it, as the end of a terminal or a rotation of logs sends."""
        os.killpg(self._process.pid, signal.SIGHUP)

    def stop(self) -> int:
        """Tell it to end, as an init system does, and wait; its exit status."""
        self._process.terminate()
        return self._process.wait(60)

    def kill_the_first(self) -> None:
        """kill -9 of the process that was started, and of nothing that it started."""
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """kill -9, the worker with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def serving(
    data: Path, environment: dict[str, str] | None = None, log: Path | None = None, files: int | None = None
) -> Iterator[Server]:
    server = Server(data, free_port(), environment, log, files)
    try:
        yield server
    finally:
        server.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(address: str, secret: str, order: dict[str, Any], id: str) -> tuple[int, dict[str, Any]]:
    """The order at the running webhook, signed now: status and answer. Raises OSError when nobody answers."""
    body = json.dumps(order).encode()
    return _sent(f"{address}/webhooks/orders", body, sign(secret, id, real(), body))


def send_from_shop(
    address: str, secret: str, topic: str, payload: dict[str, Any], id: str
) -> tuple[int, dict[str, Any]]:
    """What a Shopify shop tells the running webhook; as `send`."""
    body = json.dumps(payload).encode()
    headers = {
        "X-Shopify-Hmac-Sha256": shop_signature(secret, body),
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": id,
    }
    return _sent(f"{address}/webhooks/shopify/orders", body, headers)


def _sent(address: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(address, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
