"""The ledger's schema, created and upgraded by migrations from the first day."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

_FOLDER = Path(__file__).with_name("migrations")
# Any number of our own: processes that start together upgrade one after the other.
_LOCK = 4_806_521


class NewerLedger(Exception):
    """The ledger was made by a newer Houblon; it is left as it is."""


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision; a new database gets all of it. Raises NewerLedger."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    script = ScriptDirectory.from_config(config)
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision == script.get_current_head():
        return
    if revision is not None and revision not in {each.revision for each in script.walk_revisions()}:
        raise NewerLedger(f"the ledger has the schema {revision} of a newer Houblon: run that one, or newer")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_current(connection: Connection) -> bool:
    """Whether the schema is the newest one."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
