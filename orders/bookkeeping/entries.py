"""The invoices, credit notes and payments of a period, read piece by piece, in the order of their days.

Their keys are read at once, and what they name a few hundred at a time, each in a transaction of its own: nothing of
it changes afterwards, memory is bounded, and whoever takes long to download holds nobody up.
"""

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, Select, select

from houblon.orders.bookkeeping.period import Period
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.tables import invoices, orders, payments, retailers

_CHUNK = 300
# The day of an issue is that of the clocks of then: by any clock it is at most so far from the instant's day in UTC.
_BESIDE = timedelta(days=2)
_NOTES = invoices.alias()
_PAPER: Select[Any] = (
    select(
        invoices,
        orders.c.source,
        orders.c.order_id,
        orders.c.retailer_id,
        retailers.c.name.label("retailer_name"),
        _NOTES.c.number.label("invoice_number"),
    )
    .join(orders, orders.c.key == invoices.c.order_key)
    .join(retailers, retailers.c.id == orders.c.retailer_id)
    .join(_NOTES, _NOTES.c.key == invoices.c.credits, isouter=True)
)
_PAYMENT: Select[Any] = (
    select(
        payments,
        invoices.c.number.label("invoice_number"),
        invoices.c.document,
        orders.c.order_id,
        orders.c.retailer_id,
        retailers.c.name.label("retailer_name"),
    )
    .join(invoices, invoices.c.key == payments.c.invoice_key)
    .join(orders, orders.c.key == invoices.c.order_key)
    .join(retailers, retailers.c.id == orders.c.retailer_id)
)


def papers_of(ledger: Ledger, period: Period) -> Iterator[Row[Any]]:
    """Every invoice and credit note that was issued on a day of the period, as its document says the day."""
    since = datetime.combine(period.first, time(), UTC) - _BESIDE
    until = datetime.combine(period.until, time(), UTC) + _BESIDE
    found = select(invoices.c.key).where(invoices.c.issued_at >= since, invoices.c.issued_at < until)
    for row in _rows(ledger, found.order_by(invoices.c.issued_at, invoices.c.key), _PAPER, invoices.c.key):
        if period.has(row.document["issued_on"]):
            yield row


def payments_in(ledger: Ledger, period: Period) -> Iterator[Row[Any]]:
    """Every payment of a day of the period, and every reversal of one, each an entry."""
    days = payments.c.paid_on >= period.first.isoformat(), payments.c.paid_on < period.until.isoformat()
    found = select(payments.c.key).where(*days).order_by(payments.c.paid_on, payments.c.key)
    return _rows(ledger, found, _PAYMENT, payments.c.key)


def _rows(ledger: Ledger, wanted: Select[Any], query: Select[Any], key: Any) -> Iterator[Row[Any]]:
    """What `query` has of the keys that `wanted` finds, in their order."""
    with ledger.reading() as connection:
        keys = array("q", connection.execute(wanted).scalars())
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        with ledger.reading() as connection:
            found = {row.key: row for row in connection.execute(query.where(key.in_(list(chunk))))}
        yield from (found[each] for each in chunk if each in found)
