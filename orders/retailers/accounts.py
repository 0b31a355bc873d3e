"""What the ledger knows of a buyer when their order is decided: their account."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal_column, select, text

from houblon.engine.core.account import Account
from houblon.engine.decide.settling import OpenInvoice
from houblon.orders.db.statements import Prepared, Reader
from houblon.orders.db.tables import invoices, orders, retailers
from houblon.orders.db.tables.metadata import OPEN
from houblon.orders.invoicing.owing import open_invoices
from houblon.orders.services import Services

# What an order does not make of whoever it is from: nobody took it.
_NOT_TAKEN = text("orders.state NOT IN ('refused', 'cancelled')")


def account_columns(retailer: ColumnElement[str], besides: bool = False) -> list[ColumnElement[Any]]:
    """What an account is read of, for the statement that looks it up: of the retailer, on the day `today`.

    With `besides`, whether it is a first order is asked of all orders but the one of that key.
    """
    mine = invoices.c.retailer_id == retailer, text(OPEN)
    oldest = select(func.min(invoices.c.due_date)).where(*mine)
    left = func.sum(invoices.c.total - invoices.c.paid - invoices.c.credited)
    overdue = select(func.coalesce(left, 0)).where(*mine, invoices.c.due_date < bindparam("today"))
    ordered: Select[Any] = (
        select(literal_column("1")).select_from(orders).where(orders.c.retailer_id == retailer, _NOT_TAKEN)
    )
    if besides:
        ordered = ordered.where(orders.c.key != bindparam("besides"))
    return [
        oldest.correlate_except(invoices).scalar_subquery().label("oldest_due"),
        overdue.correlate_except(invoices).scalar_subquery().label("overdue_balance"),
        ordered.correlate_except(orders).limit(1).scalar_subquery().label("has_ordered"),
    ]


def account_in(row: Any, today: date) -> Account:
    """The account of a row with `outstanding`, `credit_limit` and the `account_columns`; of one that nobody knows,
    all is None."""
    late = 0
    if row.oldest_due is not None and row.oldest_due < today.isoformat():
        late = (today - date.fromisoformat(row.oldest_due)).days
    owed = max(0, row.outstanding or 0)
    return Account(owed, int(row.overdue_balance or 0), late, row.has_ordered is None, row.credit_limit)


def day_of(services: Services, at: datetime) -> date:
    """The installation's day, by which an invoice is late from the day after it was due."""
    return at.astimezone(services.installation.zone).date()


def account_of(
    reader: Reader, services: Services, retailer_id: str, at: datetime, besides: int = 0, *, is_locked: bool = False
) -> Account | None:
    """The account of a retailer at `at`; None where what an order says of its buyer counts.

    `besides` is the key of the order that is decided. With `is_locked`, nobody else decides an order of theirs until
    the transaction ends.
    """
    if not services.knows_accounts:
        return None
    if is_locked and isinstance(reader, Connection) and reader.dialect.name != "sqlite":
        # Only then is it read: what another one did meanwhile is seen.
        reader.execute(select(retailers.c.id).where(retailers.c.id == retailer_id).with_for_update())
    today = day_of(services, at)
    row = _ACCOUNT.first(reader, {"id": retailer_id, "today": today.isoformat(), "besides": besides})
    return account_in(row, today)


def known_account(services: Services, retailer_id: str, at: datetime) -> Account | None:
    """`account_of` an order that is not recorded, from memory while nothing changed."""
    if not services.knows_accounts:
        return None

    def read() -> Account | None:
        with services.ledger.looking_up() as reader:
            return account_of(reader, services, retailer_id, at)

    # The day is all that it depends on of the instant.
    about = ("account", retailer_id, day_of(services, at))
    found: Account | None = services.ledger.query_cache.get(about, read)
    return found


def open_invoices_of(connection: Connection, services: Services, retailer_id: str) -> tuple[OpenInvoice, ...]:
    """The invoices that a retailer still has to pay, the first due first; none where an order's word counts."""
    if not services.knows_accounts:
        return ()
    return tuple(
        OpenInvoice(row.number, None if row.due_date is None else date.fromisoformat(row.due_date), int(row.left))
        for row in open_invoices(connection, retailer_id)
    )


_one = select(literal_column("1").label("one")).subquery()
_mine: Select[Any] = select(
    retailers.c.outstanding, retailers.c.credit_limit, *account_columns(bindparam("id"), besides=True)
).select_from(_one.outerjoin(retailers, retailers.c.id == bindparam("id")))
_ACCOUNT = Prepared(_mine)
