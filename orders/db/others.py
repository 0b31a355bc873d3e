"""Whether another process has the ledger open at this moment, of whatever version of Houblon it is."""

import sqlite3
import time
from contextlib import closing

from sqlalchemy import Engine, text

from houblon.orders.db.snapshot import database_file, opened_by

_LOOKS, _PAUSE = 10, 0.1  # seconds between
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def is_open_elsewhere(engine: Engine) -> bool:
    """Whether any connection but `engine`'s own next one is open to the database."""
    path = database_file(str(engine.url.render_as_string(hide_password=False)))
    if path is None:
        return _is_on_postgresql(engine)
    with closing(sqlite3.connect(opened_by(path, "rw"), uri=True, timeout=0, isolation_level=None)) as own:
        # Each connection in WAL mode holds a shared lock on the file for as long as it is open: whoever
        # asks for the file alone is refused while there is another.
        own.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            own.execute("BEGIN IMMEDIATE")
            own.execute("ROLLBACK")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return True
    return False


def _is_on_postgresql(engine: Engine) -> bool:
    # A connection that was closed just now may be listed for a moment more.
    for _ in range(_LOOKS):
        with engine.connect() as connection:
            if not connection.execute(_OTHERS).scalar_one():
                return False
        time.sleep(_PAUSE)
    return True
