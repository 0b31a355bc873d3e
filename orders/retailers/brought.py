"""Memberships that came with a version, kept in the ledger: each version's once, in the order of versions.

The rules and the ledger share no transaction. Until a version's memberships are kept here, whoever decides counts
them as if they were (`Policies.live_for`); whoever moves a retailer keeps them first, so that a person's word, which
came later, stands.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import Prepared, Reader
from houblon.orders.db.tables import brought_memberships
from houblon.orders.records.audit import record
from houblon.orders.retailers.memberships import all_memberships, memberships_among, memberships_of, put_memberships
from houblon.orders.retailers.names import house_ids
from houblon.rules.model.entry import Entry
from houblon.rules.store.history import History

_THROUGH = Prepared(select(func.max(brought_memberships.c.version).label("through")))


def brought_through(reader: Reader) -> int:
    """The last version whose memberships are kept; 0 where there is none."""
    row = _THROUGH.first(reader, {})
    return (row.through if row is not None else None) or 0


def keep_brought(connection: Connection, history: History, at: datetime) -> None:
    """Keep the memberships of every version that are not kept yet, and say so in the audit log."""
    through = brought_through(connection)
    for number in (each for each in sorted(history.moves) if each > through):
        moves, version = history.moves[number], history.version(number)
        connection.execute(insert(brought_memberships).values(version=number, at=at))
        # Who was joined to another since the version was written is that one; what it says of that one itself counts.
        leads = house_ids(connection, [move.buyer for move in moves])
        joined = {leads[move.buyer]: move.after for move in moves if leads[move.buyer] != move.buyer}
        after = {**joined, **{move.buyer: move.after for move in moves if leads[move.buyer] == move.buyer}}
        before = memberships_among(connection, after)
        # Their orders are decided again with all others, because of the version.
        put_memberships(connection, after, at)
        former = {buyer: before.get(buyer, ()) for buyer in after}
        reference = f"memberships:{version.proposal or ''}:{number}"
        entry = Entry(
            at, version.author, "", "memberships.set", version.proposal or f"v{number}", former, after, reference
        )
        record(connection, entry)


def groups_of(reader: Reader, history: History, retailer: str) -> tuple[str, ...]:
    """The groups that the retailer is in now, with what the newest version brought."""
    kept = memberships_of(reader, retailer)
    return brought_since(reader, history).get(retailer, kept)


def known_groups(ledger: Ledger, history: History, retailer: str) -> tuple[str, ...]:
    """`groups_of`, from memory while nothing changed."""

    def read() -> tuple[tuple[str, ...], int]:
        with ledger.looking_up() as reader:
            return memberships_of(reader, retailer), brought_through(reader)

    kept, through = ledger.query_cache.get(("memberships", retailer), read)
    return history.brought(through, history.number).get(retailer, kept)


def groups_among(connection: Connection, history: History, ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """`groups_of` those of the retailers named that are in one, or were put into others by the newest version."""
    pending = brought_since(connection, history)
    return {**memberships_among(connection, ids), **{id: pending[id] for id in ids if id in pending}}


def everyone(connection: Connection, history: History) -> dict[str, tuple[str, ...]]:
    """Every retailer that is in a group now, with its groups, sorted; with what the newest version brought."""
    found = {**all_memberships(connection), **brought_since(connection, history)}
    return {retailer: groups for retailer, groups in found.items() if groups}


def brought_since(reader: Reader, history: History) -> dict[str, tuple[str, ...]]:
    """The memberships that versions brought and that the ledger does not keep yet, by retailer."""
    if not history.last_moving:
        return {}
    return history.brought(brought_through(reader), history.number)
