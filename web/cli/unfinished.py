"""What an `init` that did not end has left, and the ledger of one that begins: nothing of anybody else's is touched."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, inspect, text

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.db.ledger import Ledger, make_file
from houblon.orders.db.migrate import revision_of, upgrade
from houblon.orders.db.ownership import claim, identity_of
from houblon.orders.db.snapshot import BESIDE, database_file, opened_by
from houblon.rules.store.documents import FILE
from houblon.web.foundation.data_folder import MARK, SECRET
from houblon.web.foundation.file_modes import FOLDER
from houblon.web.foundation.opening import address_of, told_by
from houblon.web.foundation.settings import Settings

LEDGER = "ledger.db"


def begin_ledger(settings: Settings, id: str, now: datetime) -> Ledger:
    """A new ledger that is the installation's. Raises Invalid where one is there already."""
    with told_by(settings):
        database = database_file(settings.database_url)
        if database is not None and database.exists():
            raise _taken(settings)
        make_file(settings.database_url)
        ledger = Ledger(settings.database_url)

        def begin(connection: Connection) -> None:
            if revision_of(connection) is not None:
                raise _taken(settings)
            upgrade(connection)
            if claim(connection, id, now) != id:  # another init came first
                raise _taken(settings)

        try:
            ledger.write(begin)
        except BaseException:
            ledger.close()
            raise
    return ledger


def put_aside(settings: Settings, now: datetime) -> Path | None:
    """Move what an unfinished init made into a folder of its own, in this one; None where it had made nothing.

    Raises Invalid where the ledger is another's: then the mark is no proof, and nothing is moved.
    """
    folder, name = settings.data, f"unfinished-{now:%Y%m%dT%H%M%S%f}"
    id, database = _unfinished_id(folder), database_file(settings.database_url)
    databases = {folder.absolute() / LEDGER} | ({database.absolute()} if database is not None else set())
    for each in databases:
        _check_unfinished(each, id)
    if database is None:
        _put_aside_tables(settings, id, name)
    found = [path for path in (*sorted(folder.glob(f"{FILE}*")), folder / SECRET) if path.exists()]
    if not found and not any(map(Path.exists, databases)):
        return None
    aside = folder / name
    aside.mkdir(FOLDER)
    for path in found:
        os.rename(path, aside / path.name)
    for each in databases:
        # Where the ledger is elsewhere, it stays there: another disk can't be renamed to.
        to = aside / each.name if each.parent == folder.absolute() else each.with_name(f"{each.name}.{name}")
        for end in reversed(BESIDE):  # the file itself last: what is beside it is nothing without it
            if Path(f"{each}{end}").exists():
                os.rename(f"{each}{end}", f"{to}{end}")
    return aside


def _unfinished_id(folder: Path) -> str:
    try:
        document = msgspec.json.decode((folder / MARK).read_bytes(), type=dict[str, str])
        return document["id"]
    except (OSError, UnicodeError, msgspec.MsgspecError, RecursionError, KeyError):
        raise refuse(
            "mark",
            "",
            f"{folder / MARK} est endommagé : ce dossier garde peut-être une installation. Choisissez-en un autre.",
            f"{folder / MARK} is damaged: this folder may hold an installation. Choose another.",
        ) from None


def _check_unfinished(database: Path, id: str) -> None:
    """Raises Invalid unless the file is missing, has nothing in it, or says that it is the unfinished one's."""
    if not database.exists() or database.stat().st_size == 0:
        return
    try:
        with closing(sqlite3.connect(opened_by(database, "rw"), uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return
            if "installation" in tables and connection.execute("SELECT id FROM installation").fetchall() == [(id,)]:
                return
    except sqlite3.Error as fault:
        raise _not_unfinished(str(database)) from fault
    raise _not_unfinished(str(database))


# All but what came with an extension, which is the database's own.
_FUNCTIONS = text(
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
)


def _put_aside_tables(settings: Settings, id: str, schema: str) -> None:
    """The same on PostgreSQL: what the unfinished init made goes into a schema of its own."""

    def work(connection: Connection) -> None:
        if revision_of(connection) is None:
            return
        if identity_of(connection) != id:
            raise _taken(settings)
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
        for function in connection.execute(_FUNCTIONS).scalars().all():
            connection.execute(text(f'ALTER FUNCTION {function} SET SCHEMA "{schema}"'))
        for name in inspect(connection).get_table_names():
            connection.execute(text(f'ALTER TABLE "{name}" SET SCHEMA "{schema}"'))

    with told_by(settings), closing(Ledger(settings.database_url)) as ledger:
        ledger.write(work)


def _taken(settings: Settings) -> Invalid:
    where = address_of(settings)
    return refuse(
        "holds_data",
        "",
        f"{where} garde déjà un registre : rien n’a été touché. Donnez une base vide par HOUBLON_DATABASE_URL, "
        "ou ramenez l’installation par « houblon restore SAUVEGARDE ».",
        f"{where} holds a ledger already: nothing was touched. Name an empty database in HOUBLON_DATABASE_URL, "
        "or bring the installation back with `houblon restore BACKUP`.",
    )


def _not_unfinished(where: str) -> Invalid:
    return refuse(
        "holds_data",
        "",
        f"{where} n’est pas d’une installation inachevée : rien n’a été touché. « houblon restore SAUVEGARDE "
        "--replace » ramène une installation; une nouvelle va dans un autre dossier.",
        f"{where} is not of an unfinished installation: nothing was touched. `houblon restore BACKUP --replace` "
        "brings an installation back; a new one goes into another folder.",
    )
