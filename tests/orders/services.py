"""Services over real stores in a folder: Tous as in the demonstration, and a group of bad payers."""

import json
import shutil
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from houblon.engine.decide.evaluate import Installation
from houblon.orders.db import tables
from houblon.orders.db.ledger import make_ledger
from houblon.orders.db.snapshot import database_file
from houblon.orders.handling.receive import receive
from houblon.orders.intake.decode import read_order
from houblon.orders.retailers.memberships import set_memberships
from houblon.orders.services import Seller, Services
from houblon.rules.model.statements import Edit
from houblon.rules.policies import Policies
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from tests.clock import NOW, START
from tests.databases import url_of

TOUS: dict[str, Any] = {
    "id": "tous",
    "name": "Tous",
    "settings": {
        "acceptance.mode": "automatic",
        "acceptance.minimum_items": 24,
        "acceptance.minimum_value": "200.00",
        "acceptance.amendable": False,
        "invoicing.trigger": "on_acceptance",
        "invoicing.terms": {"kind": "net", "days": 30},
        "invoicing.discount_percent": None,
        "invoicing.tax_exempt": False,
        "invoicing.deposit_exempt": False,
        "invoicing.note": None,
        "invoicing.reminders": None,
        "messages.before_order": None,
        "messages.confirmation": None,
        "messages.order_note": None,
        "messages.reminder": None,
        "notifications.buyer": ["order.accepted", "order.held", "order.refused", "invoice.issued"],
        "notifications.team": {"events": ["order.held"], "to": []},
    },
    "rules": {},
}
BAD_PAYERS = {
    "id": "payeurs-a-risque",
    "name": "Payeurs à risque",
    "rank": 10,
    "settings": {"acceptance.mode": "manual"},
    "rules": {},
}
TRANSBROUE = {
    "id": "transbroue",
    "name": "Transbroue",
    "timezone": "America/Toronto",
    "dtstart": "2021-05-06",
    "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
}
SELLER = Seller(
    "Brasserie du Test", "1, rue du Houblon\nMontréal", "ventes@example.com", "123456789 RT0001", "1234567890 TQ0001"
)


def group(id: str, rank: int, rules: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """A group document; `acceptance_mode="manual"` states `acceptance.mode`."""
    stated = {path.replace("_", ".", 1): value for path, value in settings.items()}
    return {"id": id, "name": id.replace("-", " ").capitalize(), "rank": rank, "settings": stated, "rules": rules or {}}


def tous(rules: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Tous with some settings changed."""
    stated = {path.replace("_", ".", 1): value for path, value in settings.items()}
    return {**TOUS, "settings": {**TOUS["settings"], **stated}, "rules": rules or {}}


def publish_groups(store: Any, *groups: dict[str, Any], at: datetime = START) -> Any:
    edits = [Edit("group", each["id"], each) for each in groups]
    return publish(store, edits, author="anne", note="", at=at)


def make_services(folder: Any, *groups: dict[str, Any], url: str | None = None) -> Services:
    """New services; `groups` replace those of the same id. The caller closes their ledger."""
    store = open_store(folder)
    documents = {each["id"]: each for each in (TOUS, BAD_PAYERS, *groups)}
    edits = [Edit("group", id, document) for id, document in documents.items()]
    publish(store, [*edits, Edit("cycle", "transbroue", TRANSBROUE)], author="anne", note="", at=START)
    return open_services(folder, url)


def open_services(folder: Any, url: str | None = None) -> Services:
    """Services over what is in `folder` already; a ledger that is not begins as a copy of an empty one."""
    path = database_file(url or url_of(folder))
    if path is not None and not path.exists():
        shutil.copy(Path(_empty().name) / "ledger.db", path)
    ledger = make_ledger(url or url_of(folder))
    installation = Installation(ZoneInfo("America/Toronto"), "CAD")
    return Services(ledger, Policies(open_store(folder)), installation, SELLER, "https://houblon.example", "s3cret")


@cache
def _empty() -> TemporaryDirectory[str]:
    """A ledger that all migrations made, once for a process: they took most of a test's time."""
    folder = TemporaryDirectory(prefix="houblon-ledger-")
    make_ledger(f"sqlite:///{folder.name}/ledger.db").close()
    return folder


def join(services: Services, retailer: str, *groups: str) -> None:
    services.ledger.write(lambda connection: set_memberships(connection, {retailer: groups}, START))


def order_body(id: str = "PO-1", items: int = 24, price: str = "54.00", buyer: Any = None, **members: Any) -> bytes:
    """An order that Tous accepts unless something is changed."""
    known = {"id": "depanneur-42", "name": "Dépanneur du Coin", "email": "coin@example.com", "language": "fr"}
    document = {
        "id": id,
        "placed_at": "2021-05-12T09:30:00-04:00",
        "buyer": {**known, **(buyer or {})},
        "lines": [{"sku": "IPA-24", "name": "IPA, caisse de 24", "quantity": items, "unit_price": price}],
        **members,
    }
    return json.dumps(document).encode()


def send(
    services: Services,
    body: bytes | None = None,
    *,
    at: datetime = NOW,
    webhook_id: str | None = None,
    source: str = "boutique",
    buyer_source: str = "",
) -> Any:
    """Receive a body as the webhook does."""
    body = order_body() if body is None else body
    order = read_order(body)
    return receive(services, body, order, source=source, at=at, webhook_id=webhook_id, buyer_source=buyer_source)


def later(**delta: float) -> datetime:
    return NOW + timedelta(**delta)


def rows(services: Services, table: Any) -> list[Any]:
    """A table's rows, in the order they were made."""
    made = [table.c.created_at] if "created_at" in table.c else []
    with services.ledger.reading() as connection:
        return list(connection.execute(table.select().order_by(*made, *table.primary_key.columns)))


def order_moves(services: Services) -> list[Any]:
    """The moves of orders, without those of their invoices."""
    return [row for row in rows(services, tables.transitions) if row.invoice_key is None]


def invoice_moves(services: Services) -> list[Any]:
    return [row for row in rows(services, tables.transitions) if row.invoice_key is not None]


def drop_guards(connection: Connection) -> None:
    """Open the audit log to changes, as somebody with the database in hand could."""
    guards = {
        "sqlite": ("audit_no_update", "audit_no_delete"),
        "postgresql": ("audit_append_only ON audit", "audit_no_update ON audit"),
    }
    for name in guards[connection.dialect.name]:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
