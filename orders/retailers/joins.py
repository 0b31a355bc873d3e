"""Two retailers that are one: a person joins them, and parts them again.

A retailer that is joined keeps its card and its names. Its orders, and those that come by its names, are the other
one's; its groups are added to the other one's. Parted, everything is again as its own names say.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from houblon.engine.core.problem import refuse
from houblon.orders.db.tables import invoices, orders, retailer_joins, retailer_names, retailers
from houblon.orders.invoicing.owing import recount
from houblon.orders.records.redecisions import JOIN, decide_retailers_again
from houblon.orders.retailers.memberships import (
    add_membership,
    memberships_of,
    put_memberships,
    remove_membership,
)
from houblon.orders.retailers.names import HOUSE, BuyerIds, add_name, find_ids


class Joined(msgspec.Struct, frozen=True):
    """What joining or parting moved: the retailer, from whom to whom, and how many orders."""

    id: str
    other: str
    orders: int
    before: tuple[str, ...]
    after: tuple[str, ...]


def join_retailers(connection: Connection, joined: str, kept: str, *, by: str, at: datetime) -> Joined:
    """Let `joined` be `kept`: its orders, names and groups. Raises Invalid where that can't be."""
    for id in (joined, kept):
        # Who is known by groups alone gets a card, for names and orders to lead to.
        if memberships_of(connection, id) and not _lock(connection, [id]):
            connection.execute(insert(retailers).values(id=id, created_at=at, updated_at=at))
    _check(_lock(connection, (joined, kept)), joined, kept)
    tree = tree_of(connection, joined)
    groups, had = memberships_of(connection, joined), memberships_of(connection, kept)
    gained = [group for group in groups if group not in had]
    put_memberships(connection, {joined: ()}, at)
    for group in gained:
        add_membership(connection, kept, group, at)
    connection.execute(update(retailers).where(retailers.c.id == joined).values(joined_to=kept, updated_at=at))
    values = {"joined_id": joined, "kept_id": kept, "at": at, "who": by, "groups": sorted(groups), "gained": gained}
    connection.execute(insert(retailer_joins).values(**values))
    count = _lead(connection, tree, joined, kept, at)
    decide_retailers_again(connection, (kept,), JOIN, by=by, at=at, subject=joined)
    return Joined(joined, kept, count, tuple(sorted(had)), tuple(sorted((*had, *gained))))


def part_retailer(connection: Connection, joined: str, *, by: str, at: datetime) -> Joined:
    """Undo the joining of `joined`: its orders, those that came by its names since, and its groups are its own again.

    Raises Invalid where it is joined to nobody.
    """
    _lock(connection, [joined, root_of(connection, joined)])
    row = last_join(connection, joined)
    if row is None:
        raise refuse(
            "not_joined", "/id", f"« {joined} » n’est joint à personne.", f"“{joined}” is not joined to anybody."
        )
    # What it is parted from may be joined to another in turn: that is where its orders and groups went.
    tree, root = tree_of(connection, joined), root_of(connection, joined)
    had = memberships_of(connection, root)
    over = update(retailer_joins).where(retailer_joins.c.key == row.key)
    connection.execute(over.values(parted_at=at, parted_by=by))
    _take_back(connection, row, row.gained)
    put_memberships(connection, {joined: row.groups}, at)
    connection.execute(update(retailers).where(retailers.c.id == joined).values(joined_to=None, updated_at=at))
    count = _lead(connection, tree, root, joined, at)
    decide_retailers_again(connection, (root, joined), JOIN, by=by, at=at, subject=joined)
    return Joined(joined, root, count, tuple(sorted(had)), tuple(sorted(memberships_of(connection, root))))


def _take_back(connection: Connection, row: Row[Any], gained: list[str]) -> None:
    """Take from whom a retailer was joined to the groups that they have by it alone; and so on, to the last one."""
    lost = set(gained)
    for other in _joined_to(connection, row.kept_id):
        shared = lost & set(other.groups)
        if shared:
            lost -= shared
            _note(connection, other, gained=sorted({*other.gained, *shared}))
    above = last_join(connection, row.kept_id)
    if above is None:
        for group in sorted(lost):
            remove_membership(connection, row.kept_id, group)
        return
    handed_on = [group for group in above.gained if group in lost]
    _note(
        connection,
        above,
        groups=[group for group in above.groups if group not in lost],
        gained=[group for group in above.gained if group not in lost],
    )
    _take_back(connection, above, handed_on)


def _note(connection: Connection, row: Row[Any], **values: list[str]) -> None:
    connection.execute(update(retailer_joins).where(retailer_joins.c.key == row.key).values(**values))


def _joined_to(connection: Connection, kept: str) -> Sequence[Row[Any]]:
    query = select(retailer_joins).where(retailer_joins.c.kept_id == kept, retailer_joins.c.parted_at.is_(None))
    return connection.execute(query.order_by(retailer_joins.c.key)).all()


def last_join(connection: Connection, joined: str) -> Row[Any] | None:
    """How a retailer came to be joined, where it is."""
    query = select(retailer_joins).where(retailer_joins.c.joined_id == joined, retailer_joins.c.parted_at.is_(None))
    return connection.execute(query).one_or_none()


def tree_of(connection: Connection, id: str) -> list[str]:
    """The retailer, and all that are joined to it, through others too."""
    found, level = [id], [id]
    while level:
        below = select(retailers.c.id).where(retailers.c.joined_to.in_(level))
        level = list(connection.execute(below.order_by(retailers.c.id)).scalars())
        found += level
    return found


def root_of(connection: Connection, id: str) -> str:
    """Who a retailer is in the end: itself, unless it is joined."""
    above = connection.execute(select(retailers.c.joined_to).where(retailers.c.id == id)).scalar_one_or_none()
    return id if above is None else root_of(connection, above)


def hold_root(connection: Connection, id: str) -> str:
    """`root_of`, which nobody changes until the transaction ends."""
    root = root_of(connection, id)
    _lock(connection, [id, root])
    return root if root_of(connection, id) == root else hold_root(connection, id)


def names_of(connection: Connection, ids: list[str]) -> tuple[tuple[str, str], ...]:
    """What sources call the retailers: source and name, by source."""
    query = (
        select(retailer_names.c.source, retailer_names.c.name)
        .where(retailer_names.c.own_id.in_(ids), retailer_names.c.source != HOUSE)
        .order_by(retailer_names.c.source, retailer_names.c.name)
    )
    return tuple((row.source, row.name) for row in connection.execute(query))


def _lead(connection: Connection, tree: list[str], before: str, after: str, at: datetime) -> int:
    """Let the names and orders of `tree`, which led to `before`, lead to `after`; how many orders there are."""
    said = select(retailer_names.c.own_id).where(retailer_names.c.source == HOUSE, retailer_names.c.own_id.in_(tree))
    unsaid = set(tree) - set(connection.execute(said).scalars())
    for id in sorted(unsaid):
        # The house's own ids lead to themselves unsaid; one of two that differ by capitals alone leads nowhere.
        if find_ids(connection, HOUSE, id) == BuyerIds(id, id):
            add_name(connection, HOUSE, id, BuyerIds(id, after), at)
    connection.execute(update(retailer_names).where(retailer_names.c.own_id.in_(tree)).values(retailer_id=after))
    own = func.coalesce(orders.c.own_retailer_id, orders.c.retailer_id)
    moved = connection.execute(
        update(orders)
        .where(orders.c.retailer_id == before, own.in_(tree))
        .values(retailer_id=after, own_retailer_id=func.nullif(own, after))
    )
    led = select(orders.c.key).where(orders.c.retailer_id == after, own.in_(tree))
    connection.execute(update(invoices).where(invoices.c.order_key.in_(led)).values(retailer_id=after))
    recount(connection, (before, after))
    return moved.rowcount


def _lock(connection: Connection, ids: Iterable[str]) -> dict[str, str | None]:
    """Whom the retailers are joined to. Who records an order of one of them, or joins one, waits or is waited for."""
    query = select(retailers.c.id, retailers.c.joined_to).where(retailers.c.id.in_(list(ids)))
    return {row.id: row.joined_to for row in connection.execute(query.order_by(retailers.c.id).with_for_update())}


def check_joinable(connection: Connection, joined: str, kept: str) -> None:
    """Raise Invalid where the two can't be joined, as they are now."""
    query = select(retailers.c.id, retailers.c.joined_to).where(retailers.c.id.in_((joined, kept)))
    known = {row.id: row.joined_to for row in connection.execute(query)}
    _check({**{id: None for id in (joined, kept) if memberships_of(connection, id)}, **known}, joined, kept)


def _check(known: Mapping[str, str | None], joined: str, kept: str) -> None:
    for id, pointer in ((joined, "/id"), (kept, "/into")):
        if id not in known:
            raise refuse(
                "unknown_retailer", pointer, f"Il n’y a pas de détaillant « {id} ».", f"There is no retailer “{id}”."
            )
        if known[id] is not None:
            raise refuse(
                "joined",
                pointer,
                f"« {id} » est déjà joint à « {known[id]} » : séparez-les d’abord.",
                f"“{id}” is joined to “{known[id]}” already: part them first.",
            )
    if joined == kept:
        raise refuse(
            "same", "/into", "C’est le même détaillant : choisissez-en deux.", "It is the same retailer: choose two."
        )
