"""Retailers and the groups they belong to."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from houblon.engine.core.order import Buyer
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import Prepared, Reader
from houblon.orders.db.tables import memberships, retailers
from houblon.orders.records.decision_log import SYSTEM
from houblon.orders.records.redecisions import CARD, GROUPS, decide_retailers_again
from houblon.orders.retailers.cards import card_of
from houblon.orders.retailers.names import BuyerIds

_SAID = ("name", "email", "language", "province")
_KNOWN = Prepared(select(retailers).where(retailers.c.id == bindparam("id")))
_KEEP = Prepared(insert(retailers))
_PROVINCE = Prepared(select(retailers.c.province).where(retailers.c.id == bindparam("id")))
_GROUPS = Prepared(select(memberships.c.group_id).where(memberships.c.retailer_id == bindparam("id")))


def memberships_of(reader: Reader, retailer_id: str) -> tuple[str, ...]:
    """The ids of the groups that the retailer is kept in."""
    return tuple(row.group_id for row in _GROUPS.all(reader, {"id": retailer_id}))


def kept_province(reader: Reader, buyer: Buyer, own: str | None = None) -> str | None:
    """The province of a buyer of whom an order says none, where the ledger knows it: of the retailer `own` that their
    name was made for, else of who that is."""
    if buyer.province:
        return None
    for id in dict.fromkeys((own or buyer.id, buyer.id)):
        row = _PROVINCE.first(reader, {"id": id})
        if row is not None and row.province:
            return str(row.province)
    return None


def kept_provinces(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The provinces that the ledger knows of retailers."""
    rows = select(retailers.c.id, retailers.c.province).where(retailers.c.id.in_(list(ids)))
    return {row.id: row.province for row in connection.execute(rows) if row.province}


def known_province(ledger: Ledger, buyer: Buyer, own: str | None = None) -> str | None:
    """`kept_province` now, from memory while nothing changed."""

    def read() -> str | None:
        with ledger.looking_up() as reader:
            return kept_province(reader, buyer, own)

    return None if buyer.province else ledger.query_cache.get(("province", buyer.id, own), read)


def all_memberships(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Every retailer that is kept in a group, with its groups, sorted."""
    found: dict[str, tuple[str, ...]] = {}
    for retailer, group in connection.execute(
        select(memberships.c.retailer_id, memberships.c.group_id).order_by(
            memberships.c.retailer_id, memberships.c.group_id
        )
    ):
        found[retailer] = (*found.get(retailer, ()), group)
    return found


def memberships_among(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The groups of those of the retailers named that are kept in one."""
    rows = select(memberships.c.retailer_id, memberships.c.group_id).where(memberships.c.retailer_id.in_(list(ids)))
    found: dict[str, tuple[str, ...]] = {}
    for retailer, group in connection.execute(rows.order_by(memberships.c.group_id)):
        found[retailer] = (*found.get(retailer, ()), group)
    return found


def count_in_no_group(connection: Connection, besides: Collection[str]) -> int:
    """How many known retailers only Tous speaks to, beside those named: who is in a group, or moves.

    A version may have brought what is not kept here yet: so whoever asks says who is in a group, not the table.
    """
    known = select(retailers.c.id).where(retailers.c.joined_to.is_(None))
    return sum(1 for id in connection.execute(known).scalars() if id not in besides)


def set_memberships(connection: Connection, kept: Mapping[str, Iterable[str]], at: datetime, by: str = SYSTEM) -> None:
    """Put each retailer named in exactly the groups given; others stay as they are."""
    decide_retailers_again(connection, kept, GROUPS, by=by, at=at)
    put_memberships(connection, kept, at)


def put_memberships(connection: Connection, kept: Mapping[str, Iterable[str]], at: datetime) -> None:
    """`set_memberships`, whose caller has their held orders decided again."""
    for retailer, groups in kept.items():
        connection.execute(delete(memberships).where(memberships.c.retailer_id == retailer))
        rows = [{"retailer_id": retailer, "group_id": group, "added_at": at} for group in groups]
        if rows:
            connection.execute(insert(memberships), rows)


def join(connection: Connection, retailer_id: str, group: str, at: datetime, by: str = SYSTEM) -> bool:
    """Keep the retailer in the group; False when it is in it already."""
    if group in memberships_of(connection, retailer_id):
        return False
    add_membership(connection, retailer_id, group, at)
    decide_retailers_again(connection, (retailer_id,), GROUPS, by=by, at=at)
    return True


def leave(connection: Connection, retailer_id: str, group: str, at: datetime, by: str = SYSTEM) -> bool:
    """Take the retailer out of the group; False when it isn't in it."""
    is_out = remove_membership(connection, retailer_id, group)
    if is_out:
        decide_retailers_again(connection, (retailer_id,), GROUPS, by=by, at=at)
    return is_out


def add_membership(connection: Connection, retailer_id: str, group: str, at: datetime) -> None:
    """`join`, of who is not in the group; the caller has their held orders decided again."""
    connection.execute(insert(memberships).values(retailer_id=retailer_id, group_id=group, added_at=at))


def remove_membership(connection: Connection, retailer_id: str, group: str) -> bool:
    """`leave`, whose caller has their held orders decided again."""
    where = (memberships.c.retailer_id == retailer_id) & (memberships.c.group_id == group)
    return connection.execute(delete(memberships).where(where)).rowcount == 1


def keep_retailer(connection: Connection, ids: BuyerIds, buyer: Buyer, at: datetime) -> Row[Any]:
    """The buyer's card, made or brought up to date with what the order says of them."""
    return bring_up_to_date(connection, ids, buyer, at, _KNOWN.first(connection, {"id": ids.own}))


def bring_up_to_date(
    connection: Connection, ids: BuyerIds, buyer: Buyer, at: datetime, known: Row[Any] | None
) -> Row[Any]:
    """`keep_retailer` where the row of the buyer's own retailer is at hand; None where there is none.

    Each name has its own card, joined or not: what one sender says of its customer is not written over what
    another one says.
    """
    said = {name: value for name in _SAID if (value := getattr(buyer, name))}
    if known is None:
        _KEEP.insert(connection, {"id": ids.own, "created_at": at, "updated_at": at, **said})
    elif any(getattr(known, name) != value for name, value in said.items()):
        connection.execute(update(retailers).where(retailers.c.id == ids.own).values(updated_at=at, **said))
        if "province" in said and said["province"] != known.province:
            decide_retailers_again(connection, (ids.retailer,), CARD, by=SYSTEM, at=at)
    elif ids.own == ids.retailer:
        return known
    return card_of(connection, ids)


def set_address(connection: Connection, retailer_id: str, address: str | None, at: datetime) -> str | None:
    """Keep the address that invoices print for a retailer; returns the earlier one. Raises LookupError."""
    known = _KNOWN.first(connection, {"id": retailer_id})
    if known is None:
        raise LookupError(f"there is no retailer {retailer_id}")
    connection.execute(update(retailers).where(retailers.c.id == retailer_id).values(address=address, updated_at=at))
    earlier: str | None = known.address
    return earlier
