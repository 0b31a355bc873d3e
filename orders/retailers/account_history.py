"""What the ledger knew of its retailers at any moment of the past: their accounts, read at once for many orders.

A balance follows from the days of its documents: an invoice counts from its issue, a credit note likewise, a payment
from the day on which it was made, whenever it was entered, what is accepted without an invoice until that is issued.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    String,
    Text,
    func,
    literal_column,
    select,
    type_coerce,
)

from houblon.engine.core.account import Account
from houblon.orders.db.tables import (
    decisions,
    disputes,
    invoices,
    orders,
    payments,
    planned_deliveries,
    retailers,
    transitions,
)
from houblon.orders.retailers.account_course import Change, Courses, Movement, day_begins, microseconds, movements_of
from houblon.orders.retailers.account_uninvoiced import EVER, instant, uninvoiced_movements
from houblon.orders.retailers.accounts import day_of
from houblon.orders.services import Services


class _Reading(msgspec.Struct):
    """All that is read of it: there may be very many."""

    account: Account | None = None


_decoder = msgspec.json.Decoder(_Reading)
_LEFT = ("refused", "cancelled")


def _decided() -> ColumnElement[str | None]:
    reading = select(type_coerce(decisions.c.reading, Text)).where(decisions.c.order_key == orders.c.key)
    first = reading.order_by(decisions.c.key).limit(1)
    of_this = first.where(decisions.c.content_hash == orders.c.content_hash)
    return func.coalesce(of_this.scalar_subquery(), first.scalar_subquery()).label("reading")


# By what the ledger knew an order was decided when it first said what it says now.
DECIDED_WITH = _decided()


class AccountHistory:
    """The accounts of the retailers that a ledger knows, of `only` some where they are given; read at the first
    question that is asked."""

    def __init__(self, connection: Connection, services: Services, only: Collection[str] | None = None):
        self._connection, self._services = connection, services
        self._only = None if only is None else sorted(only)
        self._read: _Known | None = None

    def knows(self, retailer: str) -> bool:
        return retailer in self._known.limits

    def account(self, retailer: str, at: datetime) -> Account:
        """What was known of a retailer before anything that happened at that very instant; their own credit limit is
        that of today, for no earlier one is kept. Of one whom nobody knows, all is zero."""
        known, moment = self._known, microseconds(at)
        owed = known.courses.at(retailer, moment)
        days = 0
        if owed.oldest is not None:
            days = (day_of(self._services, at) - datetime.fromisoformat(owed.oldest).date()).days
        return Account(
            max(0, owed.outstanding),
            owed.overdue,
            max(0, days),
            not known.taken.had(retailer, moment),
            known.limits.get(retailer),
        )

    def decided(self, reading: str | None, retailer: str, at: datetime) -> Account:
        """What a decision was made with, where that is kept in its `reading`; else `account`."""
        kept = None if reading is None else _decoder.decode(reading).account
        return self.account(retailer, at) if kept is None else kept

    @property
    def _known(self) -> "_Known":
        if self._read is None:
            self._read = _Known(self._connection, self._services, self._only)
        return self._read


class _Known:
    def __init__(self, connection: Connection, services: Services, only: list[str] | None):
        movements: dict[str, list[Movement]] = defaultdict(list)
        for retailer, found in (
            *_invoiced(connection, services, only),
            *uninvoiced_movements(connection, _of(orders.c.retailer_id, only)),
        ):
            movements[retailer].extend(found)
        self.courses = Courses(movements, services.installation.zone)
        self.taken = _Taken(connection, only)
        limits = select(retailers.c.id, retailers.c.credit_limit).where(*_of(retailers.c.id, only))
        self.limits: dict[str, int | None] = {row.id: row.credit_limit for row in connection.execute(limits)}


def _of(column: ColumnElement[str], only: list[str] | None) -> list[ColumnElement[bool]]:
    return [] if only is None else [column.in_(only)]


def _invoiced(
    connection: Connection, services: Services, only: list[str] | None
) -> Iterator[tuple[str, Iterable[Movement]]]:
    """What is left of each invoice, by its retailer, as it changed."""
    changes, first_due = _changes(connection, services, only)
    query = _ISSUED.where(*_of(invoices.c.retailer_id, only))
    for key, retailer, issued, due, total in connection.execute(query):
        later = changes.get(key)
        if later is None:
            yield retailer, (Movement(issued, total, due),) if total > 0 else ()
            continue
        # What came before the issue, a deposit that was noted late, counts from then on.
        moves = [each if each.at >= issued else each._replace(at=issued) for each in later]
        moves.sort(key=_at)
        yield retailer, movements_of(total, first_due.get(key, due), [Change(issued), *moves])


def _changes(
    connection: Connection, services: Services, only: list[str] | None
) -> tuple[dict[int, list[Change]], dict[int, str]]:
    """What changed of invoices after their issue, and the day on which those were due first that are due another day."""
    found: dict[int, list[Change]] = defaultdict(list)
    zone = services.installation.zone

    def rows(query: Select[Any], invoice: ColumnElement[Any]) -> Iterable[Any]:
        some = [] if only is None else [invoice.in_(select(invoices.c.key).where(invoices.c.retailer_id.in_(only)))]
        return connection.execute(query.where(*some))

    for key, amount, paid_on, at in rows(_PAID, payments.c.invoice_key):
        # Entered on a later day than it was made: it counts from the beginning of its own.
        is_late = day_begins(paid_on, zone, 1) < at
        found[key].append(Change(day_begins(paid_on, zone) if is_late else at, amount))
    for key, at, total in rows(_CREDITED, invoices.c.credits):
        found[key].append(Change(at, -total))
    for key, at, ended_at in rows(_DISPUTED, disputes.c.invoice_key):
        found[key].append(Change(at, disputed=True))
        if ended_at is not None:
            found[key].append(Change(ended_at, disputed=False))
    first_due: dict[int, str] = {}
    for key, at, before, after in rows(_RESCHEDULED, planned_deliveries.c.invoice_key):
        first_due.setdefault(key, before)
        found[key].append(Change(at, due=after))
    return found, first_due


class _Taken:
    """When retailers had an order that was not refused or cancelled."""

    def __init__(self, connection: Connection, only: list[str] | None):
        mine = _of(orders.c.retailer_id, only)
        left = select(transitions.c.order_key).where(
            transitions.c.invoice_key.is_(None), transitions.c.after.in_(_LEFT)
        )
        first = func.min(orders.c.received_at, type_=BigInteger).label("first")
        # Not the column itself: by its index, SQLite would look up every order where one pass is enough.
        whose = func.coalesce(orders.c.retailer_id, literal_column("''"), type_=String).label("retailer")
        query = select(whose, first).where(orders.c.key.not_in(left), *mine)
        by_retailer = connection.execute(query.group_by(whose))
        self._first: dict[str, int] = {row.retailer: row.first for row in by_retailer}
        self._between: dict[str, list[tuple[int, int]]] = defaultdict(list)
        moves = (
            select(orders.c.retailer_id, orders.c.key, instant(transitions.c.at), transitions.c.after)
            .join(orders, orders.c.key == transitions.c.order_key)
            .where(transitions.c.invoice_key.is_(None), orders.c.key.in_(left), *mine)
        )
        since: dict[int, tuple[str, int]] = {}
        for retailer, key, at, after in connection.execute(moves.order_by(transitions.c.key)):
            if after not in _LEFT:
                since.setdefault(key, (retailer, at))
            elif key in since:
                self._between[retailer].append((since.pop(key)[1], at))
        for retailer, at in since.values():
            self._between[retailer].append((at, EVER))

    def had(self, retailer: str, moment: int) -> bool:
        """Whether they had one before that moment, and until it."""
        first = self._first.get(retailer)
        if first is not None and first < moment:
            return True
        return any(begun < moment <= end for begun, end in self._between.get(retailer, ()))


_at = attrgetter("at")
_ISSUED = select(
    invoices.c.key, invoices.c.retailer_id, instant(invoices.c.issued_at), invoices.c.due_date, invoices.c.total
).where(invoices.c.kind == "invoice")
_PAID = select(payments.c.invoice_key, payments.c.amount, payments.c.paid_on, instant(payments.c.at))
_CREDITED = select(invoices.c.credits, instant(invoices.c.issued_at), invoices.c.total).where(
    invoices.c.credits.is_not(None)
)
_DISPUTED = select(disputes.c.invoice_key, instant(disputes.c.at), instant(disputes.c.ended_at)).order_by(
    disputes.c.key
)
_RESCHEDULED = (
    select(
        planned_deliveries.c.invoice_key,
        instant(planned_deliveries.c.at),
        planned_deliveries.c.due_before,
        planned_deliveries.c.due_after,
    )
    .where(planned_deliveries.c.invoice_key.is_not(None))
    .where(planned_deliveries.c.due_before.is_not(None), planned_deliveries.c.due_after.is_not(None))
    .order_by(planned_deliveries.c.key)
)
