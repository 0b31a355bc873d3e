"""Whose ids: what sources call retailers, and which retailer of the house each name leads to.

A shop's buyers are its own: what it calls 5001 leads to the retailer that was made for it, or to whom that one is
joined to (`joins.py`). The house's own ids lead to themselves; its source, in names, is empty.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, insert, select

from houblon.engine.core.order import Order, decode_order
from houblon.engine.core.texts import MAX_ID, clean_id
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import AnyRow, Prepared, Reader
from houblon.orders.db.tables import orders, retailer_names, retailers

HOUSE = ""
_FIND = Prepared(
    select(retailer_names.c.own_id, retailer_names.c.retailer_id).where(
        retailer_names.c.source == bindparam("source"), retailer_names.c.name == bindparam("name")
    )
)
_ADD = Prepared(insert(retailer_names))
_IS_TAKEN = Prepared(select(retailers.c.id).where(retailers.c.id == bindparam("id")))


class BuyerIds(NamedTuple):
    """The retailer that a name was made for, and the one that it leads to: the same, unless they are joined."""

    own: str
    retailer: str


def name_key(name: str) -> str:
    """What names are compared by: a mail address has no capitals."""
    if "@" not in name:
        return name
    small = name.lower()
    return small if len(small) <= MAX_ID else name


def find_ids(reader: Reader, source: str, name: str) -> BuyerIds | None:
    """Where a source's name of a buyer leads; None for one that it never said. An id of the house always leads to a
    retailer, who may be still to come."""
    row = _FIND.first(reader, {"source": source, "name": name_key(name)})
    if row is not None:
        return BuyerIds(row.own_id, row.retailer_id)
    return None if source else BuyerIds(name_key(name), name_key(name))


def ids_to_be(reader: Reader, source: str, name: str) -> BuyerIds:
    """`find_ids`, or the retailer that a first order would make."""
    found = find_ids(reader, source, name)
    if found is None:
        id = free_id(reader, source, name)
        found = BuyerIds(id, id)
    return found


def ids_among(connection: Connection, source: str, names: Iterable[str]) -> dict[str, BuyerIds]:
    """`ids_to_be` of many names."""
    return {name: ids_to_be(connection, source, name) for name in names}


def known_ids(ledger: Ledger, source: str, name: str) -> BuyerIds:
    """`ids_to_be` now, from memory while nothing changed."""

    def read() -> BuyerIds:
        with ledger.looking_up() as reader:
            return ids_to_be(reader, source, name)

    found: BuyerIds = ledger.query_cache.get(("buyer", source, name), read)
    return found


def house_ids(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The retailer that each of some ids of the house leads to."""
    rows = select(retailer_names.c.name, retailer_names.c.retailer_id).where(retailer_names.c.source == HOUSE)
    elsewhere = {row.name: row.retailer_id for row in connection.execute(rows)}
    return {id: elsewhere.get(name_key(id), name_key(id)) for id in ids}


def names_by_source(connection: Connection) -> dict[tuple[str, str], BuyerIds]:
    """Every name there is, the house's too."""
    rows = connection.execute(select(retailer_names))
    return {(row.source, row.name): BuyerIds(row.own_id, row.retailer_id) for row in rows}


def first_names(connection: Connection) -> dict[str, tuple[str, str]]:
    """For each retailer that a source's name was made for, the first such source and name."""
    query = select(retailer_names).where(
        retailer_names.c.source != HOUSE, retailer_names.c.own_id == retailer_names.c.retailer_id
    )
    found: dict[str, tuple[str, str]] = {}
    for row in connection.execute(query.order_by(retailer_names.c.added_at, retailer_names.c.source)):
        found.setdefault(row.retailer_id, (row.source, row.name))
    return found


def name_buyer(connection: Connection, source: str, name: str, at: datetime) -> BuyerIds:
    """`find_ids`, and a name that a source never said gets a retailer of its own."""
    found = find_ids(connection, source, name)
    if found is not None:
        return found
    id = free_id(connection, source, name)
    connection.execute(insert(retailers).values(id=id, created_at=at, updated_at=at))
    add_name(connection, source, name, BuyerIds(id, id), at)
    return BuyerIds(id, id)


def add_name(connection: Connection, source: str, name: str, ids: BuyerIds, at: datetime) -> None:
    _ADD.insert(
        connection,
        {
            "source": source,
            "name": name_key(name),
            "own_id": ids.own,
            "retailer_id": ids.retailer,
            "added_at": at,
        },
    )


def free_id(reader: Reader, source: str, name: str) -> str:
    """The id of the retailer that a source's name makes: `boutique-5001`, numbered where that is somebody else's.

    Groups alone take no id: who put `boutique-5001` into one before its first order meant this buyer.
    """
    return numbered_id(source, name, lambda id: _IS_TAKEN.first(reader, {"id": id}) is not None)


def numbered_id(source: str, name: str, is_taken: Callable[[str], bool]) -> str:
    """The first id that a source's name asks for and nobody has."""
    wanted, number = id_of_name(source, name_key(name)), 1
    id = wanted
    while is_taken(id):
        number += 1
        id = f"{wanted[: MAX_ID - len(str(number)) - 1].rstrip()}-{number}"
    return id


def taken_ids(connection: Connection) -> frozenset[str]:
    """The ids that `free_id` gives to nobody else: of every card, the joined ones' too."""
    return frozenset(connection.execute(select(retailers.c.id)).scalars())


def id_of_name(source: str, name: str) -> str:
    """The id that a source's name of a buyer asks for; what would be too long ends in what tells it from others."""
    whole = name_key(clean_id(f"{clean_id(source)}-{name}"))
    if len(whole) <= MAX_ID:
        return whole
    mark = hashlib.sha256(f"{source}\n{name}".encode()).hexdigest()[:16]
    return f"{whole[: MAX_ID - len(mark) - 1].rstrip()}-{mark}"


def keep_known_buyers(connection: Connection, source: str, at: datetime) -> int:
    """From now on a source's buyers are its own: those whom it named by the house's ids keep their retailers.

    Returns how many there are.
    """
    query = select(orders.c.own_retailer_id, orders.c.retailer_id).where(orders.c.source == source)
    found = {row.own_retailer_id or row.retailer_id: row.retailer_id for row in connection.execute(query.distinct())}
    count = 0
    for own, retailer in found.items():
        if find_ids(connection, source, own) is None:
            add_name(connection, source, own, BuyerIds(own, retailer), at)
            count += 1
    return count


def ids_of(row: AnyRow) -> BuyerIds:
    """Whom an order's row is of."""
    return BuyerIds(row.own_retailer_id or row.retailer_id, row.retailer_id)


def stored_order(row: AnyRow) -> Order:
    """The order that a row keeps, of the retailer that it is of now."""
    return with_buyer(decode_order(row.body), row.retailer_id)


def stored_body(row: AnyRow) -> bytes:
    """The order that a row keeps, its buyer by the house's id."""
    body: bytes = row.body
    document = msgspec.json.decode(body)
    if document["buyer"]["id"] == row.retailer_id:
        return body
    return msgspec.json.encode({**document, "buyer": {**document["buyer"], "id": row.retailer_id}})


def with_buyer(order: Order, id: str) -> Order:
    """The order of the retailer of this id, whatever its sender calls them."""
    buyer = order.buyer
    return order if buyer.id == id else replace(order, buyer=replace(buyer, id=id))
