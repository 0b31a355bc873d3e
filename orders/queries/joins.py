"""What a person sees before two retailers are joined, and of those that are."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from houblon.orders.db.statements import AnyRow
from houblon.orders.db.tables import invoices, orders, retailer_joins, retailers
from houblon.orders.queries.lists import BALANCE, OWED
from houblon.orders.retailers.joins import names_of, root_of, tree_of
from houblon.orders.retailers.memberships import memberships_of


class Side(msgspec.Struct, frozen=True):
    """One of two retailers before they are joined, or one that is: what is theirs."""

    id: str
    name: str | None
    email: str | None
    orders: int
    held: int
    invoices: int
    outstanding: int
    groups: tuple[str, ...]
    names: tuple[tuple[str, str], ...]


def side_of(connection: Connection, id: str) -> Side | None:
    """What a retailer is and has, for a preview; None where nobody has this id."""
    row = connection.execute(select(retailers).where(retailers.c.id == id)).one_or_none()
    groups = memberships_of(connection, id)
    if row is None and not groups:
        return None
    tree = tree_of(connection, id)
    root = root_of(connection, id)
    own = func.coalesce(orders.c.own_retailer_id, orders.c.retailer_id).in_(tree) & (orders.c.retailer_id == root)
    invoiced = select(invoices.c.total).join(orders, orders.c.key == invoices.c.order_key).where(own)
    owed = select(func.coalesce(func.sum(BALANCE), 0)).select_from(
        invoices.join(orders, orders.c.key == invoices.c.order_key)
    )
    return Side(
        id,
        None if row is None else row.name,
        None if row is None else row.email,
        _count(connection, select(orders.c.key).where(own)),
        _count(connection, select(orders.c.key).where(own, orders.c.state == "held")),
        _count(connection, invoiced),
        int(connection.execute(owed.where(own, OWED)).scalar_one()),
        tuple(sorted(groups)),
        names_of(connection, tree),
    )


def joins_into(connection: Connection, kept: str) -> list[AnyRow]:
    """The retailers that are joined to one directly, the last first, with their cards."""
    query = (
        select(retailer_joins.c.joined_id, retailer_joins.c.at, retailer_joins.c.who, retailers.c.name)
        .join(retailers, retailers.c.id == retailer_joins.c.joined_id)
        .where(retailer_joins.c.kept_id == kept, retailer_joins.c.parted_at.is_(None))
        .order_by(retailer_joins.c.key.desc())
    )
    return list(connection.execute(query).all())


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
