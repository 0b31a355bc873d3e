"""What migrations would do to a ledger: which there are, and what a copy of it looks like after them."""

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy import table as text_table

from houblon.engine.core.problem import Text
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.migrate import Step, newest_revision, pending, revision_of, upgrade
from houblon.orders.db.others import is_open_elsewhere
from houblon.orders.db.snapshot import database_file, snapshot
from houblon.orders.db.soundness import faults_in_file
from houblon.rules.store.documents import open_store
from houblon.web.copies.scratch import check_room, scratch_folder
from houblon.web.foundation.data_folder import check_initialised, read_profile
from houblon.web.foundation.opening import looking_into, refuse_damage
from houblon.web.foundation.settings import Settings

_MORE = Text(
    "faites-y de la place, ou essayez sur une sauvegarde restaurée.", "make room there, or try on a restored backup."
)


class Rehearsal(msgspec.Struct, frozen=True):
    """What is to be done, and what it did to a copy. `seconds` is None where nothing was tried."""

    at: str | None
    to: str | None
    is_in_use: bool
    steps: tuple[Step, ...] = ()
    changes: tuple[str, ...] = ()
    size: int | None = None
    seconds: float | None = None

    def document(self) -> dict[str, Any]:
        return {
            "from": self.at,
            "to": self.to,
            "in_use": self.is_in_use,
            "migrations": [each._asdict() for each in self.steps],
            "changes": list(self.changes),
            "tried_on_bytes": self.size,
            "seconds": self.seconds,
        }


def rehearse(settings: Settings, now: datetime) -> Rehearsal:
    """Look at the installation's own ledger, and try what is to be done on a copy of it.

    Raises what opening it raises, and Invalid where there is no room for the copy.
    """
    check_initialised(settings.data)
    with looking_into(settings, read_profile(settings.data), open_store(settings.data).history) as connection:
        at = revision_of(connection)
    with closing(Ledger(settings.database_url)) as ledger:
        is_in_use = is_open_elsewhere(ledger.engine)
    found = Rehearsal(at, newest_revision(), is_in_use, pending(at))
    database = database_file(settings.database_url)
    return _tried(settings, found, database, now) if found.steps and database is not None else found


def _tried(settings: Settings, found: Rehearsal, database: Path, now: datetime) -> Rehearsal:
    # Beside the data, where there is room for a ledger, and on the same disk, so that the time says something.
    with scratch_folder(database.absolute().parent, now) as folder:
        copy = folder / "ledger.db"
        check_room(database, folder, _MORE)
        snapshot(database, copy)
        size = copy.stat().st_size
        with closing(Ledger(f"sqlite:///{copy}")) as ledger:
            with ledger.reading() as connection:
                before = _shape(connection)
            began = time.monotonic()
            ledger.write(upgrade)
            seconds = time.monotonic() - began
            with ledger.reading() as connection:
                after = _shape(connection)
        refuse_damage(settings, faults_in_file(copy))
    return msgspec.structs.replace(found, changes=tuple(_changes(before, after)), size=size, seconds=round(seconds, 2))


def _shape(connection: Connection) -> dict[str, int | None]:
    """The tables with their number of rows, and the columns and indexes of each."""
    seen, shape = inspect(connection), dict[str, int | None]()
    for table in seen.get_table_names():
        rows = select(func.count()).select_from(text_table(table))
        shape[f"table {table}"] = connection.execute(rows).scalar_one()
        shape |= {f"column {table}.{each['name']}": None for each in seen.get_columns(table)}
        shape |= {f"index {table}.{each['name']}": None for each in seen.get_indexes(table)}
    return shape


def _changes(before: dict[str, int | None], after: dict[str, int | None]) -> list[str]:
    return [
        *(f"adds {name}" for name in after if name not in before),
        *(f"removes {name}" for name in before if name not in after),
        *(
            f"{name}: {rows} rows become {after[name]}"
            for name, rows in before.items()
            if name in after and after[name] != rows
        ),
    ]
