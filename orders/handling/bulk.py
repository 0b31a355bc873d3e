"""Many held orders at once: what would follow from each, then each settled by itself."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from houblon.orders.handling import review
from houblon.orders.queries import lists
from houblon.orders.services import Conflict, Services

MAX_TOGETHER = 200


class Prospect(msgspec.Struct, frozen=True):
    """One order of a selection: its row, and what follows if a person accepts it now.

    `seen` is the content hash that was looked at; `total` the invoice in cents, None when none is
    issued at once; `barred` says why it can't be accepted.
    """

    row: Row[Any]
    seen: str
    total: int | None
    due_date: date | None
    barred: Conflict | None


def prospects(connection: Connection, services: Services, keys: Iterable[int], at: datetime) -> list[Prospect]:
    """What would follow from accepting each order; those that are not there are left out."""
    found = []
    for key in list(dict.fromkeys(keys))[:MAX_TOGETHER]:
        row = lists.order_row(connection, key)
        if row is not None:
            found.append(_prospect(connection, services, row, at))
    return found


def settle_each(chosen: Iterable[tuple[int, str]], settle: Callable[[int, str], Any]) -> list[tuple[int, Conflict]]:
    """Settle each order (key, and the content hash that was seen) in a transaction of its own.

    Returns those that could not be, with why; they take no other with them.
    """
    refused = []
    for key, seen in chosen:
        try:
            settle(key, seen)
        except Conflict as conflict:
            refused.append((key, conflict))
        except LookupError:
            continue
    return refused


def total_of(found: Sequence[Prospect]) -> int:
    """Cents that would be invoiced at once."""
    return sum(each.total or 0 for each in found if each.barred is None)


def _prospect(connection: Connection, services: Services, row: Row[Any], at: datetime) -> Prospect:
    try:
        review.check_acceptable(connection, services, row.key)
    except Conflict as conflict:
        return Prospect(row, row.content_hash, None, None, conflict)
    found = review.preview(connection, services, row.key, at)
    total = None if found.draft is None else found.draft["cents"]["total"]
    return Prospect(row, row.content_hash, total, found.follows.due.due_date, found.barred)
