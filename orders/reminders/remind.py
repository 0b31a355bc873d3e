"""Writes the reminders that are due: the mail and what it reminds of, in one transaction for each retailer."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, select

from houblon.engine.policy.reminders import EARLIEST, Step
from houblon.orders.db.tables import invoices, orders, outbox, reminders, retailers
from houblon.orders.events.message_ids import message_id
from houblon.orders.invoicing.links import invoice_link
from houblon.orders.invoicing.reminded import EVENT
from houblon.orders.mail.content import EmailContent, in_languages
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.mail.reminder import Line, reminder_email
from houblon.orders.queries.lists import BALANCE, OWED
from houblon.orders.reminders.calendar import Calendar, letter_of
from houblon.orders.reminders.due import NOTHING, Past, days_late, is_time, step_due
from houblon.orders.reminders.owed import Account, OpenInvoice, accounts_of, past_of
from houblon.orders.services import Services

Groups = dict[str, tuple[str, ...]]
Due = dict[int, Step]


def remind_due(services: Services, now: datetime) -> int:
    """Put what is due in the outbox, unless it is night; how many mails.

    Each retailer is a transaction of its own: whoever is killed in the middle goes on with the next one, and of two
    who come at once, the second finds done what the first one did.
    """
    if not is_time(now, services.installation.zone):
        return 0
    calendar = Calendar(services, now)
    anywhere = calendar.days_anywhere()
    if not anywhere:
        return 0
    with services.ledger.reading() as connection:
        retailer_ids = _retailers_with_due(connection, calendar, anywhere)
    works = (partial(_remind, services=services, calendar=calendar, retailer_id=id) for id in retailer_ids)
    return sum(services.ledger.record(work) for work in works)


def due_of(account: Account, calendar: Calendar, groups: Groups) -> Due:
    """The days of an account's invoices that call for a reminder today, by invoice; none where it owes nothing."""
    mine = groups.get(account.retailer_id, ())
    days = calendar.days(account.retailer_id, mine, calendar.today)
    if account.total <= 0 or any(each.past.written_on == calendar.today for each in account.reminded_of):
        return {}
    found = {}
    for invoice in account.reminded_of:
        if invoice.balance > 0 and invoice.due_on is not None:
            counts = partial(calendar.counts, account.retailer_id, mine, invoice)
            step = step_due(invoice.due_on, invoice.issued_on, calendar.today, invoice.past, days, counts)
            if step is not None:
                found[invoice.key] = step
    return found


def email_of(
    services: Services, account: Account, calendar: Calendar, groups: Groups, on: date | None = None
) -> EmailContent:
    """The letter about all that an account owes, as it is or will be written on a day; today unless it is given."""
    day = on or calendar.today
    policy = calendar.policy(account.retailer_id, groups.get(account.retailer_id, ()), day)
    lines = [_line(services, each, day) for each in account.reminded_of]
    words = letter_of(policy)
    return in_languages(
        account.languages, lambda language: reminder_email(account.name, lines, words, services.seller, language)
    )


def rows_of(account: Account, due: Due, calendar: Calendar, message: str, written_on: str) -> list[dict[str, Any]]:
    """What the ledger keeps of a letter: each invoice that it lists, and which day called for it."""
    return [
        {
            "order_key": each.order_key,
            "invoice_key": each.key,
            "step": due[each.key].on.isoformat() if each.key in due else None,
            "days": due[each.key].days if each.key in due else None,
            "written_on": written_on,
            "balance": each.balance,
            "message_id": message,
            "at": calendar.now,
        }
        for each in account.reminded_of
    ]


def _remind(connection: Connection, services: Services, calendar: Calendar, retailer_id: str) -> int:
    # Whoever else reminds this retailer, or stops that, waits.
    connection.execute(select(retailers.c.id).where(retailers.c.id == retailer_id).with_for_update())
    groups, count = calendar.groups(connection, [retailer_id]), 0
    for account in accounts_of(connection, services, [retailer_id], is_locked=True):
        due = due_of(account, calendar, groups)
        if due:
            _write(connection, services, account, due, calendar, groups)
            count += 1
    return count


def _write(
    connection: Connection, services: Services, account: Account, due: Due, calendar: Calendar, groups: Groups
) -> None:
    first = next(each for each in account.reminded_of if each.key in due)
    id = message_id(f"{EVENT}/{first.key}/{due[first.key].on.isoformat()}")
    content = email_of(services, account, calendar, groups)
    connection.execute(
        insert(outbox), mail_row(id, EVENT, account.address, content, calendar.now, order_key=first.order_key)
    )
    connection.execute(insert(reminders), rows_of(account, due, calendar, id, calendar.today.isoformat()))


def _retailers_with_due(connection: Connection, calendar: Calendar, anywhere: frozenset[int]) -> list[str]:
    """The retailers who may have something due: looked at closely where they are written to."""
    latest = (calendar.today - timedelta(days=EARLIEST)).isoformat()
    query = (
        select(invoices.c.key, invoices.c.due_date, invoices.c.issued_at, orders.c.retailer_id)
        .join(orders, orders.c.key == invoices.c.order_key)
        .where(OWED, BALANCE > 0, invoices.c.due_date <= latest)
    )
    rows = connection.execute(query).all()
    past = past_of(connection, [row.key for row in rows])
    near = [row for row in rows if _may_be_due(row, past, calendar, anywhere)]
    sure = {each.retailer_id for each in near}
    groups = calendar.groups(connection, sorted(sure))
    accounts = accounts_of(connection, calendar.services, sure)
    return sorted({each.retailer_id for each in accounts if due_of(each, calendar, groups)})


def _may_be_due(row: Any, past: dict[int, Past], calendar: Calendar, anywhere: frozenset[int]) -> bool:
    due_on, last = date.fromisoformat(row.due_date), past.get(row.key, NOTHING).step
    come = [on for days in anywhere if (on := due_on + timedelta(days=days)) <= calendar.today]
    return bool(come) and (last is None or max(come) > last)


def _line(services: Services, invoice: OpenInvoice, on: date) -> Line:
    link = invoice_link(services.base_url, services.secret, invoice.key, invoice.link_number)
    return Line(
        invoice.number,
        invoice.issued_on,
        invoice.due_on,
        days_late(invoice.due_on, on),
        invoice.total,
        invoice.balance,
        link,
    )
