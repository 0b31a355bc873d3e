"""What the machine says when it refuses something, as a code and a sentence with what to do.

A disk that is full, a folder that may not be written, a database that is down: the same words for every command, for
`serve` and for `/readyz`. No path, address or value of the installation is in them but the name of a file.
"""

import errno
import re
import sqlite3
from dataclasses import dataclass
from pathlib import PurePath

from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from houblon.engine.core.problem import Text


@dataclass(frozen=True)
class Cause:
    code: str
    text: Text


_FULL = Cause(
    "disk_full",
    Text(
        "Le disque est plein : faites de la place, puis recommencez.",
        "The disk is full: free some space, then try again.",
    ),
)
_READ_ONLY = Cause(
    "read_only",
    Text(
        "Le disque ou le registre est en lecture seule pour cet utilisateur : lancez Houblon en tant que "
        "propriétaire du dossier de données, ou montez le disque en écriture.",
        "The disk or the ledger is read-only for this user: run Houblon as the owner of the data folder, or mount the "
        "disk for writing.",
    ),
)
_BROKEN = Cause(
    "disk_error",
    Text(
        "Le disque répond par une erreur : vérifiez-le, puis restaurez une sauvegarde s’il a perdu des données.",
        "The disk answers with an error: check it, then restore a backup if it lost data.",
    ),
)
_BUSY = Cause(
    "ledger_busy",
    Text(
        "Un autre processus garde le registre occupé : attendez qu’il finisse, ou arrêtez-le.",
        "Another process keeps the ledger busy: wait until it has finished, or stop it.",
    ),
)
_DAMAGED = Cause(
    "ledger_damaged",
    Text(
        "Le registre est endommagé : « houblon restore SAUVEGARDE --replace » en ramène un bon.",
        "The ledger is damaged: `houblon restore BACKUP --replace` brings a good one back.",
    ),
)
_CLOSED = Cause(
    "ledger_closed",
    Text(
        "La base de données ne répond pas, ou refuse : démarrez-la, et vérifiez HOUBLON_DATABASE_URL.",
        "The database does not answer, or refuses: start it, and check HOUBLON_DATABASE_URL.",
    ),
)
_SCHEMA = Cause(
    "ledger_schema",
    Text(
        "Le registre n’a pas le schéma attendu : « houblon migrate » le met à jour.",
        "The ledger does not have the schema that is expected: `houblon migrate` brings it up to date.",
    ),
)
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def cause_of(fault: BaseException) -> Cause | None:
    """What keeps the machine from doing it; None where the fault is no refusal of the machine's."""
    if isinstance(fault, DBAPIError):
        return _of_database(fault)
    if isinstance(fault, sqlite3.Error):
        return _of_sqlite(fault)
    if isinstance(fault, (ArgumentError, PoolTimeout)):
        return _CLOSED
    if isinstance(fault, OSError):
        return _of_system(fault)
    # A store's own fault, raised from the disk's.
    return _of_system(fault.__cause__) if isinstance(fault.__cause__, OSError) else None


def _of_database(fault: DBAPIError) -> Cause | None:
    if isinstance(fault.orig, sqlite3.Error):
        return _of_sqlite(fault.orig)
    state = getattr(fault.orig, "sqlstate", None) or ""
    if state == "53100":
        return _FULL
    if state == "25006":
        return _READ_ONLY
    if state in ("42P01", "42703"):
        return _SCHEMA
    if state.startswith("XX"):
        return _DAMAGED
    is_down = isinstance(fault, (OperationalError, InterfaceError)) or fault.connection_invalidated
    # Without a state it never came to a statement: the address itself is wrong.
    return _CLOSED if is_down or not state else None


def _of_sqlite(fault: sqlite3.Error) -> Cause | None:
    extended = getattr(fault, "sqlite_errorcode", 0)
    if extended == sqlite3.SQLITE_IOERR_SHMSIZE:
        return _FULL  # what readers and writers share has no room: the first thing that a full disk refuses
    code = extended & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN:
        return _not_permitted("ledger.db")
    if code == sqlite3.SQLITE_ERROR and re.match(r"no such (table|column)", str(fault)):
        return _SCHEMA
    return _OF_SQLITE.get(code)


def _of_system(fault: OSError) -> Cause:
    name = PurePath(str(fault.filename)).name if fault.filename else ""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return _FULL
    if fault.errno == errno.EROFS:
        return _READ_ONLY
    if fault.errno == errno.EIO:
        return _BROKEN
    if fault.errno in (errno.EACCES, errno.EPERM):
        return _not_permitted(name)
    if fault.errno in (errno.EMFILE, errno.ENFILE):
        return Cause(
            "too_many_files",
            Text(
                "Le système ne laisse plus ouvrir de fichiers : relevez la limite (ulimit -n), puis recommencez.",
                "The system lets no more files be opened: raise the limit (ulimit -n), then try again.",
            ),
        )
    what = fault.strerror or type(fault).__name__
    about = f"{name} : {what}" if name else what
    return Cause(
        "system",
        Text(
            f"Le système refuse ({about}). Corrigez ce qu’il dit, puis recommencez.",
            f"The system refuses ({about.replace(' : ', ': ')}). Mend what it says, then try again.",
        ),
    )


def _not_permitted(name: str) -> Cause:
    fr, en = (f"« {name} »", f"“{name}”") if name else ("ce fichier ou ce dossier", "this file or folder")
    return Cause(
        "not_permitted",
        Text(
            f"Cet utilisateur n’a pas le droit de lire ou d’écrire {fr} : lancez Houblon en tant que propriétaire du "
            "dossier de données, ou rendez-lui ses fichiers (chown).",
            f"This user may not read or write {en}: run Houblon as the owner of the data folder, or give its files "
            "back to it (chown).",
        ),
    )
