"""Whether the database itself is sound: its pages, its indexes, and that every reference leads somewhere."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, Text, and_, cast, func, select, text
from sqlalchemy.exc import DBAPIError

from houblon.orders.db.snapshot import opened_by
from houblon.orders.db.tables import metadata

_MOST = 20  # faults that are told: the first says enough
_LOOK_AFTER = 10_000  # steps of SQLite's between two looks at the clock


def faults_in(connection: Connection) -> list[str]:
    """What is wrong with the ledger's database, nothing where it is sound."""
    if connection.dialect.name == "sqlite":
        own = connection.connection.driver_connection
        assert isinstance(own, sqlite3.Connection)
        return _sqlite_faults(own)
    return list(_postgresql_faults(connection))[:_MOST]


def faults_in_file(path: Path, seconds: float | None = None) -> list[str]:
    """What is wrong with an embedded ledger; with `seconds`, as far as one can look in that time."""
    try:
        with closing(sqlite3.connect(opened_by(path, "ro"), uri=True, timeout=30)) as connection:
            if seconds is not None:
                end = time.monotonic() + seconds
                connection.set_progress_handler(lambda: time.monotonic() > end, _LOOK_AFTER)
            return _sqlite_faults(connection)
    except sqlite3.OperationalError as fault:
        return [] if str(fault) == "interrupted" else [str(fault)]
    except sqlite3.Error as fault:
        return [str(fault)]


def _sqlite_faults(connection: sqlite3.Connection) -> list[str]:
    try:
        said = [row[0] for row in connection.execute(f"PRAGMA quick_check({_MOST})")]
        found = [] if said == ["ok"] else said
        for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            found.append(f"row {row} of {table} refers to a row of {parent} that is not there")
            if len(found) >= _MOST:
                break
        return found
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as fault:
        return [str(fault)]


def _postgresql_faults(connection: Connection) -> Iterator[str]:
    """Every row is read from its table, so that the server meets each page and checks it; every reference is asked
    for, whatever was switched off when the rows came in."""
    for table in metadata.sorted_tables:
        try:
            with connection.begin_nested():
                row = cast(func.row(*table.c), Text)
                connection.execute(select(func.sum(func.length(row))).select_from(table))
        except DBAPIError as fault:
            yield f"{table.name} can't be read: {str(fault.orig).partition(chr(10))[0]}"
    for table in metadata.sorted_tables:
        yield from _dangling(connection, table)
    unfit = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)"
    yield from (f"the index {name} is not valid" for name in connection.execute(text(unfit)).scalars())


def _dangling(connection: Connection, table: Table) -> Iterator[str]:
    for constraint in table.foreign_key_constraints:
        parent = constraint.referred_table.alias()
        pairs = [(each.parent, parent.c[each.column.name]) for each in constraint.elements]
        there = select(1).where(and_(*(own == other for own, other in pairs))).exists()
        said = and_(*(own.is_not(None) for own, _ in pairs))
        count = connection.execute(select(func.count()).select_from(table).where(said, ~there)).scalar()
        if count:
            yield f"{count} rows of {table.name} refer to rows of {constraint.referred_table.name} that are not there"
