"""A brewery whose buyers are reminded three days before an invoice is due, and 7 and 21 days after."""

from datetime import date, datetime, time, timedelta
from typing import Any

from houblon.orders.db import tables
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.payments import Payment
from houblon.orders.reminders.remind import remind_due
from houblon.orders.reminders.renew import renew
from tests.clock import MONTREAL, NOW, day_of
from tests.orders.services import make_services, order_body, rows, send, tous

DAYS = {"days": [-3, 7, 21]}
# An order of NOW is to be paid in thirty days, and comes to this.
DUE, TOTAL = day_of(NOW) + timedelta(days=30), 149_008


def house(folder: Any, **settings: Any) -> Any:
    return make_services(folder, tous(**{"invoicing_reminders": DAYS, **settings}))


def morning(on: date, at: time = time(9)) -> datetime:
    return datetime.combine(on, at, MONTREAL)


def after_due(days: int, at: time = time(9)) -> datetime:
    """So many days after the first invoice was due."""
    return morning(DUE + timedelta(days=days), at)


def order(services: Any, id: str = "PO-1", at: datetime = NOW, **members: Any) -> None:
    send(services, order_body(id, **members), at=at)


def pay(services: Any, amount: int, at: datetime, key: int = 1) -> Any:
    return payments.pay(services, key, Payment(amount, day_of(at)), by="anne", at=at)


def work(services: Any, at: datetime) -> int:
    """What the server does again and again: what waits is brought up to date, what is due is written."""
    renew(services, at)
    return remind_due(services, at)


def letters(services: Any) -> list[Any]:
    return [row for row in rows(services, tables.outbox) if row.event == "invoice.reminded"]


def steps(services: Any) -> list[tuple[int, int]]:
    """The invoice and the days of each reminder that a day called for."""
    return [(row.invoice_key, row.days) for row in rows(services, tables.reminders) if row.step is not None]


class Post:
    """Takes mails, and keeps what they said."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def send(self, id: str, recipient: str, message: Any) -> None:
        self.taken.append(message)
