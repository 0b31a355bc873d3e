"""What is damaged or open to others is told by every command, and put right where that loses nothing."""

import json
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from houblon.web.app.serve import prepare
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import Settings
from tests import databases
from tests.web.foundation.test_stores import data, houblon, publish, refused_by_all, told  # noqa: F401
from tests.web.houses import open_place, order

pytestmark = databases.in_a_file


def overwrite_pages(path):
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,), (page,) = ledger.execute("PRAGMA page_size").fetchone(), (40,)
    with path.open("r+b") as file:
        for number in range(page, page + 4):
            file.seek(number * size)
            file.write(os.urandom(size))


def test_a_damaged_database_is_told_by_check_and_no_backup_is_made_of_it(data, template, tmp_path):
    place = open_place(data, template[1])
    for number in range(40):
        place.send(order(f"A-{number}"), f"a-{number}")
    place.house.close()
    good = tmp_path / "good.tar"
    assert houblon("backup", good, data=data).exit_code == 0
    overwrite_pages(data / "ledger.db")
    for command in (["check"], ["serve", "--port", "0"], ["backup", str(tmp_path / "bad.tar")]):
        result = houblon(*command, data=data)
        assert result.exit_code == 1
        problems = json.loads(result.stderr)["errors"]
        assert problems[0]["code"] in ("database", "ledger_damaged") and "houblon restore" in problems[0]["message"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["good.tar"]
    assert houblon("restore", good, "--into", tmp_path / "again", data=data).exit_code == 0
    assert houblon("check", data=tmp_path / "again").exit_code == 0


def test_a_file_that_is_no_database_is_told_by_every_command(data, tmp_path):
    for path in data.glob("ledger.db-*"):
        path.unlink()
    (data / "ledger.db").write_bytes(b"not a database" * 1_000)
    code, message = refused_by_all(data, tmp_path)
    assert code == "ledger_damaged" and str(data / "ledger.db") in message


def test_a_reference_that_leads_nowhere_is_told(data, template, tmp_path):
    place = open_place(data, template[1])
    place.send(order("A"), "a")
    place.house.close()
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.execute("DELETE FROM orders")
        ledger.commit()
    problems = json.loads(houblon("check", data=data).stderr)["errors"]
    assert {each["code"] for each in problems} == {"database"} and "refers to a row of orders" in problems[0]["message"]
    assert told(houblon("backup", tmp_path / "bad.tar", data=data))[0] == "ledger_damaged"
    assert not (tmp_path / "bad.tar").exists()


# Whose files they are


def open_to_others(folder):
    return {
        path.name
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    }


@pytest.fixture(params=[0o022, 0o000])
def mask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_an_installation_is_its_owner_s_alone_whatever_the_mask(mask, tmp_path):
    folder = tmp_path / "data"
    assert houblon("init", data=folder).exit_code == 0
    house = open_house(Settings.from_env({}, folder))
    publish(folder, tmp_path, 30)
    assert {"ledger.db-wal", "ledger.db-shm", "rules.json.twin"} <= {path.name for path in folder.iterdir()}
    assert open_to_others(folder) == set()
    house.close()
    assert houblon("backup", tmp_path / "safe.tar", data=folder).exit_code == 0
    assert houblon("restore", tmp_path / "safe.tar", "--into", tmp_path / "again", data=folder).exit_code == 0
    assert open_to_others(tmp_path / "again") == set()
    assert stat.S_IMODE((tmp_path / "safe.tar").stat().st_mode) == 0o600


def test_what_is_older_is_put_right_at_the_next_start_which_says_so(data):
    (data / "mail").mkdir(exist_ok=True)
    (data / "mail" / "a.eml").write_text("")
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    outside = data.parent / "outside"
    outside.write_text("")
    outside.chmod(0o644)
    (data / "link").symlink_to(outside)
    found = prepare(Settings.from_env({}, data))
    assert open_to_others(data) == set() and stat.S_IMODE(outside.stat().st_mode) == 0o644
    (line,) = found
    assert "were open to others" in line
    assert prepare(Settings.from_env({}, data)) == []
