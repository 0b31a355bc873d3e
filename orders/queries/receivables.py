"""Invoices by what is still to come of them: to be paid, paid in part, disputed, late and by how much, paid, credited."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, case, func, or_, select

from houblon.orders.db.tables import invoices, orders, retailers
from houblon.orders.queries import lists
from houblon.orders.queries.lists import BALANCE, OWED, PAGE, Receivable

KINDS = ("to_pay", "late", "partly_paid", "disputed", "paid", "credited", "credit_notes")
OWED_KINDS = ("to_pay", "late", "partly_paid", "disputed")
# What was paid is never few, and summing it takes long.
SUMMED = ("to_pay", "late", "partly_paid", "disputed", "credited", "credit_notes")
# How old a debt is, in days since the one on which it was due: what is due today is in the first of them.
NOT_DUE, AGES = "not_due", ("0_30", "31_60", "61_90", "over_90")
_AGE_ENDS = (30, 60, 90)


class InvoiceFilter(msgspec.Struct, frozen=True):
    """Which invoices a list shows: one of KINDS (None: all), number, order or retailer like `search`.

    `today` is the installation's day, by which an invoice is late from the day after it was due.
    """

    today: date
    kind: str | None = None
    search: str = ""


def list_invoices(
    connection: Connection, asked: InvoiceFilter, before: int | None = None, limit: int = PAGE, above: int = 0
) -> Sequence[Row[Any]]:
    """Invoices and credit notes with their retailer, newest first, below the key `before`, above `above`."""
    conditions = conditions_of(asked.kind, asked.today)
    if asked.kind in SUMMED and not asked.search:
        # The few keys are found in the index alone, and sorted there, before any row is read.
        keys = select(invoices.c.key).where(*conditions).order_by((invoices.c.key + 0).desc()).limit(limit)
        if before is not None:
            keys = keys.where(invoices.c.key < before)
        conditions = [invoices.c.key.in_(keys)]
    if asked.search:
        places = (invoices.c.number, orders.c.order_id, orders.c.retailer_id, retailers.c.name)
        conditions.append(or_(*(place.icontains(asked.search, autoescape=True) for place in places)))
    if above:
        conditions.append(invoices.c.key > above)
    return lists.list_invoices(connection, before, limit, conditions)


def totals(connection: Connection, today: date) -> dict[str, Receivable]:
    """How many invoices there are of each of SUMMED, and what they come to: of those that are owed, what is left to pay."""
    found = {}
    for kind in SUMMED:
        query = select(
            func.count(), func.coalesce(func.sum(BALANCE if kind in OWED_KINDS else invoices.c.total), 0)
        ).where(*conditions_of(kind, today))
        count, amount = connection.execute(query).one()
        found[kind] = Receivable(count, int(amount))
    return found


def days_late(invoice: Any, today: date) -> int:
    """How many days ago an invoice that is still to be paid was due; 0 for one that is not late."""
    if invoice.due_date is None or not lists.is_owed(invoice):
        return 0
    return max(0, (today - date.fromisoformat(invoice.due_date)).days)


def by_age(connection: Connection, today: date, retailer: str | None = None) -> dict[str, Receivable]:
    """What is left to pay by NOT_DUE, where what has no due date is too, and each of AGES; of one retailer, or of all."""
    age = _age(today)
    query = select(age, func.count(), func.sum(BALANCE)).where(OWED).group_by(age)
    if retailer is not None:
        query = query.join(orders, orders.c.key == invoices.c.order_key).where(orders.c.retailer_id == retailer)
    found = {name: Receivable(count, int(amount)) for name, count, amount in connection.execute(query)}
    return {name: found.get(name, Receivable(0, 0)) for name in (NOT_DUE, *AGES)}


def age_of(due: date | None, today: date) -> str:
    """How old a debt is that was due on a day: NOT_DUE, or one of AGES."""
    if due is None or due > today:
        return NOT_DUE
    days = (today - due).days
    return next((name for name, end in zip(AGES, _AGE_ENDS, strict=False) if days <= end), AGES[-1])


def _age(today: date) -> ColumnElement[str]:
    due = invoices.c.due_date
    ends = zip(AGES, _AGE_ENDS, strict=False)
    reached = [(due >= (today - timedelta(days=days)).isoformat(), name) for name, days in ends]
    return case((due.is_(None) | (due > today.isoformat()), NOT_DUE), *reached, else_=AGES[-1])


def conditions_of(kind: str | None, today: date) -> list[ColumnElement[bool]]:
    """What is true of the invoices of one of KINDS; of all, without."""
    if kind is None:
        return []
    if kind == "credit_notes":
        return [invoices.c.kind == "credit_note"]
    if kind == "to_pay":
        return [OWED]
    if kind == "late":
        return [OWED, invoices.c.due_date < today.isoformat()]
    if kind == "disputed":
        return [OWED, invoices.c.disputed_at.is_not(None)]
    if kind == "partly_paid":
        return [OWED, invoices.c.paid > 0]
    return [invoices.c.kind == "invoice", invoices.c.state == kind]
