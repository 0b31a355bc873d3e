"""A consistent copy of the embedded ledger, while it is being written."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

# What is beside the file of a ledger: SQLite's log and its index, a rollback journal, the locks of who is next.
BESIDE = ("", "-wal", "-shm", "-journal", "-next", "-turn")


def database_file(url: str) -> Path | None:
    """The file of an embedded ledger's URL, None where the ledger is PostgreSQL."""
    parts = make_url(url)
    return Path(parts.database) if parts.get_backend_name() == "sqlite" and parts.database else None


def opened_by(path: Path, mode: str) -> str:
    """What SQLite opens a file by, `ro` or `rw`, whatever is in its name; neither makes it."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def snapshot(database: Path, target: Path) -> None:
    """Copy what is committed at one instant to `target`, one file that needs no other.

    Nobody waits for it: SQLite's writer goes on in its log meanwhile. Raises sqlite3.Error.
    """
    with (
        closing(sqlite3.connect(opened_by(database, "ro"), uri=True, timeout=30)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def revision_of(database: Path) -> str | None:
    """The schema's revision in a database file."""
    with closing(sqlite3.connect(opened_by(database, "ro"), uri=True)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
