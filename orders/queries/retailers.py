"""What the pages of retailers ask of the ledger; everyone is listed who ordered, was added, or is kept in a group, and is not
joined to another."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, func, literal, or_, select, union

from houblon.orders.db.statements import AnyRow
from houblon.orders.db.tables import invoices, memberships, orders, retailers
from houblon.orders.queries.lists import BALANCE, OWED, PAGE, called

NO_GROUP = "-"
_EVERYONE = union(
    select(retailers.c.id).where(retailers.c.joined_to.is_(None)), select(memberships.c.retailer_id)
).subquery("everyone")
_ID = _EVERYONE.c.id
# Sorted by what is shown: the name, or the id of one that is known by its groups alone.
_SORT = func.lower(func.coalesce(retailers.c.name, _ID))
_LISTED = select(
    _ID,
    retailers.c.name,
    retailers.c.email,
    retailers.c.language,
    retailers.c.province,
    retailers.c.credit_limit,
    retailers.c.created_at,
    retailers.c.updated_at,
    _SORT.label("sort"),
).select_from(_EVERYONE.outerjoin(retailers, retailers.c.id == _ID))


class Owed(msgspec.Struct, frozen=True):
    """What a retailer has not paid, in cents: all of it, and what was due before today."""

    count: int
    outstanding: int
    overdue: int
    disputed: int


def list_retailers(
    connection: Connection,
    search: str = "",
    group: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int | None = PAGE,
) -> Sequence[AnyRow]:
    """Retailers by name, past `after` (the last one's `sort` and `id`).

    `search` matches id, name or address; `group` keeps those of a group, NO_GROUP those of none.
    """
    query = _LISTED.order_by(_SORT, _ID)
    if search:
        query = query.where(or_(*_matches(search)))
    if group == NO_GROUP:
        query = query.where(~select(memberships.c.group_id).where(memberships.c.retailer_id == _ID).exists())
    elif group:
        kept = (memberships.c.retailer_id == _ID) & (memberships.c.group_id == group)
        query = query.where(select(memberships.c.group_id).where(kept).exists())
    if after is not None:
        sort, id = (literal(each) for each in after)
        query = query.where(or_(sort < _SORT, and_(sort == _SORT, id < _ID)))
    return connection.execute(query if limit is None else query.limit(limit)).all()


def retailer_row(connection: Connection, id: str) -> AnyRow | None:
    """One retailer; None when nobody of this id ordered, was added, or is kept in a group."""
    return connection.execute(_LISTED.where(literal(id) == _ID)).one_or_none()


def card_row(connection: Connection, id: str) -> AnyRow | None:
    """One retailer as `retailer_row`, with the address to which letters are written."""
    query = _LISTED.add_columns(retailers.c.address).where(literal(id) == _ID)
    return connection.execute(query).one_or_none()


def groups_of(connection: Connection, ids: Iterable[str]) -> dict[str, list[str]]:
    """The ids of the groups that each of some retailers is kept in."""
    found: dict[str, list[str]] = {id: [] for id in ids}
    query = select(memberships.c.retailer_id, memberships.c.group_id).where(memberships.c.retailer_id.in_(list(found)))
    for retailer, group in connection.execute(query.order_by(memberships.c.group_id)):
        found[retailer].append(group)
    return found


def orders_of(connection: Connection, id: str, limit: int = 10) -> Sequence[Row[Any]]:
    """A retailer's orders, newest first."""
    query = select(orders).where(orders.c.retailer_id == id).order_by(orders.c.key.desc()).limit(limit)
    return connection.execute(query).all()


def invoices_of(connection: Connection, id: str, limit: int = 10) -> Sequence[Row[Any]]:
    """A retailer's invoices, newest first."""
    query = select(invoices).join(orders, orders.c.key == invoices.c.order_key).where(orders.c.retailer_id == id)
    return connection.execute(query.order_by(invoices.c.key.desc()).limit(limit)).all()


def owed_by(connection: Connection, id: str, today: date) -> Owed:
    """What a retailer owes today."""
    owed = (
        select(BALANCE.label("balance"), invoices.c.due_date, invoices.c.disputed_at)
        .join(orders, orders.c.key == invoices.c.order_key)
        .where(orders.c.retailer_id == id, OWED)
    ).subquery()
    late = func.sum(owed.c.balance).filter(owed.c.due_date < today.isoformat())
    contested = func.sum(owed.c.balance).filter(owed.c.disputed_at.is_not(None))
    sums = [func.coalesce(each, 0) for each in (func.sum(owed.c.balance), late, contested)]
    count, outstanding, overdue, disputed = connection.execute(select(func.count(), *sums).select_from(owed)).one()
    return Owed(count, int(outstanding), int(overdue), int(disputed))


def _matches(search: str) -> list[Any]:
    """SQLite folds the case of ASCII letters only: an accented one is also tried as a name would write it."""
    spellings = dict.fromkeys((search, search.lower(), search.upper(), search.capitalize(), search.title()))
    columns = (_ID, retailers.c.name, retailers.c.email)
    likes = [f"%{_escaped(text)}%" for text in spellings]
    return [
        *(column.ilike(like, escape="\\") for like in likes for column in columns),
        *(_ID.in_(called(like)) for like in likes),
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
