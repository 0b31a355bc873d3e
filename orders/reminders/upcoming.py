"""Who will be reminded of what, and when, as things stand: told ahead of time."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial

import msgspec
from sqlalchemy import Connection, select

from houblon.engine.policy.reminders import EARLIEST, Step
from houblon.orders.db.tables import invoices, orders
from houblon.orders.mail.content import EmailContent
from houblon.orders.queries.lists import BALANCE, OWED
from houblon.orders.reminders.calendar import Calendar
from houblon.orders.reminders.due import steps_to_come
from houblon.orders.reminders.owed import Account, OpenInvoice, accounts_of
from houblon.orders.reminders.remind import Groups, due_of, email_of
from houblon.orders.services import Services

AHEAD = timedelta(days=30)


class Reminded(msgspec.Struct, frozen=True):
    """An invoice, and how many days after it was due it calls for the reminder."""

    invoice: OpenInvoice
    days: int


class Upcoming(msgspec.Struct, frozen=True):
    """One mail to come: on which day, to whom, which invoices call for it, and what it will list as things stand."""

    on: date
    account: Account
    reminded: tuple[Reminded, ...]


def upcoming(services: Services, now: datetime, retailer_id: str | None = None) -> list[Upcoming]:
    """The mails of today that are not written yet and of the next thirty days, the first ones first."""
    calendar = Calendar(services, now)
    anywhere = calendar.days_anywhere(calendar.today + AHEAD)
    if not anywhere:
        return []
    with services.ledger.reading() as connection:
        ids = _retailers(connection, calendar, anywhere) if retailer_id is None else {retailer_id}
        groups = calendar.groups(connection, sorted(ids))
        accounts = accounts_of(connection, services, ids)
    found = [each for account in accounts for each in _of_account(account, calendar, groups, anywhere)]
    return sorted(found, key=lambda each: (each.on, each.account.name.casefold(), each.account.card_id))


def email_to_come(services: Services, found: Upcoming, now: datetime) -> EmailContent:
    """The mail as it would be written on its day, as things stand."""
    calendar = Calendar(services, now)
    with services.ledger.reading() as connection:
        groups = calendar.groups(connection, [found.account.retailer_id])
    return email_of(services, found.account, calendar, groups, found.on)


def _of_account(account: Account, calendar: Calendar, groups: Groups, anywhere: frozenset[int]) -> Iterator[Upcoming]:
    if account.total <= 0:
        return
    by_day: dict[date, list[Reminded]] = {}
    now_due = due_of(account, calendar, groups)
    for invoice in account.reminded_of:
        if invoice.key in now_due:
            by_day.setdefault(calendar.today, []).append(Reminded(invoice, now_due[invoice.key].days))
        for step in _steps(account, invoice, calendar, groups, anywhere):
            by_day.setdefault(step.on, []).append(Reminded(invoice, step.days))
    for on, reminded in sorted(by_day.items()):
        yield Upcoming(on, account, tuple(reminded))


def _steps(
    account: Account, invoice: OpenInvoice, calendar: Calendar, groups: Groups, anywhere: frozenset[int]
) -> Iterator[Step]:
    if invoice.balance <= 0 or invoice.due_on is None:
        return
    counts = partial(calendar.counts, account.retailer_id, groups.get(account.retailer_id, ()), invoice)
    today, until = calendar.today, calendar.today + AHEAD
    yield from steps_to_come(invoice.due_on, invoice.issued_on, today, until, invoice.past, anywhere, counts)


def _retailers(connection: Connection, calendar: Calendar, anywhere: frozenset[int]) -> set[str]:
    """Those who owe something of which a day may come; a day that has come is looked at as well."""
    latest = (calendar.today + AHEAD - timedelta(days=EARLIEST)).isoformat()
    query = (
        select(orders.c.retailer_id)
        .join(invoices, orders.c.key == invoices.c.order_key)
        .where(OWED, BALANCE > 0, invoices.c.due_date <= latest)
        .distinct()
    )
    return set(connection.execute(query).scalars())
