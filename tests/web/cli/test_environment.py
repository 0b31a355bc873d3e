"""What the machine refuses a command is a Problem with what to do; a traceback is for those who ask."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest
from sqlalchemy.exc import OperationalError

from houblon.orders.db.causes import cause_of
from houblon.web.cli.main import main
from houblon.web.telemetry.faults import FILE
from tests.databases import in_a_file
from tests.web.houses import copy_of, shell

pytestmark = in_a_file
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
SOMEBODY = 61_234


@pytest.fixture
def data(template, tmp_path):
    return copy_of(template[0], tmp_path / "data")


def commands(group=main):
    for each in group.commands.values():
        yield from commands(each) if isinstance(each, click.Group) else [each]


def test_every_command_tells_its_faults_as_problems():
    told = {each.name: {option.name for option in each.params} for each in commands()}
    assert [name for name, options in told.items() if "debug" not in options] == []


@pytest.mark.parametrize("command", ["check", "export", "migrate", "upgrade-check", "serve"])
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:///", "badsetting"),
        ("postgresql+psycopg://houblon:tres-secret@127.0.0.1:1/houblon", "ledger_closed"),
        ("postgresql+psycopg://houblon:tres-secret@127.0.0.1:1/houblon?bogus=1", "ledger_closed"),
        ("postgresql+psycopg://houblon:tres-secret@nulle-part.invalid/houblon", "ledger_closed"),
    ],
)
def test_a_database_that_can_t_be_reached_is_a_problem(data, monkeypatch, command, url, code):
    monkeypatch.setenv("HOUBLON_DATABASE_URL", url)
    result = shell([command, "--data", data, *(["--port", "0"] if command == "serve" else [])])
    (problem,) = json.loads(result.stderr)["errors"]
    assert (result.exit_code, problem["code"]) == (1, code)
    assert "HOUBLON_DATABASE_URL" in problem["message"] and "tres-secret" not in result.output


def test_a_traceback_is_told_with_debug_and_always_kept(data, monkeypatch):
    monkeypatch.setenv("HOUBLON_DATABASE_URL", "postgresql+psycopg://u:tres-secret@127.0.0.1:1/d?bogus=1")
    assert "Traceback" not in shell(["check", "--data", data]).stderr
    assert "Traceback" in shell(["check", "--data", data, "--debug"]).stderr
    kept = [json.loads(line) for line in (data / FILE).read_text().splitlines()]
    assert [each["command"] for each in kept] == ["main check"] * 2 and "Traceback" in kept[0]["exception"]
    assert (data / FILE).stat().st_mode & 0o077 == 0


def test_a_fault_of_our_own_is_a_problem_too(data, monkeypatch):
    monkeypatch.setattr("houblon.web.cli.rules.check_installation", lambda *_: 1 / 0)
    result = shell(["check", "--data", data])
    (problem,) = json.loads(result.stderr)["errors"]
    assert (problem["code"], "ZeroDivisionError" in problem["message"]) == ("unexpected", True)
    assert "--debug" in problem["message"] and "ZeroDivisionError" in (data / FILE).read_text()


@pytest.fixture
def named(data, tmp_path, monkeypatch):
    """The installation, which HOUBLON_DATA_FILE alone names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOUBLON_DATA", raising=False)
    monkeypatch.setenv("HOUBLON_DATA_FILE", str(tmp_path / "where"))
    (tmp_path / "where").write_text(f"{data.rename(tmp_path / 'brasserie')}\n")
    return tmp_path / "brasserie"


def test_a_fault_is_kept_in_the_folder_that_a_file_names(named, monkeypatch):
    monkeypatch.setattr("houblon.web.cli.rules.check_installation", lambda *_: 1 / 0)
    assert shell(["check"]).exit_code == 1 and "ZeroDivisionError" in (named / FILE).read_text()


def test_a_file_that_should_name_the_folder_and_can_t_be_read_is_a_problem(named, tmp_path):
    (tmp_path / "where").unlink()
    (problem,) = json.loads(shell(["check"]).stderr)["errors"]
    assert problem["code"] == "badsetting" and "HOUBLON_DATA_FILE" in problem["message"]


@pytest.mark.skipif(not AS_ROOT, reason="only root works in the folders of others")
def test_what_root_changes_in_the_folder_that_a_file_names_stays_its_owner_s(named):
    (named / "ledger.db-turn").unlink(missing_ok=True)
    give(named, SOMEBODY)
    assert shell(["key", "add", "essai", "--scope", "read"]).exit_code == 0
    assert set(owners(named).values()) == {SOMEBODY}, owners(named)


def of_sqlite(code):
    fault = sqlite3.OperationalError("x")
    fault.sqlite_errorcode = code
    return OperationalError("UPDATE", {}, fault)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OSError(errno.ENOSPC, "x"), "disk_full"),
        (OSError(errno.EDQUOT, "x"), "disk_full"),
        (OSError(errno.EROFS, "x"), "read_only"),
        (OSError(errno.EIO, "x"), "disk_error"),
        (OSError(errno.EMFILE, "x"), "too_many_files"),
        (PermissionError(errno.EACCES, "x", "/srv/brasserie/rules.json"), "not_permitted"),
        (IsADirectoryError(errno.EISDIR, "x", "/srv/brasserie"), "system"),
        (of_sqlite(sqlite3.SQLITE_FULL), "disk_full"),
        (of_sqlite(sqlite3.SQLITE_IOERR_SHMSIZE), "disk_full"),
        (of_sqlite(sqlite3.SQLITE_READONLY_DBMOVED), "read_only"),
        (of_sqlite(sqlite3.SQLITE_IOERR_WRITE), "disk_error"),
        (of_sqlite(sqlite3.SQLITE_BUSY), "ledger_busy"),
        (of_sqlite(sqlite3.SQLITE_CORRUPT), "ledger_damaged"),
        (of_sqlite(sqlite3.SQLITE_CANTOPEN), "not_permitted"),
    ],
)
def test_each_refusal_of_the_machine_has_a_sentence(fault, code):
    found = cause_of(fault)
    assert found.code == code and found.text.fr != found.text.en and "/srv" not in found.text.en


@pytest.fixture
def elsewhere(data):
    """A copy of the installation where other users may look for it."""
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        yield copy_of(data, Path(top) / "data")


def owners(folder):
    return {path.name: path.stat().st_uid for path in (folder, *folder.rglob("*"))}


def give(folder, user):
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)


@pytest.mark.skipif(not AS_ROOT, reason="only root works in the folders of others")
@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "add", "essai", "--scope", "read"),
        ("import", "BUNDLE", "--publish"),
        ("migrate",),
        ("check",),
        ("restore", "BACKUP", "--replace"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_root_changes_in_the_folder_of_somebody_else_stays_theirs(elsewhere, tmp_path, arguments):
    bundle, backup = tmp_path / "bundle.json", tmp_path / "safe.tar"
    bundle.write_bytes(shell(["export", "--data", elsewhere]).stdout_bytes.replace(b'"200.00"', b'"210.00"'))
    assert shell(["backup", backup, "--data", elsewhere]).exit_code == 0
    (elsewhere / "ledger.db-turn").unlink(missing_ok=True)
    give(elsewhere, SOMEBODY)
    words = [{"BUNDLE": bundle, "BACKUP": backup}.get(each, each) for each in arguments]
    result = shell([*words, "--data", elsewhere])
    assert result.exit_code == 0, result.output
    assert set(owners(elsewhere).values()) == {SOMEBODY}, owners(elsewhere)


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_a_server_that_root_starts_goes_on_as_the_folder_s_owner(elsewhere):
    give(elsewhere, SOMEBODY)
    script = (
        "import os, sys, encodings.ascii; from pathlib import Path; import houblon.web.app.app, houblon.web.app.serve as s;"
        "from houblon.web.foundation.settings import Settings; data = Path(sys.argv[1]);"
        "s.become_owner(data); s.prepare(Settings.from_env({}, data)); print(os.geteuid())"
    )
    told = subprocess.run([sys.executable, "-c", script, str(elsewhere)], capture_output=True, text=True)
    assert told.stdout.strip() == str(SOMEBODY), told.stderr
    assert set(owners(elsewhere).values()) == {SOMEBODY}


@pytest.mark.skipif(not AS_ROOT, reason="as anybody else than root, the folder of others is not even seen")
@pytest.mark.parametrize(
    ("command", "how"),
    [
        *((command, how) for command in ("check", "serve") for how in ("another's folder", "rules of another's")),
        *((command, "a folder that takes nothing") for command in ("check", "init", "serve")),
    ],
)
def test_a_folder_that_may_not_be_written_is_a_problem(elsewhere, how, command):
    if how != "another's folder":
        give(elsewhere, SOMEBODY)
    if how == "a folder that takes nothing":
        elsewhere.chmod(0o500)
        for path in elsewhere.iterdir():
            path.chmod(0o400)
    elif how == "rules of another's":
        os.chown(elsewhere / "rules.json", 0, 0), os.chown(elsewhere / "rules.json.twin", 0, 0)
    script = (
        "import os, sys, encodings.ascii; import houblon.web.app.serve, houblon.web.cli.installation, houblon.web.cli.main as m;"
        f"os.setgroups([]); os.setgid({SOMEBODY}); os.setuid({SOMEBODY}); m.run()"
    )
    words = [command, "--data", str(elsewhere / "autre" if command == "init" else elsewhere)]
    told = subprocess.run(
        [sys.executable, "-c", script, *words, *(["--port", "0"] if command == "serve" else [])],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 1 and "Traceback" not in told.stderr, told.stderr
    (problem,) = json.loads(told.stderr)["errors"]
    assert len(problem["message"]) > 40


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_an_answer_that_nobody_can_keep_is_told(data):
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "houblon", "export", "--data", str(data)]
        told = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert told.returncode == 1 and json.loads(told.stderr)["errors"][0]["code"] == "disk_full"
