"""Bare Flask, `POST /api/v1/decisions` and the durable webhook, on the same kind of server in one run.

    python -m bench.service [--requests 4000] [--rounds 5]

Goals at 16 keep-alive connections: decisions at 0.80 of bare Flask's rate or more, the durable webhook
at 0.50 or more with its 99th percentile at 25 ms or less, where the disk allows. Rounds are
interleaved, so that what else the machine does falls on all three; the disk's own sync is timed in
the same run. Mail goes out while the webhook is measured, as it does at work; what is left of it then
leaves before the next door is measured, and how long that took is told.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from bench import load
from bench.load import Load
from tests.web.houses import make_folder, open_place, order
from tests.web.servers import Server, free_port

GOALS = {"decisions": 0.80, "webhook": 0.50}
P99 = 0.025
LISTEN = "import sys; from houblon.web.app.listening import listen; from houblon.web.app.serve import server; server('bench.bare:served', listen('127.0.0.1', int(sys.argv[1]))).serve()"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        place = open_place(data, make_folder(data), now=_now)
        place.house.close()
        port, bare = free_port(), None
        server = Server(data, free_port())
        try:
            bare = subprocess.Popen([sys.executable, "-c", LISTEN, str(port)], start_new_session=True)
            _wait(port)
            doors = {
                "bare": (port, _bare()),
                "decisions": (server.port, _decisions(place.key)),
                "webhook": (server.port, _webhooks(place.secret)),
            }
            runs, syncs, left = measure(doors, asked, data)
        finally:
            server.kill()
            if bare is not None:
                os.killpg(bare.pid, 9)
                bare.wait()
    return report(runs, syncs, left, asked.json)


def measure(
    doors: dict[str, tuple[int, Iterator[bytes]]], asked: argparse.Namespace, data: Path
) -> tuple[dict[str, list[Load]], list[float], float]:
    """Every door in each round, the first of which only warms up; how long the disk takes to sync, and the
    mail that the webhooks left behind to leave, in seconds."""
    runs: dict[str, list[Load]] = {name: [] for name in doors}
    syncs: list[float] = []
    left = 0.0
    for round_ in range(asked.rounds + 1):
        for name, (port, requests) in doors.items():
            count = asked.requests if round_ else 500
            # Made beforehand: what signing them costs the sender is not the server's.
            made = [next(requests) for _ in range(count)]
            done = load.run(port, iter(made), count, asked.connections)
            if set(done.statuses) != {200}:
                raise SystemExit(f"{name} answered {done.statuses}")
            if round_:
                runs[name].append(done)
        left += _emptied(data)
        syncs += sync_times(data)
    return runs, syncs, left


def _emptied(data: Path) -> float:
    """Wait until the outbox has nothing to send; seconds that it took."""
    began = time.perf_counter()
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        while ledger.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0]:
            time.sleep(0.1)
    return time.perf_counter() - began


def report(runs: dict[str, list[Load]], syncs: list[float], left: float, as_json: bool) -> int:
    """Print the medians; 1 where a goal is missed."""
    bare, met, figures = runs["bare"], True, {}
    for name, loads in runs.items():
        ratio = statistics.median(each.rate / base.rate for each, base in zip(loads, bare, strict=True))
        figures[name] = {
            "rate": round(statistics.median(each.rate for each in loads)),
            "of_bare": round(ratio, 3),
            "p50_ms": round(1e3 * statistics.median(each.percentile(0.50) for each in loads), 2),
            "p99_ms": round(1e3 * statistics.median(each.percentile(0.99) for each in loads), 2),
        }
        met = met and ratio >= GOALS.get(name, 0)
    met = met and figures["webhook"]["p99_ms"] <= 1e3 * P99
    disk = {"sync_p50_ms": _ms(syncs, 0.5), "sync_p99_ms": _ms(syncs, 0.99)}
    if as_json:
        print(json.dumps({"doors": figures, "disk": disk, "mail_left_s": round(left, 1), "met": met}))
    else:
        for name, said in figures.items():
            print(f"{name:10} {said['rate']:6} /s   {said['of_bare']:5.2f} of bare Flask", end="   ")
            print(f"p50 {said['p50_ms']:6.2f} ms   p99 {said['p99_ms']:6.2f} ms")
        print(f"disk       write and sync of 4 kB: p50 {disk['sync_p50_ms']} ms, p99 {disk['sync_p99_ms']} ms")
        print(f"mail       {left:.1f} s in all until the outbox was empty again")
        print("goals", "met" if met else "missed", GOALS, f"p99 of the webhook {1e3 * P99:.0f} ms")
    return 0 if met else 1


def sync_times(folder: Path, count: int = 40) -> list[float]:
    """Seconds that a write of 4 kB and its sync take on this disk."""
    taken = []
    with open(folder / "synced", "wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(b"\0" * 4_096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return taken


def _ms(taken: list[float], share: float) -> float:
    return round(1e3 * sorted(taken)[int(len(taken) * share)], 2)


def _bare() -> Iterator[bytes]:
    request = load.request_bytes("/bare", {"content-type": "application/json"}, json.dumps(_order(1)).encode())
    while True:
        yield request


def _decisions(key: str) -> Iterator[bytes]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = load.request_bytes("/api/v1/decisions", headers, json.dumps({"order": _order(1)}).encode())
    while True:
        yield request


def _webhooks(secret: str) -> Iterator[bytes]:
    """Orders that never came before, each with a signature of its own, from five hundred retailers."""
    number, key = 0, base64.b64decode(secret.removeprefix("whsec_"))
    while True:
        number += 1
        body, stamp, id_ = json.dumps(_order(number)).encode(), int(time.time()), f"msg_{number}"
        digest = hmac.digest(key, b"%s.%d.%s" % (id_.encode(), stamp, body), hashlib.sha256)
        headers = {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(stamp),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        yield load.request_bytes("/webhooks/orders", headers, body)


def _order(number: int) -> dict[str, Any]:
    """Three in four are accepted and invoiced, one is held: as a brewery's day goes."""
    lines = [
        {"sku": f"SKU-{line}", "category": "ipa", "quantity": 6 if number % 4 else 2, "unit_price": "27.00"}
        for line in range(5)
    ]
    return order(f"PO-{number}", buyer=f"detaillant-{number % 500}", lines=lines)


def _now() -> Any:
    from houblon.web.foundation.composition import utc_now

    return utc_now()


def _wait(port: int) -> None:
    import socket

    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("bare Flask does not listen")


if __name__ == "__main__":
    sys.exit(main())
