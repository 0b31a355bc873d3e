"""What retailers owe, by whom it is written to: the open invoices of each account, with what was done about them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row, func, null, or_, select

from houblon.orders.db.tables import disputes, invoices, orders, reminder_stops, reminders, retailers
from houblon.orders.invoicing.languages import languages_of_account
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.queries.lists import BALANCE, OWED
from houblon.orders.reminders.due import NOTHING, Past, Stop
from houblon.orders.services import Services

_AT_ONCE = 500
_STOPPED = (reminder_stops.c.retailer_id, reminder_stops.c.invoice_key, reminder_stops.c.at, reminder_stops.c.ended_at)
_DISPUTED = (null().label("retailer_id"), disputes.c.invoice_key, disputes.c.at, disputes.c.ended_at)


class OpenInvoice(msgspec.Struct, frozen=True):
    """An invoice of which something is left to pay; below zero, something of it is to be given back."""

    key: int
    order_key: int
    number: str
    issued_on: date
    due_on: date | None
    total: int
    balance: int
    link_number: int
    past: Past = NOTHING
    stops: tuple[Stop, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether a person stopped its reminders, or its retailer's; or it is disputed."""
        return any(each.ended is None for each in self.stops)


class Account(msgspec.Struct, frozen=True):
    """What a retailer owes by one address: that of the card that its invoices were made out to.

    Who was joined to a retailer is written to where they always were, and of their own invoices alone.
    """

    retailer_id: str
    card_id: str
    name: str
    address: str | None
    languages: tuple[str, ...]
    invoices: tuple[OpenInvoice, ...]

    @property
    def reminded_of(self) -> tuple[OpenInvoice, ...]:
        """What a reminder lists: all that is not stopped, the oldest first."""
        return tuple(each for each in self.invoices if not each.is_stopped)

    @property
    def total(self) -> int:
        """What is left to pay of that, less what is to be given back."""
        return sum(each.balance for each in self.reminded_of)


def accounts_of(
    connection: Connection, services: Services, retailer_ids: Collection[str], is_locked: bool = False
) -> list[Account]:
    """The accounts of some retailers that owe something; `is_locked`, so that nobody pays or credits meanwhile."""
    found: list[Account] = []
    zone = services.installation.zone
    for ids in _parts(sorted(retailer_ids)):
        rows = _open_rows(connection, ids, is_locked)
        past = past_of(connection, [row.key for row in rows])
        stops = _stops(connection, ids, [row.key for row in rows], zone)
        by_account: dict[tuple[str, str], list[Row[Any]]] = {}
        for row in rows:
            address = (row.email or row.document["buyer"]["email"] or "").strip()
            by_account.setdefault((row.retailer_id, address.casefold() or f"/{row.card_id}"), []).append(row)
        found += [_account(services, each, past, stops) for each in by_account.values()]
    return found


def past_of(connection: Connection, invoice_keys: Sequence[int]) -> dict[int, Past]:
    """What is past of the reminders of some invoices."""
    found = {}
    for keys in _parts(invoice_keys):
        query = select(reminders.c.invoice_key, func.max(reminders.c.step), func.max(reminders.c.written_on))
        query = query.where(reminders.c.invoice_key.in_(keys)).group_by(reminders.c.invoice_key)
        for key, step, written_on in connection.execute(query):
            found[key] = Past(_day(step), _day(written_on))
    return found


def _open_rows(connection: Connection, ids: Sequence[str], is_locked: bool) -> Sequence[Row[Any]]:
    card = func.coalesce(orders.c.own_retailer_id, orders.c.retailer_id)
    query = (
        select(
            invoices,
            orders.c.retailer_id,
            card.label("card_id"),
            retailers.c.name,
            retailers.c.email,
            retailers.c.language,
            retailers.c.province,
        )
        .join(orders, orders.c.key == invoices.c.order_key)
        .join(retailers, retailers.c.id == card)
        .where(orders.c.retailer_id.in_(ids), invoices.c.kind == "invoice", or_(OWED & (BALANCE > 0), BALANCE < 0))
        .order_by(func.coalesce(invoices.c.due_date, "9999"), invoices.c.key)
    )
    return connection.execute(query.with_for_update(of=invoices) if is_locked else query).all()


def _account(
    services: Services, rows: Sequence[Row[Any]], past: dict[int, Past], stops: dict[str | int, tuple[Stop, ...]]
) -> Account:
    first, newest, zone = rows[0], max(rows, key=lambda row: row.key), services.installation.zone
    return Account(
        first.retailer_id,
        first.card_id,
        first.name or newest.document["buyer"]["name"] or first.card_id,
        first.email or newest.document["buyer"]["email"] or None,
        languages_of_account(services, first, newest.document),
        tuple(
            OpenInvoice(
                row.key,
                row.order_key,
                row.number,
                row.issued_at.astimezone(zone).date(),
                _day(row.due_date),
                row.total,
                balance_of(row),
                row.link_number,
                past.get(row.key, NOTHING),
                (*stops.get(row.retailer_id, ()), *stops.get(row.key, ())),
            )
            for row in rows
        ),
    )


def _stops(
    connection: Connection, ids: Sequence[str], keys: Sequence[int], zone: ZoneInfo
) -> dict[str | int, tuple[Stop, ...]]:
    """By retailer and by invoice, when their reminders were stopped: by a person, or as long as one is disputed."""
    found: dict[str | int, tuple[Stop, ...]] = {}
    queries = [select(*_STOPPED).where(reminder_stops.c.retailer_id.in_(ids))]
    for part in _parts(keys):
        queries.append(select(*_STOPPED).where(reminder_stops.c.invoice_key.in_(part)))
        queries.append(select(*_DISPUTED).where(disputes.c.invoice_key.in_(part)))
    for query in queries:
        for row in connection.execute(query):
            ended = row.ended_at and row.ended_at.astimezone(zone).date()
            whose = row.retailer_id if row.invoice_key is None else row.invoice_key
            found[whose] = (*found.get(whose, ()), Stop(row.at.astimezone(zone).date(), ended))
    return found


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def _parts(found: Iterable[Any]) -> Iterator[Any]:
    """So many at once as a statement can name."""
    listed = list(found)
    return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))
