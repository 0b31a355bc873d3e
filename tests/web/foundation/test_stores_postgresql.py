"""An installation and its ledger on PostgreSQL: each knows the other, and neither is taken for another's."""

import json
from contextlib import contextmanager

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, insert, text

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.migrate import upgrade
from houblon.orders.db.others import is_open_elsewhere
from houblon.orders.db.ownership import identity_of
from houblon.orders.db.tables import earlier_contents
from houblon.web.cli.main import main
from houblon.web.foundation.data_folder import MARK, read_profile, write_profile
from tests.orders.postgresql import pytestmark, url  # noqa: F401
from tests.web.houses import NOW


@pytest.fixture
def houblon(url):
    def run(*arguments, data, database=url):
        environ = {"HOUBLON_DATABASE_URL": database}
        return CliRunner().invoke(main, [*map(str, arguments), "--data", str(data)], env=environ)

    return run


@pytest.fixture
def data(houblon, tmp_path):
    made = houblon("init", data=tmp_path / "data")
    assert made.exit_code == 0, made.stderr
    return tmp_path / "data"


@contextmanager
def connected(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def code(result):
    assert result.exit_code == 1, result.output
    (problem,) = json.loads(result.stderr)["errors"]
    return problem["code"]


def test_a_command_without_the_database_s_address_makes_no_ledger(houblon, data, tmp_path):
    assert houblon("check", data=data).exit_code == 0
    for command in (["serve", "--port", "0"], ["check"], ["source", "list"], ["backup", str(tmp_path / "safe.tar")]):
        result = houblon(*command, data=data, database=None)
        assert code(result) == "ledger_missing" and "HOUBLON_DATABASE_URL" in result.stderr
    assert not list(data.glob("ledger.db*")) and not (tmp_path / "safe.tar").exists()


def test_the_database_of_one_is_neither_another_s_nor_a_new_one_s(houblon, data, url, tmp_path):
    with connected(url) as connection:
        before = identity_of(connection)
    assert before == read_profile(data).id
    assert code(houblon("init", data=tmp_path / "new")) == "holds_data"
    assert code(houblon("init", data=tmp_path / "new")) == "holds_data", "a mark is no proof"
    embedded = tmp_path / "embedded"
    assert houblon("init", data=embedded, database=None).exit_code == 0
    assert code(houblon("check", data=embedded)) == "ledger_other"
    with connected(url) as connection:
        assert identity_of(connection) == before


def test_an_empty_database_is_no_ledger(houblon, data, url):
    with connected(url) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    assert code(houblon("check", data=data)) == "ledger_empty"
    with connected(url) as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar() == 0


def test_an_installation_of_before_there_were_ids_gets_one(houblon, data, url):
    write_profile(data, msgspec.structs.replace(read_profile(data), id=None))
    with connected(url) as connection:
        connection.execute(text("ALTER SCHEMA public RENAME TO later"))
        connection.execute(text("CREATE SCHEMA public"))
    ledger = Ledger(url)
    ledger.write(lambda connection: upgrade(connection, "0015"))
    ledger.close()
    # What has been written in it so far: who may sign in, and the record of what was done.
    with connected(url) as connection:
        for table in ("accounts", "audit"):
            columns = (
                "SELECT column_name FROM information_schema.columns WHERE table_schema = :place AND table_name = :table"
            )
            both = [
                set(connection.execute(text(columns), {"place": place, "table": table}).scalars())
                for place in ("public", "later")
            ]
            named = ", ".join(f'"{each}"' for each in sorted(both[0] & both[1]))
            connection.execute(text(f"INSERT INTO public.{table} ({named}) SELECT {named} FROM later.{table}"))
        connection.execute(text("DROP SCHEMA later CASCADE"))
    migrated = houblon("migrate", data=data)
    assert migrated.exit_code == 0, migrated.output
    with connected(url) as connection:
        assert identity_of(connection) == read_profile(data).id is not None
    assert houblon("check", data=data).exit_code == 0


def test_what_an_unfinished_init_left_in_the_database_is_moved_aside(houblon, url, tmp_path, monkeypatch):
    def cut(*_, **__):
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr("houblon.web.cli.installation.note_versions", cut)
        assert houblon("init", data=tmp_path / "data").exit_code == 1
    assert (tmp_path / "data" / MARK).exists()
    made = houblon("init", data=tmp_path / "data")
    assert made.exit_code == 0, made.output or repr(made.exception)
    assert houblon("check", data=tmp_path / "data").exit_code == 0
    with connected(url) as connection:
        (schema,) = connection.execute(
            text("SELECT schemaname FROM pg_tables WHERE tablename = 'accounts' AND schemaname != 'public'")
        ).scalars()
    assert schema.startswith("unfinished-")


def test_a_reference_that_leads_nowhere_is_told_and_no_backup_is_made(houblon, data, url, tmp_path):
    with connected(url) as connection:
        connection.execute(text("SET session_replication_role = replica"))
        values = {"order_key": 404, "content_hash": "x", "body": b"{}", "replaced_at": NOW}
        connection.execute(insert(earlier_contents), values)
    assert code(houblon("check", data=data)) == "database"
    assert code(houblon("backup", tmp_path / "safe.tar", data=data)) == "ledger_damaged"
    assert not (tmp_path / "safe.tar").exists()


def test_a_database_that_is_down_is_a_problem_without_its_password(houblon, data, url):
    away = "postgresql+psycopg://someone:s3cret@127.0.0.1:1/houblon"
    result = houblon("check", data=data, database=away)
    assert code(result) == "ledger_closed" and "s3cret" not in result.stderr and "127.0.0.1" in result.stderr


def test_a_database_that_others_are_connected_to_is_not_migrated_under_them(data, url):
    ledger = Ledger(url)
    try:
        ledger.engine.dispose()
        assert not is_open_elsewhere(ledger.engine)
        with connected(url):
            assert is_open_elsewhere(ledger.engine)
    finally:
        ledger.close()
