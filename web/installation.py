"""A new installation: its folder, Tous with its defaults, the administrator, demonstration data."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files

from engine.problem import refuse
from orders import demo as demonstration
from orders.desk import Conflict, Seller
from orders.intake import read_order
from orders.outbox import deliver_due
from orders.receive import receive
from orders.retailers import set_memberships
from orders.review import accept as accept_order
from orders.review import refuse as refuse_order
from rules.bundle import read_bundle
from rules.publish import publish
from rules.statements import Edit
from web import create_app
from web.acts import note_versions
from web.auth import add_account
from web.composition import House, Profile, assemble, begin_folder, is_initialised, write_profile
from web.settings import Settings

AUTHOR = "houblon"
_REVIEWER = "marie@faubourg.example"
_REVIEWED_AFTER, _UNREVIEWED = timedelta(hours=5), timedelta(days=3)


def initialise(settings: Settings, *, demo: bool, admin: str, now: datetime, tell: Callable[[str], None]) -> str:
    """Make the installation and return the administrator's password. Raises Invalid when there is one."""
    if is_initialised(settings.data):
        raise refuse(
            "exists",
            "",
            f"Une installation existe déjà dans {settings.data}.",
            f"There is an installation in {settings.data} already.",
        )
    profile = Profile(seller=demonstration.BREWERY if demo else Seller("Houblon"))
    begin_folder(settings.data)
    house = assemble(settings, profile, now=lambda: now)
    try:
        began = _history_began(now) if demo else now
        tous = json.loads(files("rules").joinpath("tous.json").read_text(encoding="utf-8"))
        edits = [Edit("group", "tous", tous)]
        publish(house.store, edits, author=AUTHOR, note="installation", at=began, base=0)
        if demo:
            _demonstrate(house, now, tell)
        password = secrets.token_urlsafe(12)
        add_account(create_app(house), admin, password)
        note_versions(house, "shell")
    finally:
        house.close()
    write_profile(settings.data, profile)
    return password


def _history_began(now: datetime) -> datetime:
    return now - timedelta(days=demonstration.DAYS + 1)


def _demonstrate(house: House, now: datetime, tell: Callable[[str], None]) -> None:
    """Publish the demonstration's groups before its first order, then let the product decide them."""
    began = _history_began(now) + timedelta(minutes=1)
    bundle = read_bundle(demonstration.bundle(), house.store.content(1))
    publish(house.store, bundle.edits, author=AUTHOR, note="démonstration", at=began, base=1)
    house.desk.ledger.write(lambda connection: set_memberships(connection, bundle.memberships, began))
    orders = demonstration.orders(now)
    tell(f"Deciding {len(orders)} demonstration orders ...")
    _live_through(house, orders, now)
    while deliver_due(house.desk.ledger, Nowhere(), now):
        pass


def _live_through(house: House, orders: list[tuple[datetime, bytes]], now: datetime) -> None:
    """Receive the orders in time; a person settles what was held a few hours later, all but the last days'."""
    waiting: list[tuple[datetime, int]] = []
    for number, (at, body) in enumerate(orders, 1):
        while waiting and waiting[0][0] <= at:
            due, key = waiting.pop(0)
            _review(house, key, due, refused=key % 6 == 0)
        received = receive(house.desk, body, read_order(body), source="demo", at=at)
        if received.document["outcome"] == "held" and at < now - _UNREVIEWED:
            waiting.append((at + _REVIEWED_AFTER, number))


def _review(house: House, key: int, at: datetime, refused: bool) -> None:
    try:
        if refused:
            refuse_order(house.desk, key, by=_REVIEWER, at=at, why="demande du détaillant")
        else:
            accept_order(house.desk, key, by=_REVIEWER, at=at)
    except Conflict:
        # A product is unavailable: the brewery says no.
        refuse_order(house.desk, key, by=_REVIEWER, at=at, why="produit indisponible")


class Nowhere:
    """Takes the demonstration's messages: its buyers are fictional, and theirs count as sent."""

    def send(self, id: str, recipient: str, message: dict[str, str]) -> None:
        pass
