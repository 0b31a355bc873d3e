"""Reminders that did not leave yet and say what is not so any more: written anew, or withdrawn."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from houblon.engine.policy.reminders import Step
from houblon.orders.db.tables import orders, outbox, reminders, retailers
from houblon.orders.invoicing.reminded import EVENT, outdated
from houblon.orders.reminders.calendar import Calendar
from houblon.orders.reminders.owed import Account, accounts_of
from houblon.orders.reminders.remind import Due, email_of, rows_of
from houblon.orders.services import Services


def renew(services: Services, now: datetime) -> int:
    """Bring what waits to leave up to what is owed by now; how many mails were changed or withdrawn.

    A mail server may be away for days: what was paid meanwhile must not be asked for.
    """
    waiting = select(outbox.c.id).where(outbox.c.state.in_(("pending", "parked")), outbox.c.event == EVENT)
    with services.ledger.reading() as connection:
        ids = connection.execute(waiting).scalars().all()
        old = outdated(connection, ids) if ids else set()
    if not old:
        return 0
    calendar = Calendar(services, now)
    works = (partial(_renew, services=services, calendar=calendar, id=id) for id in sorted(old))
    return sum(services.ledger.record(work) for work in works)


def _renew(connection: Connection, services: Services, calendar: Calendar, id: str) -> int:
    row = connection.execute(
        select(outbox.c.state, orders.c.retailer_id)
        .join(orders, orders.c.key == outbox.c.order_key)
        .where(outbox.c.id == id)
        .with_for_update(of=outbox)
    ).one_or_none()
    if row is None or row.state == "sent":
        return 0
    connection.execute(select(retailers.c.id).where(retailers.c.id == row.retailer_id).with_for_update())
    mine = select(reminders).where(reminders.c.message_id == id, reminders.c.withdrawn_at.is_(None))
    kept = connection.execute(mine.order_by(reminders.c.key)).all()
    account, due = _still_due(connection, calendar, row.retailer_id, kept)
    if account is None:
        _withdraw(connection, calendar, id)
        return 1
    # What was only listed is listed anew; an invoice whose day it was keeps that it was.
    connection.execute(delete(reminders).where(reminders.c.message_id == id, reminders.c.step.is_(None)))
    gone = [each.key for each in kept if each.step is not None and each.invoice_key not in due]
    connection.execute(update(reminders).where(reminders.c.key.in_(gone)).values(withdrawn_at=calendar.now))
    for values in rows_of(account, due, calendar, id, kept[0].written_on):
        if values["step"] is None:
            connection.execute(insert(reminders).values(**values))
        else:
            same = reminders.c.message_id == id, reminders.c.invoice_key == values["invoice_key"]
            connection.execute(update(reminders).where(*same).values(balance=values["balance"]))
    groups = calendar.groups(connection, [row.retailer_id])
    content = email_of(services, account, calendar, groups)
    connection.execute(update(outbox).where(outbox.c.id == id).values(message=content, due_at=calendar.now))
    return 1


def _still_due(
    connection: Connection, calendar: Calendar, retailer_id: str, kept: Sequence[Row[Any]]
) -> tuple[Account | None, Due]:
    """The account that the mail is to, and those of its days whose invoice is still owed; no account where none is.

    What came to be owed since, or was in another mail of that day, is not listed.
    """
    steps = {each.invoice_key: Step(date.fromisoformat(each.step), each.days) for each in kept if each.step is not None}
    listed = {each.invoice_key for each in kept}
    for account in accounts_of(connection, calendar.services, [retailer_id], is_locked=True):
        owed = [each for each in account.reminded_of if each.key in listed]
        due = {each.key: steps[each.key] for each in owed if each.key in steps and each.balance > 0}
        only = msgspec.structs.replace(account, invoices=tuple(owed))
        if due and only.total > 0:
            return only, due
    return None, {}


def _withdraw(connection: Connection, calendar: Calendar, id: str) -> None:
    """Nothing of it is owed any more, or somebody stopped it: it does not leave."""
    connection.execute(delete(outbox).where(outbox.c.id == id))
    mine = reminders.c.message_id == id, reminders.c.withdrawn_at.is_(None)
    connection.execute(update(reminders).where(*mine).values(withdrawn_at=calendar.now))
