"""Who may bring a ledger's schema up to date: `serve` and `migrate`, and not beside another process unless told."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db import migrate
from houblon.orders.db.migrate import newest_revision
from houblon.orders.db.snapshot import snapshot
from houblon.web.app.serve import prepare
from houblon.web.cli.backup import back_up
from houblon.web.cli.rehearsal import rehearse
from houblon.web.copies.scratch import PREFIX
from houblon.web.foundation.opening import Migrating
from houblon.web.foundation.settings import Settings
from tests.clock import NOW
from tests.databases import in_a_file
from tests.web.houses import copy_of, open_place, shell

pytestmark = in_a_file
LATER = """A later Houblon keeps notes."""
MIGRATION = (
    f'"""{LATER}"""'
    + """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "%s"


def upgrade() -> None:
    op.create_table("notes", sa.Column("id", sa.String(20), primary_key=True))
"""
)


def revision_of(folder):
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        return ledger.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def set_back(folder, revision):
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        ledger.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        ledger.commit()


@pytest.fixture
def data(template, tmp_path, monkeypatch):
    """An installation as this Houblon made it, and a newer one that has a migration more."""
    folder, now = copy_of(template[0], tmp_path / "data"), newest_revision()
    shutil.copytree(migrate._FOLDER, tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / "r9999_notes.py").write_text(MIGRATION % now)
    monkeypatch.setattr(migrate, "_FOLDER", tmp_path / "migrations")
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def forget():
    migrate.newest_revision.cache_clear(), migrate.revisions.cache_clear()


@pytest.mark.parametrize("command", [("source", "list"), ("export",), ("check",), ("user", "list")])
def test_no_other_command_migrates(data, command):
    result = shell([*command, "--data", data])
    (problem,) = json.loads(result.stderr)["errors"]
    assert (result.exit_code, problem["code"]) == (1, "ledger_behind")
    assert "houblon migrate" in problem["message"] and revision_of(data) != newest_revision()


def test_neither_migrate_nor_serve_does_beside_another_process_unless_told(data):
    # Any connection, of whatever version: this one asked once and is idle.
    with closing(sqlite3.connect(data / "ledger.db")) as other:
        other.execute("SELECT count(*) FROM orders").fetchall()
        refused = shell(["migrate", "--data", data])
        assert json.loads(refused.stderr)["errors"][0]["code"] == "ledger_in_use"
        with pytest.raises(Invalid) as fault:
            prepare(Settings.from_env({}, data))
        assert [each.code for each in fault.value.problems] == ["ledger_in_use"] and revision_of(
            data
        ) != newest_revision()
        assert json.loads(shell(["upgrade-check", "--data", data, "--json"]).stdout)["in_use"] is True
        prepare(Settings.from_env({}, data), Migrating.BESIDE_OTHERS)
        assert revision_of(data) == newest_revision()


def test_alone_it_is_migrated_and_upgrade_check_said_what_would_change(data):
    before = (data / "ledger.db").read_bytes()
    told = json.loads(shell(["upgrade-check", "--data", data, "--json"]).stdout)
    assert (told["from"], told["to"], told["in_use"]) == (revision_of(data), "9999", False)
    assert told["migrations"] == [{"revision": "9999", "about": LATER}]
    assert told["changes"] == ["adds table notes", "adds column notes.id"] and told["seconds"] >= 0
    assert (data / "ledger.db").read_bytes() == before and not list(data.glob(f"{PREFIX}*"))
    assert "There is no way down" in shell(["upgrade-check", "--data", data]).stdout
    assert shell(["migrate", "--data", data]).exit_code == 0 and revision_of(data) == newest_revision()
    assert "nothing to do" in shell(["upgrade-check", "--data", data]).stdout


@pytest.fixture
def killed(data, monkeypatch):
    """What upgrade-check leaves where it is killed in its midst: nothing of it is taken away."""
    left = []

    def is_killed(database, copy):
        snapshot(database, copy)
        left.append(shutil.copytree(copy.parent, data.parent / copy.parent.name))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("houblon.web.cli.rehearsal.snapshot", is_killed)
        rehearse(Settings.from_env({}, data), NOW)
    return left[0].rename(data / left[0].name)


def test_what_a_killed_upgrade_check_left_is_in_no_backup_and_goes_with_the_next(data, killed, tmp_path):
    shutil.copytree(killed, data / "annexe" / killed.name)  # a ledger's folder may be within
    packed = [each.path for each in back_up(Settings.from_env({}, data), tmp_path / "b.tar", NOW).files]
    assert "ledger.db" in packed and [path for path in packed if PREFIX in path] == []
    assert killed.exists()  # it may be in its midst still
    rehearse(Settings.from_env({}, data), datetime.fromtimestamp(killed.stat().st_mtime, UTC) + timedelta(days=2))
    assert not killed.exists() and list(data.glob(f"{PREFIX}*")) == []


def test_where_there_is_no_room_for_the_copy_nothing_is_tried(data, monkeypatch):
    full = shutil.disk_usage(data)._replace(free=10)
    monkeypatch.setattr("houblon.web.copies.scratch.shutil.disk_usage", lambda path: full)
    (problem,) = json.loads(shell(["upgrade-check", "--data", data]).stderr)["errors"]
    assert problem["code"] == "disk" and str(data) in problem["message"] and "--scratch" not in problem["message"]
    assert not list(data.glob(f"{PREFIX}*"))


def test_a_schema_that_another_houblon_migrated_meanwhile_is_not_ready(template, tmp_path):
    place = open_place(copy_of(template[0], tmp_path / "data"), template[1])
    assert place.client().get("/readyz").status_code == 200
    set_back(place.house.settings.data, "8888")
    answer = place.client().get("/readyz")
    assert (answer.status_code, [each["code"] for each in answer.json["errors"]]) == (503, ["schema"])
    place.house.close()


def test_what_fails_is_named_by_readyz(template, tmp_path):
    place = open_place(copy_of(template[0], tmp_path / "data"), template[1])
    with closing(sqlite3.connect(place.house.settings.data / "ledger.db")) as ledger:
        ledger.execute("DROP TABLE counters")
    (problem,) = place.client().get("/readyz").json["errors"]
    assert problem["code"] == "ledger" and "houblon migrate" in problem["message"]
    place.house.close()
