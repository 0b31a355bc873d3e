"""What a ledger knows of the installation that it belongs to: its id, and the versions of its rules."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, insert, inspect, select, table

from houblon.orders.db.tables import audit, decisions, installation, orders

# The acts by which the audit log knows versions, each with the reference `version:N:hash`.
_PUBLISHED = ("policy.published", "policy.rolled_back_in_emergency")
_ACCOUNTS = "accounts"


class Known(msgspec.Struct, frozen=True):
    """A version that the ledger knows: published at an instant, or (without one) named by a decision only."""

    number: int
    hash: str
    published_at: datetime | None


def identity_of(connection: Connection) -> str | None:
    """The id of the installation that the ledger is of; None in one of an earlier schema, or that was never told."""
    if not inspect(connection).has_table(installation.name):
        return None
    return connection.execute(select(installation.c.id)).scalar()


def claim(connection: Connection, id: str, at: datetime) -> str:
    """Make the ledger that installation's, unless it is somebody's; whose it is."""
    known = identity_of(connection)
    if known is None:
        connection.execute(insert(installation), {"id": id, "made_at": at})
    return known or id


def is_in_use(connection: Connection) -> bool:
    """Whether people or orders are in it. An installation's ledger has its administrator from the first minute; one
    that was made by mistake has nobody."""
    there = inspect(connection)
    # The first schema of all knew no accounts.
    asked = table(_ACCOUNTS) if there.has_table(_ACCOUNTS) else orders
    return bool(connection.execute(select(func.count()).select_from(asked)).scalar())


def known_versions(connection: Connection) -> tuple[Known, ...]:
    """Every version that the ledger knows, by number: those of the audit log, and the one that decided last."""
    found: dict[tuple[int, str], Known] = {}
    if inspect(connection).has_table(audit.name):
        rows = select(audit.c.reference, audit.c.at).where(audit.c.act.in_(_PUBLISHED), audit.c.reference.is_not(None))
        for reference, at in connection.execute(rows):
            _, number, hash = reference.split(":", 2)
            found[int(number), hash] = Known(int(number), hash, at)
    last = connection.execute(select(decisions.c.version).order_by(decisions.c.key.desc()).limit(1)).scalar()
    if last is not None and last not in {number for number, _ in found}:
        # Published, and a crash came before it was in the log: orders may have been decided by it.
        found[last, ""] = Known(last, "", None)
    return tuple(sorted(found.values(), key=lambda each: (each.number, each.hash)))


def missing(known: Iterable[Known], there: Iterable[tuple[int, str]]) -> tuple[Known, ...]:
    """What the ledger knows and is not among versions (number and hash) that are there."""
    held = set(there)
    numbers = {number for number, _ in held}
    return tuple(
        each for each in known if (each.number, each.hash) not in held and (each.hash or each.number not in numbers)
    )
