"""Requests are read whole, against a deadline, before a thread is given to them; answers leave without one.

Granian hands a WSGI application its body as it arrives: who sends nothing keeps a thread for as long as they like.
Here its event loop reads, and a thread answers what is whole. What is not there in time, or has no room, is answered by the
application too (BODY_FAULT says with which status), so that the caller reads it in their language and the log has its line.

What the application can answer later, without a thread that waits, it is asked by the event loop (LATER).
"""

import asyncio
import io
import logging
import queue
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, Any, NamedTuple

from houblon.web.foundation.answers import LATER, Later
from houblon.web.foundation.errors import BODY_FAULT
from houblon.web.limits import sizes

log = logging.getLogger("houblon.server")
# Orders and whoever asks whether the server lives do not wait behind people's pages and batches.
_FIRST = ("/webhooks/", "/healthz", "/readyz")
_CHUNK = 65_536
# A Host that addresses can be made of; where there is none, Flask has no address for any page, its own errors' too.
_HOST = re.compile(
    r"(?=[^:]{1,253}(?::|$))[\w-]{1,63}(?:\.[\w-]{1,63})*\.?(?::\d{0,5})?|\[[\da-fA-F:.]{2,45}\](?::\d{0,5})?", re.A
)
_ENVIRON = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class _Job(NamedTuple):
    """A request that is whole, and what waits for its answer: a file, where it is a long one."""

    environ: Environ
    protocol: Any
    answered: "asyncio.Future[tuple[int, list[tuple[str, str]], IO[bytes]] | None]"


class Buffered:
    """An RSGI application around a WSGI one. `may_take_long` says whose body may come slowly: a signed-in person's;
    `is_for_later` which requests the event loop asks the application itself."""

    def __init__(
        self,
        app: Wsgi,
        threads: int,
        may_take_long: Callable[[Environ], bool] = lambda environ: False,
        is_for_later: Callable[[Environ], bool] = lambda environ: False,
    ):
        self._app, self._threads, self._may_take_long, self._is_for_later = app, threads, may_take_long, is_for_later
        self._orders: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._programs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._people: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self.is_running = threading.Event()  # set once requests are read, and signals heard
        self._held = 0  # bytes of long bodies that are in memory; the event loop's alone

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_soon(self.is_running.set)
        # Python runs one thread at a time: an order shares it with as many pages as are drawn at once.
        few = max(self._threads // 4, 2)
        for jobs, count in ((self._orders, self._threads), (self._programs, self._threads), (self._people, few)):
            for _ in range(count):
                threading.Thread(target=self._work, args=(jobs,), name="request", daemon=True).start()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        environ = environ_of(scope)
        held = 0
        if BODY_FAULT in environ:
            environ["wsgi.input"] = io.BytesIO()
        elif "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            held = await self._receive(environ, protocol)
        else:
            environ["wsgi.input"] = io.BytesIO()
        if not held and self._is_for_later(environ) and await self._answer_later(environ, protocol):
            return
        job = _Job(environ, protocol, self._loop.create_future())
        self._queue(environ["PATH_INFO"]).put(job)
        long_answer = await job.answered
        self._held -= held
        if long_answer is not None:
            await _send(protocol, *long_answer)

    async def _answer_later(self, environ: Environ, protocol: Any) -> bool:
        """Ask the application from here; False where it leaves the request to a thread."""
        environ[LATER], said = (later := Later()), _Said()
        self._app(environ, said)
        if later.answer is not None:
            try:
                body = await later.answer
            except Exception:
                log.exception("unexpected fault of an answer that was to come later; a thread answers")
                body = None
            if body is not None:
                protocol.response_bytes(said.status, said.headers, body)
                return True
        del environ[LATER]
        environ["wsgi.input"].seek(0)
        return False

    def _queue(self, path: str) -> "queue.SimpleQueue[_Job]":
        if path.startswith(_FIRST):
            return self._orders
        return self._programs if path.startswith("/api/v1/") else self._people

    async def _receive(self, environ: Environ, protocol: Any) -> int:
        """Put the body, or why there is none, into the environ; how much of the room for long bodies it holds."""
        length, body, fault, held = _length(environ), b"", 0, 0
        most = sizes.BODIES.get(environ["PATH_INFO"], sizes.BODY)
        is_short = length is not None and length <= sizes.SHORT_BODY
        if length is not None and length > most:
            fault = 413
        else:
            try:
                patient = not is_short and await self._is_patient(environ)
                async with asyncio.timeout(sizes.UPLOAD_SECONDS if patient else sizes.BODY_SECONDS):
                    if is_short:
                        body = await protocol()
                    else:
                        body, fault = await self._long_body(protocol, most)
                        held = len(body)
            except TimeoutError:
                fault = 408
            except Exception:  # granian's own, of no public kind: the caller hung up amid the body
                fault = 400
            if not fault and length is not None and len(body) != length:
                fault = 400
        if fault:
            body, environ[BODY_FAULT] = b"", fault
        environ["wsgi.input"] = io.BytesIO(body)
        return held

    async def _is_patient(self, environ: Environ) -> bool:
        """Whether the body may come slowly. That may be asked of the ledger, which must not keep the event loop
        waiting; where it can't say, nobody is given time."""
        try:
            async with asyncio.timeout(sizes.BODY_SECONDS):
                return await asyncio.to_thread(self._may_take_long, environ)
        except Exception:
            log.exception("unexpected fault of asking whose body may come slowly; this one may not")
            return False

    async def _long_body(self, protocol: Any, most: int) -> tuple[bytes, int]:
        """A body that shares the room for long ones; while it is read, it holds what has come of it."""
        body, is_whole = bytearray(), False
        try:
            async for chunk in protocol:
                if len(body) + len(chunk) > most:
                    return b"", 413
                if self._held + len(chunk) > sizes.BODIES_HELD:
                    return b"", 503
                body += chunk
                self._held += len(chunk)
            is_whole = True
            return bytes(body), 0
        finally:
            if not is_whole:
                self._held -= len(body)

    def _work(self, jobs: "queue.SimpleQueue[_Job]") -> None:
        while True:
            # Nothing of a request is kept while the next is waited for: the server closes no connection whose body may
            # still be read.
            self._serve(jobs.get())

    def _serve(self, job: _Job) -> None:
        long_answer = None
        try:
            long_answer = self._answer(job)
        except BaseException:
            # A panic of a library in Rust is no Exception. Whatever it is: the thread goes on, the caller is told.
            log.exception("unexpected fault, of which the application knew nothing")
            with suppress(BaseException):
                job.protocol.response_bytes(500, [("content-type", "text/plain")], b"500\n")
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(_settle, job.answered, long_answer)

    def _answer(self, job: _Job) -> tuple[int, list[tuple[str, str]], IO[bytes]] | None:
        """Answer from this thread; a long answer is handed back as a file, for its reader may be slow."""
        said = _Said()
        chunks = self._app(job.environ, said)
        try:
            whole = b"".join(chunks) if isinstance(chunks, (list, tuple)) else _gathered(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        headers = [*said.headers, ("Connection", "close")] if BODY_FAULT in job.environ else said.headers
        if isinstance(whole, bytes):
            job.protocol.response_bytes(said.status, headers, whole)
            return None
        return said.status, headers, whole


class _Said:
    """WSGI's start_response."""

    status: int
    headers: list[tuple[str, str]]

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.status, self.headers = int(status[:3]), headers


def environ_of(scope: Any) -> Environ:
    """The request as WSGI knows it, its body apart.

    A name with an underscore is dropped: in an environ it could not be told from the one with a hyphen, which a
    proxy may have written. The address is in its normal form. A Host that is none is a fault, as a body can be.
    """
    environ = _ENVIRON.copy()
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]}{'; ' if name == 'cookie' else ','}{value}" if key in environ else value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if f"HTTP_{key}" in environ:
            environ[key] = environ.pop(f"HTTP_{key}")
    host = str(environ.get("HTTP_HOST", ""))
    if host and not _HOST.fullmatch(host):
        del environ["HTTP_HOST"]
        environ[BODY_FAULT] = 400
    environ["REQUEST_METHOD"] = scope.method
    # WSGI's texts are bytes in Latin-1.
    environ["PATH_INFO"] = scope.path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["SERVER_PROTOCOL"] = f"HTTP/{scope.http_version}"
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]").removeprefix("::ffff:")
    environ["wsgi.url_scheme"] = scope.scheme
    return environ


def _length(environ: Environ) -> int | None:
    """How long the body says it is; the server itself refuses what is no number."""
    said = environ.get("CONTENT_LENGTH", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None


def _gathered(chunks: Iterable[bytes]) -> bytes | IO[bytes]:
    """All of an answer; a file where it is long."""
    kept = bytearray()
    left = iter(chunks)
    for chunk in left:
        kept += chunk
        if len(kept) > sizes.ANSWER_IN_MEMORY:
            break
    else:
        return bytes(kept)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    file.write(kept)
    file.writelines(left)
    file.seek(0)
    return file


async def _send(protocol: Any, status: int, headers: list[tuple[str, str]], file: IO[bytes]) -> None:
    """Send a long answer at its reader's pace."""
    with file:
        transport = protocol.response_stream(status, headers)
        with suppress(Exception):  # its reader hung up
            while chunk := file.read(_CHUNK):
                await transport.send_bytes(chunk)


def _settle(answered: "asyncio.Future[Any]", long_answer: Any) -> None:
    if not answered.done():
        answered.set_result(long_answer)
