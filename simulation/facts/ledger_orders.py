"""The ledger's orders of a period, as orders of a sheet."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from houblon.orders.db.tables import orders, retailers
from houblon.orders.retailers.account_history import DECIDED_WITH, AccountHistory
from houblon.orders.retailers.names import stored_order
from houblon.rules.model.moves import Memberships
from houblon.simulation.facts.fill import Taken


class LedgerSource:
    """The orders received in a period as the source of a simulation; `on_progress` is given percents of them,
    `kept` says who is in which groups, `accounts` what they owed, where the ledger's word counts."""

    def __init__(
        self,
        connection: Connection,
        since: datetime | None,
        until: datetime | None,
        on_progress: Callable[[int], None],
        kept: Memberships,
        accounts: AccountHistory | None = None,
    ):
        self._period, self._on_progress = {"from": since, "to": until}, on_progress
        self._total = max(1, count_between(connection, since, until))
        self.orders = orders_between(connection, since, until, kept, accounts)

    def progress(self, done: int) -> None:
        self._on_progress(100 * done // self._total)

    def document(self) -> dict[str, Any]:
        """What a report says of its source."""
        return {"kind": "ledger", **{name: at and at.isoformat() for name, at in self._period.items()}}


def count_between(connection: Connection, since: datetime | None, until: datetime | None) -> int:
    """How many orders were received from `since` on and before `until`."""
    return connection.execute(select(func.count()).select_from(orders).where(*_within(since, until))).scalar_one()


def orders_between(
    connection: Connection,
    since: datetime | None,
    until: datetime | None,
    kept: Memberships,
    accounts: AccountHistory | None = None,
) -> Iterator[Taken]:
    """Those orders, the oldest first; dates count from the reception, groups are those `kept` now.

    With `accounts`, what their buyers owed is what each was decided with, else what it was when it was received.
    """
    columns = [orders.c.key, orders.c.body, orders.c.retailer_id, orders.c.received_at, retailers.c.province]
    query = (
        select(*columns, *([] if accounts is None else [DECIDED_WITH]))
        .outerjoin(retailers, retailers.c.id == orders.c.retailer_id)
        .where(*_within(since, until))
    )
    for row in connection.execution_options(yield_per=1_000).execute(query.order_by(orders.c.key)):
        order, groups = stored_order(row), kept.get(row.retailer_id, ())
        account = None
        if accounts is not None:
            account = accounts.decided(row.reading, row.retailer_id, row.received_at)
        yield Taken(order, row.received_at, groups, row.key, province=row.province, account=account)


def _within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    return [
        *([orders.c.received_at >= since] if since else []),
        *([orders.c.received_at < until] if until else []),
    ]
