"""Installations for tests: the seed's policy in a folder, an app over it, a clock that stands still."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from flask_security.utils import hash_password
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import update

from houblon.orders.credentials.credentials import add_key, add_source
from houblon.orders.retailers.memberships import set_memberships
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.publishing.publish import publish
from houblon.web.access.accounts import accounts
from houblon.web.app.app import create_app
from houblon.web.cli.installation import initialise
from houblon.web.cli.main import main
from houblon.web.foundation.composition import House, open_house
from houblon.web.foundation.settings import Settings
from houblon.web.ingest.signatures import sign
from tests.clock import NOW
from tests.databases import copy_ledger, environ_of

NOTHING: Mapping[str, str] = {}
ADMIN = "admin@houblon.example"
SEED: dict[str, Any] = {
    "houblon": 1,
    "groups": [
        {
            "id": "tous",
            "name": "Tous",
            "settings": {
                "acceptance.mode": "automatic",
                "acceptance.minimum_items": 24,
                "acceptance.minimum_value": "200.00",
                "invoicing.trigger": "on_acceptance",
                "invoicing.terms": {"kind": "net", "days": 30},
            },
        },
        {"id": "payeurs-a-risque", "name": "Payeurs à risque", "rank": 10, "settings": {"acceptance.mode": "manual"}},
    ],
    "memberships": {"risque-1": ["payeurs-a-risque"]},
    "cycles": [
        {
            "id": "transbroue",
            "name": "Transbroue",
            "timezone": "America/Toronto",
            "dtstart": "2021-05-06",
            "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
            "exdates": [],
            "rdates": [],
            "cut_off": None,
            "holidays": "ignore",
        }
    ],
}


@dataclass(frozen=True)
class Place:
    """An installation that a test may use up."""

    house: House
    app: Flask
    password: str
    secret: str
    key: str

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def signed_in(self, email: str = ADMIN, password: str | None = None) -> FlaskClient:
        client = self.client()
        page = client.get("/connexion").get_data(as_text=True)
        form = {"email": email, "password": password or self.password, "csrf_token": token_of(page)}
        assert client.post("/connexion", data=form).status_code == 302
        return client

    def send(self, order: dict[str, Any], id: str, client: FlaskClient | None = None) -> Any:
        """The order at the webhook's door, signed now."""
        body = json.dumps(order).encode()
        headers = sign(self.secret, id, self.house.now(), body)
        return (client or self.client()).post("/webhooks/orders", data=body, headers=headers)


def order(
    id: str = "PO-1", items: int = 24, buyer: str = "comptoir-1", price: str = "27.00", **members: Any
) -> dict[str, Any]:
    return {
        "id": id,
        "placed_at": "2021-05-12T09:30:00-04:00",
        "buyer": {"id": buyer, "name": "Comptoir du Coin", "email": "achats@comptoir.example"},
        "distributor": "transbroue",
        "lines": [{"sku": "IPA-24", "quantity": items, "unit_price": price}],
        **members,
    }


def settings_of(folder: Path, environ: Mapping[str, str] = NOTHING) -> Settings:
    """The settings of the installation in a folder, wherever its ledger is."""
    return Settings.from_env({**environ_of(folder), **environ}, folder)


def shell(arguments: Sequence[Any], input: Any = None) -> Result:
    """A command of `houblon`, in the environment in which the installation that it names is found."""
    words = [str(each) for each in arguments]
    folder = words[words.index("--data") + 1] if "--data" in words else None
    return CliRunner().invoke(main, words, input=input, env=environ_of(Path(folder)) if folder else None)


def make_folder(folder: Path, environ: Mapping[str, str] = NOTHING) -> str:
    """An installation with the seed's policy; the administrator's password."""
    settings = settings_of(folder, environ)
    password = initialise(settings, demo=False, admin=ADMIN, now=NOW, progress=lambda line: None)
    house = open_house(settings, now=lambda: NOW)
    bundle = read_bundle(SEED, house.store.content(1))
    publish(house.store, bundle.edits, author="marie", note="graine", at=NOW, base=1)
    house.services.ledger.write(lambda connection: set_memberships(connection, bundle.memberships, NOW))
    with app_over(house).app_context():
        hashed = hash_password(password)
    house.services.ledger.write(
        lambda connection: connection.execute(update(accounts).where(accounts.c.email == ADMIN).values(password=hashed))
    )
    house.close()
    return password


def app_over(house: House) -> Flask:
    """The app over an open house, made cheap to sign in to and to read pages of."""
    app = create_app(house)
    # The same hashing, at a small part of its cost: tests sign in often.
    app.extensions["security"].pwd_context.update(argon2__rounds=1, argon2__memory_cost=64, argon2__parallelism=1)
    app.jinja_env.bytecode_cache = _COMPILED
    return app


def open_place(
    folder: Path, password: str, now: Callable[[], datetime] = lambda: NOW, environ: Mapping[str, str] = NOTHING
) -> Place:
    house = open_house(settings_of(folder, environ), now=now)
    random = lambda count: bytes(range(count))  # noqa: E731
    secret = house.services.ledger.write(lambda connection: add_source(connection, "essai", random, NOW))
    key = house.services.ledger.write(lambda connection: add_key(connection, "essai", ["decide", "read"], random, NOW))
    return Place(house, app_over(house), password, secret, key)


class _Compiled(BytecodeCache):
    """Templates compiled once for every app of a test run."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def copy_of(template: Path, folder: Path) -> Path:
    """A fresh copy of an installation: cheaper than making one."""
    shutil.copytree(template, folder)
    copy_ledger(template, folder)
    return folder


def token_of(page: str) -> str:
    """The CSRF token of a page's first form."""
    return page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]


def field(page: str, name: str) -> str:
    """The value of a page's first hidden field of this name."""
    return page.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]
