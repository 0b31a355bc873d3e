"""Callers who send or take nothing hold nothing: real sockets at a real server."""

import asyncio
import contextlib
import http.client
import itertools
import json
import socket
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from houblon.web.app import buffering
from houblon.web.foundation.answers import LATER
from houblon.web.ingest.signatures import sign
from houblon.web.limits import sizes
from tests.clock import real
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import serving

SOON = 1.0  # seconds that an answer may keep its caller waiting
_NUMBERS = itertools.count()
HALF_A_BODY = b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500000\r\n\r\n{"
HALF_A_CHUNK = b"POST %s HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: "
MANY_PAGES = b"GET /connexion HTTP/1.1\r\nhost: localhost\r\n\r\n" * 200


@pytest.fixture(scope="module")
def running(template, tmp_path_factory):
    folder = copy_of(template[0], tmp_path_factory.mktemp("buffering") / "data")
    place = open_place(folder, template[1])
    place.house.close()
    with serving(folder) as server:
        yield server, place.secret


@pytest.mark.parametrize(
    "sent",
    [
        HALF_A_BODY % b"/webhooks/orders",
        HALF_A_BODY % b"/connexion",
        HALF_A_BODY % b"/api/v1/decisions",
        HALF_A_CHUNK % b"/webhooks/orders",
        HALF_A_HEAD,
        MANY_PAGES,
    ],
)
def test_orders_and_health_are_answered_while_64_callers_send_or_take_no_more(running, sent):
    server, secret = running
    with contextlib.ExitStack() as held:
        for _ in range(64):
            held.enter_context(_caller(server.port, sent))
        assert _asked(server.port, "GET", "/healthz")[0] == 200
        assert _order(server.port, secret)[0] == 200


def test_who_sends_no_more_is_told_so_and_let_go(running):
    server, _ = running
    expected = [
        (HALF_A_BODY % b"/webhooks/orders", b"408"),
        (HALF_A_BODY % b"/connexion", b"408"),
        (HALF_A_CHUNK % b"/api/v1/decisions", b"408"),
        (HALF_A_HEAD, b""),
    ]
    with contextlib.ExitStack() as held:
        callers = [held.enter_context(_caller(server.port, sent)) for sent, _ in expected]
        answers = [_until_it_hangs_up(caller) for caller in callers]
    assert [answer[9:12] for answer in answers] == [status for _, status in expected]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(running):
    server, _ = running
    head = b"POST /webhooks/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900000000\r\n\r\n"
    with _caller(server.port, head) as caller:
        caller.settimeout(SOON)
        assert caller.recv(65_536)[9:12] == b"413"


NO_HOSTS = (
    "a" * 64,
    "a" * 30_000,
    "a..b",
    ".a",
    'a b"<>',
    "a:b",
    "a, b",
    "[::1",
    ".".join(["a" * 60] * 5),
)
HOSTS = ("", "localhost", "my_service:8000", "houblon.example.", "192.0.2.1:80", "[::1]:8000", "a" * 63)


def test_a_host_that_is_none_is_refused_and_not_stumbled_over(running):
    server, _ = running
    for path in ("/connexion", "/commandes", "/nowhere", "/healthz", "/api/v1/orders"):
        assert {host[:70]: _at(server.port, path, host) for host in NO_HOSTS} == {host[:70]: 400 for host in NO_HOSTS}
    assert {host: _at(server.port, "/connexion", host) for host in HOSTS} == dict.fromkeys(HOSTS, 200)
    twice = b"GET /connexion HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n"
    with contextlib.closing(_caller(server.port, twice)) as caller:
        assert _until_it_hangs_up(caller).startswith(b"HTTP/1.1 400")


def _at(port, path, host):
    asked = f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode("latin-1")
    with contextlib.closing(_caller(port, asked)) as caller:
        return int(_until_it_hangs_up(caller)[9:12])


def test_a_body_in_pieces_is_read_whole(running):
    server, secret = running
    body = json.dumps(order("PO-en-morceaux")).encode() + b" " * 300_000
    headers = {**sign(secret, "m-pieces", real(), body), "transfer-encoding": "chunked"}
    pieces = iter([body[:10], body[10:200_000], body[200_000:]])
    status, answer = _asked(server.port, "POST", "/webhooks/orders", pieces, headers, chunked=True)
    assert (status, json.loads(answer)["order_id"]) == (200, "PO-en-morceaux")


def test_a_worker_ends_with_its_server(template, tmp_path):
    folder = copy_of(template[0], tmp_path / "data")
    with serving(folder) as server:
        server.kill_the_first()
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
                time.sleep(0.1)
                continue
            return
        raise AssertionError("it answers still")


@pytest.mark.parametrize("answer", ["at once", "later", "by a thread", "by a thread after all", "faulty"])
def test_what_the_event_loop_asks_is_answered_by_it_or_by_a_thread_that_has_the_whole_request(answer):
    asked, said = [], []

    async def body():
        await asyncio.sleep(0.01)
        if answer == "faulty":
            raise OSError("no room")
        return None if answer == "by a thread after all" else b"later"

    def app(environ, start_response):
        later = environ.get(LATER)
        asked.append((environ["wsgi.input"].read(), threading.current_thread().name.startswith("loop")))
        if later is None:
            start_response("201 Created", [])
            return [b"thread"]
        start_response("202 Accepted", [])
        if answer != "by a thread":
            later.answer = body()
        return []

    class Protocol:
        async def __call__(self):
            return b"{}"

        def response_bytes(self, *answered):
            said.append(answered)

    class Scope:
        method, path, query_string, http_version, scheme = "POST", "/webhooks/orders", "", "1.1", "http"
        server, client, headers = "localhost:8000", "203.0.113.7:52000", {"content-length": "2"}

    async def call():
        buffered = buffering.Buffered(app, 2, is_for_later=lambda environ: answer != "at once")
        buffered.__rsgi_init__(asyncio.get_running_loop())
        await buffered.__rsgi__(Scope, Protocol())

    # A test's own thread may have an event loop already.
    with ThreadPoolExecutor(1, "loop") as threads:
        threads.submit(asyncio.run, call()).result()
    assert said == [(202, [], b"later") if answer == "later" else (201, [], b"thread")]
    assert asked == ([] if answer == "at once" else [(b"{}", True)]) + ([] if answer == "later" else [(b"{}", False)])


@pytest.mark.parametrize("answer", [True, False, "faulty", "silent"])
def test_whose_body_may_come_slowly_is_not_asked_by_the_event_loop_and_a_fault_of_asking_is_no_fault_of_the_call(
    monkeypatch, answer
):
    monkeypatch.setattr(sizes, "BODY_SECONDS", 0.2)
    whole, asked, said, over = b" " * (sizes.SHORT_BODY + 1), [], [], threading.Event()

    def may_take_long(environ):
        asked.append(threading.current_thread().name.startswith("loop"))
        if answer == "faulty":
            raise OSError("the pool is exhausted")
        return answer is True or (answer == "silent" and over.wait(5))

    class Protocol:
        async def __aiter__(self):
            for at in range(0, len(whole), 65_536):
                await asyncio.sleep(0.25 if answer is True and not at else 0)
                yield whole[at : at + 65_536]

        def response_bytes(self, *answered):
            said.append(answered)

    class Scope:
        method, path, query_string, http_version, scheme = "POST", "/connexion", "", "1.1", "http"
        server, client, headers = "localhost:8000", "203.0.113.7:52000", {"content-length": str(len(whole))}

    def app(environ, start_response):
        start_response("201 Created", [])
        return [str(len(environ["wsgi.input"].read())).encode()]

    async def call():
        buffered = buffering.Buffered(app, 2, may_take_long)
        buffered.__rsgi_init__(asyncio.get_running_loop())
        await asyncio.wait_for(buffered.__rsgi__(Scope, Protocol()), 4)
        over.set()

    with ThreadPoolExecutor(1, "loop") as threads:
        threads.submit(asyncio.run, call()).result()
    assert (said, asked) == ([(201, [], str(len(whole)).encode())], [False])


def test_a_thread_that_waits_keeps_no_connection_of_the_call_before():
    class Protocol:
        def response_bytes(self, *answered):
            pass

    class Scope:
        method, path, query_string, http_version, scheme = "GET", "/connexion", "", "1.1", "http"
        server, client, headers = "localhost:8000", "203.0.113.7:52000", {}

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"page"]

    async def call():
        buffered, protocol = buffering.Buffered(app, 2), Protocol()
        buffered.__rsgi_init__(asyncio.get_running_loop())
        kept = weakref.ref(protocol)
        await buffered.__rsgi__(Scope, protocol)
        del protocol
        for _ in range(100):  # the thread may still be on its way back
            if kept() is None:
                break
            await asyncio.sleep(0.05)
        return kept()

    with ThreadPoolExecutor(1, "loop") as threads:
        assert threads.submit(asyncio.run, call()).result() is None


def test_the_environ_knows_no_underscored_twin_and_one_form_of_an_address():
    class Scope:
        method, path, query_string, http_version, scheme = "GET", "/é", "a=1", "1.1", "http"
        server, client = "[::1]:8000", "[::ffff:203.0.113.7]:52000"

        class headers:
            @staticmethod
            def items():
                return [
                    ("x_forwarded_for", "6.6.6.6"),
                    ("x-forwarded-for", "198.51.100.1"),
                    ("x-forwarded-for", "198.51.100.2"),
                    ("content_length", "7"),
                    ("cookie", "a=1"),
                    ("cookie", "b=2"),
                ]

    environ = buffering.environ_of(Scope)
    assert environ["HTTP_X_FORWARDED_FOR"] == "198.51.100.1,198.51.100.2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert "CONTENT_LENGTH" not in environ and "HTTP_CONTENT_LENGTH" not in environ
    assert environ["REMOTE_ADDR"] == "203.0.113.7"
    assert environ["PATH_INFO"] == "/Ã©"


def _caller(port, sent):
    caller = socket.create_connection(("127.0.0.1", port))
    caller.sendall(sent)
    return caller


def _until_it_hangs_up(caller):
    caller.settimeout(sizes.BODY_SECONDS + 10)
    answer = b""
    while chunk := caller.recv(65_536):
        answer += chunk
    return answer


def _order(port, secret):
    id = f"m-{next(_NUMBERS)}"
    body = json.dumps(order(f"PO-{id}")).encode()
    return _asked(port, "POST", "/webhooks/orders", body, sign(secret, id, real(), body))


def _asked(port, method, path, body=None, headers=None, chunked=False):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    try:
        connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
