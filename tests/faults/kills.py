"""Rounds of kill -9 of the real server under webhooks, reviews and edits, and what must be true after them."""

import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from sqlalchemy import select

from houblon.orders.db.tables import invoices, orders, transitions
from houblon.web.cli.check import check_installation
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import Settings
from tests.web.houses import ADMIN, order, token_of
from tests.web.houses import field as field_of
from tests.web.servers import Server, free_port, send

SENDERS = 6  # enough that the server begins a writer process, where it has the time
# Every so many rounds the kill waits for one, so that it dies amid its work too.
WITH_WRITER_PROCESS, PATIENCE = 3, 5.0


@dataclass
class Answered:
    """What the server said before it was killed: each must still be true."""

    decisions: dict[str, str] = field(default_factory=dict)
    accepted: set[int] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    starts: list[float] = field(default_factory=list)
    writer_processes: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{len(self.starts)} kills, {self.writer_processes} with a writer process, {len(self.decisions)} decisions, {len(self.accepted)} reviews and "
            f"{len(self.groups)} edits answered; slowest restart {max(self.starts):.2f} s"
        )


class Person:
    """Somebody at the pages: signed in once, for the session outlives the server."""

    def __init__(self, address: str, password: str):
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), _NoRedirect())
        page = self.get(f"{address}/connexion")
        form = {"email": ADMIN, "password": password, "csrf_token": token_of(page)}
        assert self.post(f"{address}/connexion", form) == 302

    def get(self, address: str) -> str:
        with self._opener.open(address, timeout=10) as answer:
            return answer.read().decode()

    def post(self, address: str, form: dict[str, str]) -> int:
        body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(address, body, {"Referer": address}, method="POST")
        try:
            with self._opener.open(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            return refusal.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


def kill_rounds(data: Path, secret: str, password: str, kills: int, chance: random.Random, name: str = "") -> Answered:
    """Start the server, work at it from all sides, kill it in the middle; `kills` times.

    `name` tells this call's orders and groups from those of others on the same installation.
    """
    answered, person, port = Answered(), None, free_port()
    for round_ in range(kills):
        began = time.monotonic()
        server = Server(data, port)
        try:
            assert server.said.startswith("listening on"), "the server did not start again"
            answered.starts.append(time.monotonic() - began)
            person = person or Person(server.address, password)
            patience = PATIENCE if round_ % WITH_WRITER_PROCESS == 0 else 0.0
            _work_until_killed(server, secret, person, f"{name}{round_}", answered, chance, patience)
        finally:
            server.kill()
    return answered


def _work_until_killed(
    server: Server,
    secret: str,
    person: Person,
    round_: str,
    answered: Answered,
    chance: random.Random,
    patience: float,
) -> None:
    """Kill it in the middle of all that; only once there is a writer process, where `patience` lasts for that."""
    stop = threading.Event()

    def keep(work: Callable[[int], None]) -> None:
        number = 0
        while not stop.is_set():
            try:
                work(number)
            except (OSError, HTTPException, ValueError, IndexError):
                if not stop.is_set():
                    time.sleep(0.01)  # killed in the middle of an answer, or nothing to do yet
            number += 1

    works = _works(server, secret, person, round_, answered)
    threads = [threading.Thread(target=keep, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience
    while not server.writer_processes() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(chance.uniform(0.1, 1.0))
    answered.writer_processes += len(server.writer_processes())
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()


def _works(server: Server, secret: str, person: Person, round_: str, answered: Answered) -> list[Callable[[int], None]]:
    """What senders and a person do, each with the number of the time."""

    def sends(sender: int) -> Callable[[int], None]:
        def work(number: int) -> None:
            id = f"K-{round_}-{sender}-{number}"
            status, decision = send(server.address, secret, order(id, items=24 - number % 2), id)
            if status == 200:
                answered.decisions[id] = decision["outcome"]
            else:
                answered.faults.append(f"{id} was answered {status}: {decision}")

        return work

    def reviews(number: int) -> None:
        page = person.get(f"{server.address}/file")
        key = int(re.search(r"/file/(\d+)/accepter", page)[1])  # type: ignore[index]
        form = {"csrf_token": token_of(page), "vu": field_of(page, "vu")}
        if person.post(f"{server.address}/file/{key}/accepter", form) == 302:
            answered.accepted.add(key)

    def edits(number: int) -> None:
        page, name = person.get(f"{server.address}/groupes"), f"Groupe {round_} {number}"
        form = {"csrf_token": token_of(page), "etag": field_of(page, "etag"), "nom": name}
        if person.post(f"{server.address}/groupes", form) == 302:
            answered.groups.add(name)

    def people(number: int) -> None:
        # One session: its cookie says which draft it works in.
        (edits if number % 3 == 0 else reviews)(number)

    return [*(sends(sender) for sender in range(SENDERS)), people]


def verify(data: Path, answered: Answered) -> None:
    """Every answer is still true, no invoice is doubled, missing or out of sequence, and the check passes."""
    assert not answered.faults, answered.faults[:5]
    house = open_house(Settings.from_env({}, data))
    try:
        with house.services.ledger.reading() as connection:
            kept = {row.order_id: row for row in connection.execute(select(orders))}
            issued = connection.execute(select(invoices).order_by(invoices.c.key)).all()
            moved = set(connection.execute(select(transitions.c.order_key).where(transitions.c.who == ADMIN)).scalars())
        by_key = {row.key: row for row in kept.values()}
        for id, outcome in answered.decisions.items():
            assert id in kept, f"{id} was answered and is gone"
            assert kept[id].state == outcome or kept[id].key in moved, f"{id} was {outcome}"
        for key in answered.accepted:
            assert by_key[key].state == "accepted", f"the review of order {key} was answered and is gone"
        for year in {row.year for row in issued}:
            sequences = [row.sequence for row in issued if row.year == year]
            assert sequences == list(range(1, len(sequences) + 1)), "an invoice is missing or out of sequence"
        invoiced = [row.order_key for row in issued]
        assert len(set(invoiced)) == len(invoiced), "an order is invoiced twice"
        assert set(invoiced) == {row.key for row in kept.values() if row.state == "accepted"}
        drafts = json.dumps([str(each) for each in house.store.history().proposals.values()], ensure_ascii=False)
        assert all(f"'{name}'" in drafts for name in answered.groups), "an edit was answered and is gone"
        assert check_installation(house).problems == ()
    finally:
        house.close()
