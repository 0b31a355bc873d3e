"""What deploy/ holds for systemd and for containers: judged by their own tools, and by what it must say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.proxies import DEPLOY

UNIT, CONTAINER = DEPLOY / "houblon.service", DEPLOY / "Containerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")
with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed on this machine"
)


@pytest.fixture
def unit(tmp_path):
    """The unit, with the program where this machine has one."""
    program = str(Path(sys.executable).absolute()).replace("%", "%%")
    text, count = re.subn("/opt/houblon/bin/houblon", lambda _: f'"{program}"', UNIT.read_text())
    assert count == 1
    path = tmp_path / "houblon.service"
    path.write_text(text)
    return path


def told(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@with_systemd
def test_systemd_takes_the_unit_without_a_word(unit):
    found = told("systemd-analyze", "verify", "--man=no", str(unit))
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@with_systemd
def test_systemd_finds_little_that_the_unit_leaves_open(unit):
    # Tenths, on systemd's own scale of 0 to 10, where a plain service has 9.6.
    found = told("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(unit))
    assert found.returncode == 0, found.stdout[-300:] + found.stderr


def test_the_unit_gives_the_data_folder_to_a_user_of_its_own_and_nothing_else():
    lines = UNIT.read_text().splitlines()
    for each in ("User=houblon", "ProtectSystem=strict", "StateDirectory=houblon", "NoNewPrivileges=yes", "UMask=0077"):
        assert each in lines
    assert not [each for each in lines if each.startswith("ReadWritePaths")]
    assert "u houblon" in (DEPLOY / "houblon.sysusers").read_text()


def test_the_container_file_has_nothing_that_its_linter_minds():
    found = told(str(HADOLINT), str(CONTAINER))
    assert (found.returncode, found.stdout) == (0, ""), found.stderr


def test_the_container_runs_as_nobody_in_particular_and_says_how_it_is():
    last = CONTAINER.read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):\d+$", last, re.M)[1] != "0"
    assert "--read-only" in CONTAINER.read_text() and "VOLUME /data" in last
    # The very command that asks: of a server that is not there, it says so by its status.
    asked = re.search(r'HEALTHCHECK .*\\\n\s+CMD \["python", "-c", "(.*)"\]', last)[1].replace(":8000", ":1")
    assert told(sys.executable, "-c", asked).returncode != 0
