"""What the ledger knows of a buyer when a change of an order of theirs is decided: all but what that order made of it."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from houblon.engine.core.account import Account
from houblon.orders.invoicing.owing import left_of, open_invoices
from houblon.orders.retailers.accounts import account_of, day_of
from houblon.orders.services import Services


def account_besides(
    connection: Connection,
    services: Services,
    before: Row[Any],
    invoice: Row[Any] | None,
    at: datetime,
    *,
    is_locked: bool = True,
) -> Account | None:
    """The account of an accepted order's buyer without that order and its invoice, which a change takes the place of:
    else its own amount would hold it back."""
    account = account_of(connection, services, before.retailer_id, at, before.key, is_locked=is_locked)
    if account is None:
        return None
    today = day_of(services, at)
    own = before.uninvoiced + (0 if invoice is None else left_of(invoice))
    late = [
        each
        for each in open_invoices(connection, before.retailer_id)
        if (invoice is None or each.key != invoice.key)
        and each.due_date is not None
        and each.due_date < today.isoformat()
    ]
    oldest = min((date.fromisoformat(each.due_date) for each in late), default=today)
    return msgspec.structs.replace(
        account,
        outstanding_balance=max(0, account.outstanding_balance - own),
        overdue_balance=sum(int(each.left) for each in late),
        days_overdue=(today - oldest).days,
    )
