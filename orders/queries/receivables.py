"""Invoices by what is still to come of them: to be paid, late, paid, credited."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from houblon.orders.db.tables import invoices, orders, retailers
from houblon.orders.queries import lists
from houblon.orders.queries.lists import BALANCE, OWED, PAGE, Receivable

KINDS = ("to_pay", "late", "paid", "credited", "credit_notes")
_OWED_KINDS = ("to_pay", "late")
# What was paid is never few, and summing it takes long.
SUMMED = ("to_pay", "late", "credited", "credit_notes")


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
    conditions = _conditions(asked.kind, asked.today)
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
            func.count(), func.coalesce(func.sum(BALANCE if kind in _OWED_KINDS else invoices.c.total), 0)
        ).where(*_conditions(kind, today))
        count, amount = connection.execute(query).one()
        found[kind] = Receivable(count, int(amount))
    return found


def _conditions(kind: str | None, today: date) -> list[ColumnElement[bool]]:
    if kind is None:
        return []
    if kind == "credit_notes":
        return [invoices.c.kind == "credit_note"]
    if kind == "to_pay":
        return [OWED]
    if kind == "late":
        return [OWED, invoices.c.due_date < today.isoformat()]
    return [invoices.c.kind == "invoice", invoices.c.state == kind]
