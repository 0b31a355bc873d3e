"""The ledger's schema, created and upgraded by migrations from the first day."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:  # it takes as long to load as all the rest of the ledger: only who upgrades one waits for it
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_FOLDER = Path(__file__).with_name("migrations")
# Any number of our own: processes that start together upgrade one after the other.
_LOCK = 4_806_521


class NewerLedger(Exception):
    """The ledger was made by a newer Houblon; it is left as it is."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to the newest revision, or to another that is on its way. Raises NewerLedger.

    A new database gets all of it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    revision = revision_of(connection)
    if revision == newest_revision():
        return
    if revision is not None and not is_known(revision):
        raise NewerLedger(f"the ledger has the schema {revision} of a newer Houblon: run that one, or newer")
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def is_current(connection: Connection) -> bool:
    """Whether the schema is the newest one."""
    return revision_of(connection) == newest_revision()


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema that is there, None in a new database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@lru_cache(maxsize=1)
def newest_revision() -> str:
    """The revision that this Houblon works with: migrations are a chain, and each file is named by its number."""
    names = (file.stem for file in (_FOLDER / "versions").glob("r[0-9]*.py"))
    return max(name[1:].partition("_")[0] for name in names)


def is_known(revision: str) -> bool:
    """Whether this Houblon can upgrade from the revision."""
    return revision in revisions()


@lru_cache(maxsize=1)
def revisions() -> tuple[str, ...]:
    """Every revision, the oldest first."""
    return tuple(reversed([each.revision for each in _script().walk_revisions()]))


class Step(NamedTuple):
    """A migration: the revision that it leads to, and what it is for."""

    revision: str
    about: str


def pending(revision: str | None) -> tuple[Step, ...]:
    """The migrations that lead from a known revision to the newest one, in order."""
    done = revisions().index(revision) + 1 if revision is not None else 0
    script = _script()
    return tuple(Step(each, script.get_revision(each).doc) for each in revisions()[done:])


def _script() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
