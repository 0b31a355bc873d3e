"""`houblon backup -` and `restore -`: a copy that goes down a pipe, and comes back from one."""

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.db.snapshot import database_file
from houblon.web.cli.backup import back_up
from tests import databases
from tests.clock import NOW
from tests.web.houses import copy_of, settings_of

HOUBLON = [sys.executable, "-m", "houblon"]


@pytest.fixture
def data(template, tmp_path):
    return copy_of(template[0], tmp_path / "data")


def run(*words, data, **options):
    environ = {**os.environ, **databases.environ_of(data)}
    return subprocess.run([*HOUBLON, *map(str, words)], env=environ, capture_output=True, timeout=120, **options)


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_what_goes_down_a_pipe_is_restored_from_one(data, tmp_path, name):
    copied = run("backup", name, "--data", data, data=data)
    assert copied.returncode == 0, copied.stderr
    assert b"Backed up" in copied.stderr and b"Backed up" not in copied.stdout
    assert not (tmp_path / "-").exists() and not list(tmp_path.rglob(".copying-*"))
    into = tmp_path / "new"
    restored = run("restore", "-", "--into", into, "--data", data, data=data, input=copied.stdout)
    assert restored.returncode == 0, restored.stderr
    assert (into / "secret.key").read_bytes() == (data / "secret.key").read_bytes()
    if settings_of(data).is_embedded:
        assert run("check", "--data", into, data=into).returncode == 0


def test_a_pipe_that_is_cut_is_no_backup_and_no_restore(data, tmp_path):
    copied = run("backup", "-", "--data", data, data=data).stdout
    into = tmp_path / "new"
    refused = run("restore", "-", "--into", into, "--data", data, data=data, input=copied[: len(copied) // 2])
    assert refused.returncode == 1 and json.loads(refused.stderr)["errors"][0]["code"] == "backup"
    assert not into.exists()
    with subprocess.Popen(
        [*HOUBLON, "backup", "-", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **databases.environ_of(data)},
    ) as gone:
        gone.stdout.close()
        told = gone.stderr.read()
    assert gone.returncode == 1 and json.loads(told)["errors"][0]["code"] == "disk"


@databases.in_a_file
def test_nothing_goes_down_the_pipe_of_a_damaged_ledger(data):
    database = database_file(settings_of(data).database_url)
    size = database.stat().st_size
    with database.open("r+b") as file:
        for place in range(8, size // 4096, 3):
            file.seek(place * 4096)
            file.write(b"\xff" * 4096)
    copied = run("backup", "-", "--data", data, data=data)
    assert copied.returncode == 1 and copied.stdout == b""
    assert json.loads(copied.stderr)["errors"][0]["code"] == "ledger_damaged"


@databases.in_a_file
def test_a_copy_takes_the_room_of_one_ledger_and_no_memory_of_it(data, tmp_path):
    database = database_file(settings_of(data).database_url)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE padding (content BLOB)")
        connection.executemany("INSERT INTO padding VALUES (?)", ((os.urandom(1 << 20),) for _ in range(150)))
    connection.close()
    limit = 110 << 20

    def bound():
        resource.setrlimit(resource.RLIMIT_DATA, (limit + (150 << 20), limit + (150 << 20)))

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    peak = _peak_of(scratch, ["backup", "-", "--scratch", scratch, "--data", data], data, bound)
    assert 0 < peak <= database.stat().st_size * 1.2
    assert list(scratch.iterdir()) == []


def _peak_of(folder, words, data, bound):
    """The most that was in a folder while a command ran, whose output was all taken."""
    environ = {**os.environ, **databases.environ_of(data)}
    with subprocess.Popen(
        [*HOUBLON, *map(str, words)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=bound
    ) as running:
        taken = []
        reader = threading.Thread(
            target=lambda: taken.append(sum(map(len, iter(lambda: running.stdout.read(1 << 20), b""))))
        )
        reader.start()
        peak = 0
        while running.poll() is None:
            with contextlib.suppress(FileNotFoundError):
                peak = max(peak, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
            time.sleep(0.02)
        reader.join()
        assert running.returncode == 0, running.stderr.read()
    assert taken[0] > (150 << 20)
    return peak


@databases.in_a_file
def test_a_disk_without_room_for_the_copy_is_told_before_it_is_full(data, tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr("houblon.web.copies.scratch.shutil.disk_usage", lambda path: full)
    with pytest.raises(Invalid) as refused:
        back_up(settings_of(data), tmp_path / "b.tar", NOW)
    assert "--scratch" in refused.value.problems[0].message.en
    assert not list(tmp_path.glob("*.tar*")) and not list(data.glob(".copying-*"))


def test_a_file_says_where_the_installation_was_reached(data, tmp_path):
    assert run("backup", tmp_path / "b.tar.gz", "--data", data, data=data).returncode == 0
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        assert archive.getnames()[0] == "manifest.json"
        assert json.load(archive.extractfile("manifest.json"))["base_url"] == "http://localhost:8000"
