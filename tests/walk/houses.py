"""The installation that is walked through: the demonstration as `make run` serves it, somebody of every role, mail."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.routing import Map

from houblon.web.access.permissions import ROLES
from houblon.web.foundation.composition import utc_now
from tests.orders.intake.test_mapping import shopify
from tests.walk.visitor import Visitor
from tests.web.houses import ADMIN, open_place, order
from tests.web.ingest.test_shops import SECRET, add_shop
from tests.web.people import PASSWORD, address_of, populate
from tests.web.servers import Server, free_port, send, send_from_shop

ENDPOINT = "https://compta.example/webhooks"
_WAIT = 60  # seconds for what the server does by itself


@dataclass(frozen=True)
class Demonstration:
    """An installation at rest: where it is kept, who administers it, what its doors take."""

    data: Path
    environ: Mapping[str, str]
    password: str
    secret: str
    key: str
    routes: Map
    port: int  # always the same: its mails name it


@dataclass(frozen=True)
class Running:
    """The same, served."""

    made: Demonstration
    base: str
    log: Path

    def visitor(self, role: str, language: str) -> Visitor:
        who = Visitor(self.base, language, role)
        if role != "stranger":
            who.sign_in(address_of(role), PASSWORD)
        return who

    def visitors(self) -> Iterator[Visitor]:
        """Somebody of every role in both languages, who has the least to say first."""
        for role in ROLES:
            for language in ("fr", "en"):
                yield self.visitor(role, language)

    def links_in_mails(self) -> list[str]:
        found = []
        for each in sorted((self.made.data / "mail").glob("*.eml")):
            message = message_from_bytes(each.read_bytes(), policy=default)
            said = message.get_body(("plain",))
            assert said is not None, each
            found += re.findall(r"https?://[^\s<>]+", said.get_content())
        return found

    def complaints(self) -> list[str]:
        """What the server's log says of faults."""
        told = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [str(each)[:600] for each in told if each.get("level") in ("error", "critical")]


def install(folder: Path, environ: Mapping[str, str]) -> Demonstration:
    """`houblon init --demo`, and an account a role."""
    command = [
        sys.executable,
        "-m",
        "houblon.web.cli.main",
        "init",
        "--demo",
        "--admin",
        ADMIN,
        "--json",
        "--data",
        str(folder),
    ]
    made = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, check=True, text=True)
    password = json.loads(made.stdout)["password"]
    place = open_place(folder, password, now=utc_now, environ=environ)
    populate(place)
    add_shop(place, "shopify")
    place.house.close()
    return Demonstration(folder, environ, password, place.secret, place.key, place.app.url_map, free_port())


def copied(made: Demonstration, folder: Path, environ: Mapping[str, str]) -> Demonstration:
    """A copy that may be used up, of an installation at rest; on PostgreSQL, `environ` names a copy of its database."""
    shutil.copytree(made.data, folder)
    return replace(made, data=folder, environ=environ, port=free_port())


@contextmanager
def served(made: Demonstration, log: Path) -> Iterator[Running]:
    """The server of an installation, as `make run` starts it, at the clock as it is."""
    server = Server(made.data, made.port, {**os.environ, **made.environ}, log)
    try:
        yield Running(made, f"http://localhost:{server.port}", log)
        server.stop()
    finally:
        server.kill()


def furnish(running: Running) -> None:
    """What the demonstration has none of, by the doors that people use: orders just in, mail, a key, a simulation."""
    made = running.made
    unavailable = {"sku": "STO-12", "quantity": 24, "unit_price": "33.60", "available": False}
    come = [order("WEB-1", 36), order("WEB-2", 48), order("WEB-3", 3)]
    for each in [*come, order("WEB-4", lines=[*order()["lines"], unavailable])]:
        status, said = send(running.base, made.secret, each, f"msg_{each['id']}")
        assert status == 200, said
    for number in range(3):
        status, said = send(running.base, made.secret, {**order(f"WEB-R{number}"), "buyer": {}}, f"refused-{number}")
        assert status == 422, said
    _call_off(running)
    admin = running.visitor("administrator", "fr")
    press(admin, "/acces", "/acces", adresse="camille@houblon.example", role="editor", langue="fr")
    press(admin, "/webhooks-sortants", "/webhooks-sortants", url=ENDPOINT)
    press(admin, "/commandes?etat=held", "/vues/orders", nom="Ce qui attend")
    press(admin, "/simulations", "/simulations")
    press(running.visitor("stranger", "en"), "/mot-de-passe", "/mot-de-passe", email=address_of("viewer"))
    _wait("the simulation", lambda: "/export." in admin.open(_newest_simulation(admin)).text)
    _wait("the mails", lambda: {"/f/", "/invitation/", "/mot-de-passe/"} <= _ways_in(running.links_in_mails()))


def _call_off(running: Running) -> None:
    """A shop whose order was cancelled before it came."""
    line = {"id": 1, "sku": "IPA-24", "quantity": 24, "price": "27.00"}
    payload = shopify(name="#W-1", line_items=[line])
    gone = {**payload, "cancelled_at": "2021-05-12T10:00:00-04:00"}
    for topic, body in (("orders/cancelled", gone), ("orders/create", payload)):
        status, said = send_from_shop(running.base, SECRET, topic, body, topic)
        assert status == 200, said


def press(who: Visitor, page: str, action: str, **typed: str) -> None:
    """Fill in the form of a page that leads to `action`, and send it."""
    form = next(each for each in who.open(page).forms if urlsplit(each.action()).path == action)
    answer = who.send(form, form.buttons[0], typed)
    assert answer.status < 400, (action, answer.status)


def _newest_simulation(who: Visitor) -> str:
    return next(each for each in who.open("/simulations").links if re.search(r"/simulations/\w{8,}$", each))


def _ways_in(links: list[str]) -> set[str]:
    return {urlsplit(each).path.rpartition("/")[0] + "/" for each in links}


def _wait(what: str, is_there: Callable[[], bool]) -> None:
    until = time.monotonic() + _WAIT
    while not is_there():
        assert time.monotonic() < until, f"{what}: not after {_WAIT} s"
        time.sleep(0.1)
