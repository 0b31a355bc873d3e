"""What a caller who means harm may try, against a real server: `python -m bench.hostile [--callers 64]`.

Each attempt is one line: what was tried, what came of it, and whether it held. While it is tried and after it, health and
a signed order must be answered within a second. Leaves with 1 where anything did not hold.
"""

import argparse
import contextlib
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.callers import ADMIN, Caller, Signer, stalled
from houblon.orders.credentials.credentials import SHOPIFY, add_source
from houblon.web.ingest.shop_signatures import shop_signature
from tests.web.houses import make_folder, open_place, order
from tests.web.servers import Server, serving

SOON, PATIENCE = 1.0, 5.0  # seconds for health and an order; for what is costly to refuse
PILE = "a" + "\u0301\u0323" * 50_000 + "@x.example"  # marks whose normal form takes quadratic time
TOO_LARGE = 2**63


class Site(NamedTuple):
    """A running server, and those who call it as they should."""

    server: Server
    orders: Signer
    shop_secret: str
    key: str
    password: str
    callers: int

    def stranger(self) -> Caller:
        return Caller(self.server.port)

    def person(self) -> Caller:
        caller = self.stranger()
        caller.sign_in(ADMIN, self.password)
        return caller


Attempt = Callable[[Site], tuple[str, bool]]


def stalls(what: bytes) -> Attempt:
    """Many callers who stop where `what` ends, all at once."""

    def attempt(site: Site) -> tuple[str, bool]:
        with stalled(site.server.port, what, site.callers):
            healthy, ordered = _answers(site)
        return f"health {healthy:.2f} s, a signed order {ordered:.2f} s", max(healthy, ordered) < SOON

    return attempt


def statuses(*allowed: int, calls: Callable[[Site], Iterator[int]]) -> Attempt:
    """Calls that must be answered so, each soon."""

    def attempt(site: Site) -> tuple[str, bool]:
        began = time.perf_counter()
        found = list(calls(site))
        each = (time.perf_counter() - began) / len(found)
        told = ", ".join(str(status) for status in sorted(set(found)))
        return f"{len(found)} × {told}, {each:.2f} s each", set(found) <= set(allowed) and each < PATIENCE

    return attempt


def _answers(site: Site) -> tuple[float, float]:
    """How long health and a signed order take; for ever, where one is not answered as it should be."""
    began = time.perf_counter()
    healthy = site.stranger().call("GET", "/healthz").status == 200
    between = time.perf_counter()
    ordered = site.orders.send(order(f"PO-{secrets.token_hex(6)}")) == 200
    ended = time.perf_counter()
    return between - began if healthy else float("inf"), ended - between if ordered else float("inf")


def _piles(site: Site) -> Iterator[int]:
    for address in ("/connexion", "/mot-de-passe"):
        caller = site.stranger()
        yield caller.submit(address, {"email": PILE[:60_000], "password": "x"}).status


def _repeated(site: Site) -> Iterator[int]:
    names = ",".join(f'"{number}":1' for number in (*range(13_000), *range(13_000)))
    headers = {"authorization": f"Bearer {site.key}", "content-type": "application/json"}
    yield site.stranger().call("POST", "/api/v1/decisions", f"{{{names}}}".encode(), headers).status


def _patterns(site: Site) -> Iterator[int]:
    tests = [{"name": "note", "operator": "matches_regex", "value": rf"\w{{150}}N{number}"} for number in range(200)]
    rule = {"conditions": {"any": tests}, "actions": [{"name": "hold", "params": {"reason": "x"}}]}
    file = json.dumps([rule]).encode()
    yield site.person().upload("/brouillons", "/echange/importer", "fichier", "r.json", file).status


def _orders(site: Site) -> Iterator[int]:
    line = {"sku": "IPA", "quantity": 24, "unit_price": "54.00"}
    yield site.orders.send(order("PO-long", lines=[{**line, "name": "a" + "\u0301" * 131_000}]))
    yield site.orders.send(order("PO-groups") | {"buyer": {"id": "b", "groups": [f"g{n}" for n in range(50_000)]}})
    yield site.orders.send(order("PO-note") | {"note": "x" * 500_000})


def _refunds(site: Site) -> Iterator[int]:
    lines = [{"id": n, "sku": "IPA", "title": "IPA", "quantity": 9, "price": "5.00"} for n in range(5_000)]
    refunds = [{"refund_line_items": [{"line_item_id": n % 5_000, "quantity": 1} for n in range(12_000)]}]
    payload = {"id": 1, "name": "#1", "created_at": "2021-05-12T09:30:00-04:00", "currency": "CAD"}
    body = json.dumps(payload | {"customer": {"id": 7}, "line_items": lines, "refunds": refunds}).encode()
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "w-1",
        "x-shopify-hmac-sha256": shop_signature(site.shop_secret, body),
    }
    yield site.stranger().call("POST", "/webhooks/shopify/orders", body, headers).status


def _methods(site: Site) -> tuple[str, bool]:
    for number in range(200):
        site.stranger().call(f"X{'Y' * 50_000}{number}", "/connexion")
    told = site.stranger().call("GET", "/metrics").body
    return f"/metrics has {len(told):,} bytes", len(told) < 1_000_000 and b"YYYY" not in told


def _ways_back(site: Site) -> tuple[str, bool]:
    places = []
    for way in ("/\t/evil.example", "//evil.example", "/\\evil.example", "https://evil.example"):
        caller = site.stranger()
        caller.call("GET", "/connexion")
        places.append(caller.submit("/connexion", {"langue": "en", "retour": way}, to="/langue").location)
    return f"led to {', '.join(sorted(set(places)))}", set(places) == {"/"}


def _numbers(site: Site) -> Iterator[int]:
    person, key = site.person(), {"authorization": f"Bearer {site.key}"}
    for address in (f"/commandes/{TOO_LARGE}", f"/factures/{TOO_LARGE}", f"/commandes?avant={TOO_LARGE}"):
        yield person.call("GET", address).status
    for address in (f"/api/v1/orders/{TOO_LARGE}", f"/api/v1/orders?after={TOO_LARGE}"):
        yield site.stranger().call("GET", address, headers=key).status
    yield site.orders.send(order("PO-time"), stamp="999999999999")


def _forms(site: Site) -> Iterator[int]:
    person = site.person()
    for field in ("endpoint", "_method", "_external"):
        yield person.submit("/commandes", {"nom": "v", "q": "PO", field: "x"}, to="/vues/orders").status


def _closed(site: Site) -> Iterator[int]:
    for address in ("/connexion/aide", "/connexion/choix"):
        yield site.stranger().submit("/connexion", {"x": "y"}, to=address).status


def _guesses(site: Site) -> tuple[str, bool]:
    """Wrong passwords for one account in spellings that are looked up as the same."""
    name, host = ADMIN.split("@")
    spellings = [ADMIN, ADMIN.upper(), f"{name}@{chr(ord(host[0]) + 0xFEE0)}{host[1:]}", f" {ADMIN} "]
    found = [
        site.stranger().submit("/connexion", {"email": spellings[number % 4], "password": f"x{number}"}).status
        for number in range(24)
    ]
    return f"{found.count(200)} of {len(found)} guesses were taken", found.count(200) <= 10


def _few_files(site: Site) -> tuple[str, bool]:
    """Forty connections at once, where the system grants 64 files."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        make_folder(data)
        with serving(data, files=64) as server, contextlib.ExitStack() as held:
            callers = [held.enter_context(contextlib.closing(Caller(server.port, patience=15))) for _ in range(40)]
            found = [
                caller.call("GET", f"/{address}").status for caller in callers for address in ("healthz", "readyz")
            ]
    return f"{len(found)} × {', '.join(map(str, sorted(set(found))))}", set(found) <= {200, 503}


ATTEMPTS: dict[str, Attempt] = {
    "bodies that stop after a byte, at the webhook": stalls(
        b"POST /webhooks/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n{"
    ),
    "bodies that stop after a byte, at a page": stalls(
        b"POST /connexion HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\na"
    ),
    "bodies in pieces that never end": stalls(
        b"POST /api/v1/decisions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"
    ),
    "headers that stop amid": stalls(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "),
    "answers that nobody reads": stalls(b"GET /api/docs HTTP/1.1\r\nhost: x\r\n\r\n" * 100),
    "marks piled on one letter, 60 kB of them": statuses(413, 422, 429, calls=_piles),
    "13,000 names repeated in JSON": statuses(422, calls=_repeated),
    "a rule of 200 large patterns": statuses(422, calls=_patterns),
    "texts and lists of an order without end": statuses(422, calls=_orders),
    "5,000 lines × 12,000 refunds of a shop": statuses(200, 422, calls=_refunds),
    "200 methods of 50 kB": _methods,
    "ways back that lead elsewhere": _ways_back,
    "numbers that no row and no clock has": statuses(401, 404, 422, calls=_numbers),
    "fields that no form has": statuses(302, calls=_forms),
    "endpoints that no page uses": statuses(404, calls=_closed),
    "one account in four spellings": _guesses,
    "40 connections at 64 files": _few_files,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=64, help="who stall at once")
    parser.add_argument("--only", help="attempts whose name holds this")
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        place = open_place(data, make_folder(data))
        ledger, now = place.house.services.ledger, place.house.now()
        shop = secrets.token_hex(32)
        ledger.write(lambda c: add_source(c, "boutique", secrets.token_bytes, now, kind=SHOPIFY, secret=shop))
        place.house.close()
        with serving(data) as server:
            site = Site(server, Signer(server.port, place.secret), shop, place.key, place.password, asked.callers)
            for name, attempt in ATTEMPTS.items():
                if asked.only is None or asked.only in name:
                    failed += not _told(site, name, attempt)
    return 1 if failed else 0


def _told(site: Site, name: str, attempt: Attempt) -> bool:
    """Try one, and say how it went; whatever it was, orders and health must be answered afterwards."""
    try:
        said, held = attempt(site)
        held = held and max(_answers(site)) < SOON
    except (OSError, AssertionError) as fault:
        said, held = f"{type(fault).__name__}: {fault}", False
    print(f"{'held' if held else 'FAILED':6}  {name}: {said}", flush=True)
    return held


if __name__ == "__main__":
    sys.exit(main())
