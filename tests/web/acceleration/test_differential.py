"""One setting turns the fast path and the writer process off, and nobody can tell by the answers.

Two real servers on two copies of one installation, one with and one without; each call goes to both.
"""

import http.client
import itertools
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

import pytest

from houblon.orders.credentials.credentials import add_key
from houblon.web.ingest.signatures import sign
from tests.clock import NOW, real
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import serving

pytestmark = pytest.mark.xdist_group("differential")  # its two servers are begun once
DECISIONS, WEBHOOK = "/api/v1/decisions", "/webhooks/orders"


class Call(NamedTuple):
    """A request; its body is sent in pieces where it is a list."""

    path: str
    body: bytes | list[bytes] | None
    headers: dict[str, str]
    method: str = "POST"


@pytest.fixture(scope="module")
def both(template, tmp_path_factory):
    """The two servers, and what opens the installation that both are copies of."""
    folder, password = template
    origin = copy_of(folder, tmp_path_factory.mktemp("origine") / "data")
    place = open_place(origin, password)
    reader = place.house.services.ledger.write(
        lambda connection: add_key(connection, "lecture", ["read"], lambda count: b"\7" * count, NOW)
    )
    place.house.close()
    fast, plain = (copy_of(origin, tmp_path_factory.mktemp(name) / "data") for name in ("vite", "simple"))
    with serving(fast) as one, serving(plain, {"HOUBLON_ACCELERATION": "no"}) as other:
        # Orders at once, as many as it takes: from then on the one has another process record, and answers later.
        for burst in itertools.count():
            for server in (one, other):
                send_at_once(server.port, place.secret, burst)
            if one.writer_processes():
                break
        yield (one, other), place, reader


def send_at_once(port, secret, burst):
    """Send orders at once, the same ones for the same `burst`."""
    bodies = [json.dumps(order(f"L-{burst}-{number}")).encode() for number in range(24)]
    calls = [Call(WEBHOOK, body, sign(secret, f"l-{burst}-{n}", real(), body)) for n, body in enumerate(bodies)]
    with ThreadPoolExecutor(8) as senders:
        assert {status for status, *_ in senders.map(lambda call: told(port, call), calls)} == {200}


def told(port, call):
    """Status, headers that do not pass and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(call.method, call.path, call.body, call.headers, encode_chunked=isinstance(call.body, list))
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
    finally:
        connection.close()
    # What is left of the running minute passes, and a minute may begin between the two.
    if "ratelimit" in headers:
        headers["ratelimit"] = headers["ratelimit"].split(";")[0]
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    for passing in ("date", "connection"):
        headers.pop(passing, None)
    if "X-Request-Id" not in call.headers:
        assert headers.pop("x-request-id")
    return answer.status, headers, body


def decisions(key, reader):
    """Questions of every kind, by a name."""
    asks = {
        "good": {"order": order()},
        "held": {"order": order(items=1), "trace": True},
        "version": {"order": order(), "version": 1, "accepted_at": "2021-05-13T10:00:00-04:00"},
        "unknown version": {"order": order(), "version": 99},
        "unknown proposal": {"order": order(), "proposal": "nobody"},
        "no lines": {"order": {**order(), "lines": []}},
        "member": {"order": order(), "verison": 1},
        "year": {"order": order(), "as_of": "0001-01-01T00:00:00Z"},
        "many": {"orders": [order("A"), {"id": "B"}, order("C", price="-1")]},
        "none": {"orders": []},
        "list": [1],
        "null": None,
    }
    bodies = {name: json.dumps(each).encode() for name, each in asks.items()} | {
        "empty": b"",
        "broken": b"{",
        "no text": b"\xff\xfe",
        "deep": b'{"order": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        "deep in vain": b"[" * 500_000,
        "null character": json.dumps({"order": order(note="a\0b")}).encode(),
        "huge number": b'{"order": ' + b"9" * 5_000 + b"}",
        "long": json.dumps({"order": order()}).encode() + b" " * 1_000_000,
    }
    bearer = {"Authorization": f"Bearer {key}"}
    for name, body in bodies.items():
        yield name, Call(DECISIONS, body, bearer)
    good = bodies["good"]
    ways = {
        # Refused by what they say that they are: nothing of them is read.
        "too long": Call(DECISIONS, None, {**bearer, "Content-Length": "10000001"}),
        "far too long": Call(DECISIONS, None, {**bearer, "Content-Length": "9" * 18}),
        "french": Call(DECISIONS, bodies["no lines"], {**bearer, "Accept-Language": "fr-CA, en;q=0.5"}),
        "many in french": Call(DECISIONS, bodies["many"], {**bearer, "Accept-Language": "fr"}),
        "nobody": Call(DECISIONS, good, {}),
        "unknown": Call(DECISIONS, good, {"Authorization": "Bearer hbl_nobody"}),
        "basic": Call(DECISIONS, good, {"Authorization": f"Basic {key}"}),
        "may not": Call(DECISIONS, good, {"Authorization": f"Bearer {reader}", "Accept-Language": "fr"}),
        "text": Call(DECISIONS, good, {**bearer, "Content-Type": "text/plain"}),
        "form": Call(DECISIONS, good, {**bearer, "Content-Type": "application/x-www-form-urlencoded"}),
        "query": Call(f"{DECISIONS}?a=1", good, bearer),
        "slash": Call(f"{DECISIONS}/", good, bearer),
        "once": Call(DECISIONS, good, {**bearer, "Idempotency-Key": "k-1"}),
        "twice": Call(DECISIONS, good, {**bearer, "Idempotency-Key": "k-1"}),
        "bad key": Call(DECISIONS, good, {**bearer, "Idempotency-Key": "é"}),
        "in pieces": Call(DECISIONS, [good[:50], good[50:]], {**bearer, "Transfer-Encoding": "chunked"}),
        "named": Call(DECISIONS, good, {**bearer, "X-Request-Id": "caisse-42"}),
    }
    yield from ways.items()
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        yield method, Call(DECISIONS, None, bearer, method)


def webhooks(secret):
    """Orders of every kind, by a name; what comes again comes after what it repeats."""

    def signed(body, id, method="POST", path=WEBHOOK, at=None, **headers):
        proof = sign(secret, id, at or real(), body)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return Call(path, body, {**proof, **given}, method)

    good, other = json.dumps(order()).encode(), json.dumps(order(items=30)).encode()
    held = json.dumps(order("PO-2", items=1)).encode()
    yield "good", signed(good, "m-1")
    yield "again", signed(good, "m-1")
    yield "same order", signed(good, "m-2")
    yield "id with another body", signed(other, "m-1")
    yield "settled", signed(other, "m-3", Accept_Language="fr")
    yield "held", signed(held, "m-4")
    yield "held, other lines", signed(json.dumps(order("PO-2", items=2)).encode(), "m-5")
    yield "form", signed(json.dumps(order("PO-3")).encode(), "m-6", Content_Type="application/x-www-form-urlencoded")
    for number, body in enumerate(
        [
            json.dumps({**order("PO-9"), "lines": [], "placed_at": "hier"}).encode(),
            json.dumps(order("PO-9", note="a\0b")).encode(),
            b"",
            b"{",
            b"null",
            b"[" * 500,
            b'{"id": "PO-9", "more": ' + b"[" * 300 + b"]" * 300 + b"}",
        ]
    ):
        yield f"faulty {number}", signed(body, f"f-{number}")
        yield f"faulty {number}, french", signed(body, f"f-{number}", Accept_Language="fr")
    yield "too long", Call(WEBHOOK, None, {**sign(secret, "m-12", real(), good), "Content-Length": "1000001"})
    yield "not text", Call(WEBHOOK, b"\xff\xfe", sign(secret, "m-7", real(), b"{}"))
    yield "signature of another body", Call(WEBHOOK, other, sign(secret, "m-8", real(), good))
    yield "bad signature", signed(good, "m-9", webhook_signature="v1,AAAA")
    yield "no signature", Call(WEBHOOK, good, {"Accept-Language": "fr"})
    yield "old", signed(good, "m-10", at=real() - timedelta(hours=1))
    yield "named", signed(good, "m-1", X_Request_Id="boutique-7")
    yield "query", signed(good, "m-1", path=f"{WEBHOOK}?a=1")
    in_pieces = signed(good, "m-1", Transfer_Encoding="chunked")
    yield "in pieces", in_pieces._replace(body=[good[:20], good[20:]])
    for method in ("GET", "HEAD", "OPTIONS", "PUT"):
        yield method, signed(b"", "m-11", method)


def test_every_question_is_answered_alike_with_and_without(both):
    (fast, plain), place, reader = both
    statuses = compared(fast.port, plain.port, decisions(place.key, reader))
    assert statuses >= {200, 401, 403, 405, 413, 422}


def test_every_order_is_answered_alike_with_and_without(both):
    (fast, plain), place, reader = both
    statuses = compared(fast.port, plain.port, webhooks(place.secret))
    assert statuses >= {200, 401, 405, 409, 413, 422}
    one, other = (events_of(each.port, reader) for each in (fast, plain))
    assert one == other and {kind for kind, _ in one} >= {"order.accepted", "order.held", "invoice.issued"}


def events_of(port, reader):
    """What happened to orders that came one by one, by type and data; it happened at other instants."""
    found, path = [], "/api/v1/events?limit=200"
    while True:
        items = json.loads(told(port, Call(path, None, {"Authorization": f"Bearer {reader}"}, "GET"))[2])["items"]
        if not items:
            return found
        path = f"/api/v1/events?limit=200&after={items[-1]['id']}"
        found += [(each["type"], each["data"]) for each in items if each["data"].get("order_id", "L-")[:2] != "L-"]


def test_orders_are_answered_though_the_process_that_records_them_is_killed_among_them(both):
    (fast, plain), place, _ = both

    def kill():
        time.sleep(0.05)
        for each in fast.writer_processes():
            os.kill(each, signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    send_at_once(fast.port, place.secret, "killed")
    killing.join()
    send_at_once(plain.port, place.secret, "killed")  # as many on either, whatever is compared next


def compared(fast, plain, calls):
    """Send each call to both; the statuses that came."""
    differences, statuses = {}, set()
    for name, call in calls:
        one, other = told(fast, call), told(plain, call)
        statuses.add(one[0])
        if one != other:
            differences[name] = [each for each in zip(parts(one), parts(other), strict=False) if each[0] != each[1]]
    assert differences == {}
    return statuses


def parts(answer):
    """An answer's parts, one by one, so that a difference can be read."""
    status, headers, body = answer
    return [status, *sorted(headers.items()), body]
