"""A random stretch of a brewery's days: orders invoiced, credited, paid, reversed, cancelled, at awkward instants."""

import random
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, lifecycle
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.payments import Payment, payments_of
from houblon.orders.invoicing.shares import quantities_of
from houblon.orders.services import Conflict, Services
from tests.orders.services import make_services, order_body, rows, send, tous

ZONE = ZoneInfo("America/Toronto")
# The first and last minutes of days, and those of a night that has an hour too many, and one too few.
_TIMES = ((0, 0), (0, 1), (1, 30), (2, 30), (12, 0), (19, 30), (20, 30), (23, 59))
_FIRST, _DAYS = date(2021, 1, 1), 430


def lived(folder: Any, seed: int, orders: int, url: str | None = None) -> Services:
    """A ledger with so many orders and what became of them."""
    chance = random.Random(seed)
    free = {"acceptance_minimum_items": None, "acceptance_minimum_value": None, "invoicing_discount__percent": None}
    settings = {path.replace("__", "_"): value for path, value in free.items()}
    services = make_services(folder, tous(**settings), url=url)
    for number in range(orders):
        _one(services, chance, f"A-{number}")
    return services


def _one(services: Services, chance: random.Random, id: str) -> None:
    at = _instant(chance, _FIRST + timedelta(days=chance.randrange(_DAYS)))
    province = chance.choice(("QC", "QC", "ON", "AB", "PE"))
    buyer = {"id": f"d-{chance.randrange(9)}", "province": province, "language": chance.choice(("fr", "en"))}
    said: dict[str, Any] = {"lines": [_line(chance) for _ in range(chance.randint(1, 4))], "placed_at": at.isoformat()}
    if chance.random() < 0.4:
        kinds = ("shipping", "fee", "tip", "gift_card", "discount")
        said["charges"] = [_charge(chance, chance.choice(kinds)) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.2:
        said["payment"] = {"state": "paid", "reference": "ch_1"}
    if chance.random() < 0.1:
        said["tax_exempt"] = True
    send(services, order_body(id, buyer=buyer, **said), at=at)
    key = next(row.key for row in rows(services, tables.orders) if row.order_id == id)
    for _ in range(chance.randint(0, 5)):
        at = _instant(chance, at.astimezone(ZONE).date() + timedelta(days=chance.choice((0, 1, 20, 45))), at)
        _act(services, chance, key, at)


def _act(services: Services, chance: random.Random, key: int, at: datetime) -> None:
    with services.ledger.reading() as connection:
        kind = tables.invoices.c.kind == "invoice"
        query = tables.invoices.select().where(tables.invoices.c.order_key == key, kind)
        invoice = connection.execute(query).one_or_none()
        entries = payments_of(connection, invoice.key) if invoice else []
    if invoice is None:
        return
    quantities, first = quantities_of(invoice.document), invoice.issued_at.astimezone(ZONE).date()
    day = first + timedelta(days=chance.randint(0, (at.astimezone(ZONE).date() - first).days))
    by: dict[str, Any] = {"by": "anne", "at": at}
    try:
        match chance.choice(("pay", "pay", "rest", "reverse", "credit", "credit", "cancel")):
            case "pay":
                payments.pay(services, invoice.key, Payment(chance.randint(1, 90_000), day), **by)
            case "rest":
                payments.pay_rest(services, invoice.key, on=day, **by)
            case "reverse" if entries:
                payments.reverse(services, invoice.key, chance.choice(entries).key, **by)
            case "credit":
                asked = tuple(Asked(number, chance.randint(0, quantity)) for number, quantity in quantities.items())
                credit_notes.credit(services, invoice.key, asked, Words(), **by)
            case "cancel":
                lifecycle.cancel(services, key, was="accepted", why="non", **by)
    except (Conflict, Invalid):
        pass  # what can't be is refused, and leaves nothing


def _instant(chance: random.Random, day: date, after: datetime | None = None) -> datetime:
    hour, minute = chance.choice(_TIMES)
    at = datetime(day.year, day.month, day.day, hour, minute, 41, 123457, tzinfo=ZONE)
    return at if after is None else max(at, after)


def _line(chance: random.Random) -> dict[str, Any]:
    quantity, price = chance.randint(1, 30), chance.choice((0, 1, chance.randint(1, 9_999)))
    return {
        "sku": chance.choice(("=1+1", "IPA-24", "BLO-50")),
        "quantity": quantity,
        "unit_price": dollars(price),
        "discount": dollars(chance.choice((0, 0, chance.randint(0, quantity * price)))),
        "deposit": dollars(chance.choice((0, 10, 240, 5_000))),
        "deposit_taxable": chance.random() < 0.4,
        "taxable": chance.random() < 0.8,
    }


def _charge(chance: random.Random, kind: str) -> dict[str, Any]:
    amount = chance.randint(1, 4_000) * (-1 if kind in ("discount", "gift_card") else 1)
    return {"kind": kind, "amount": dollars(amount), "taxable": chance.random() < 0.5}
