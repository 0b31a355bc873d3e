"""A full disk and a disk that can't sync: no false 2xx, /readyz says no, and no hands are needed afterwards."""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import select

from houblon.orders.db.tables import orders
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.storage import StorageFault
from houblon.web.cli.check import check_installation
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.settings import Settings
from tests.clock import NOW
from tests.web.houses import copy_of, open_place, order
from tests.web.servers import send, serving

SHIM = Path(__file__).with_name("failing_sync.c")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB: an empty ledger and its log are about one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "houblon-test", str(disk)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small disk can't be mounted here (that takes root)")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk):
    """Take all the room there is."""
    with open(disk / "filler", "wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def test_a_command_on_a_full_disk_says_that_it_is_full(template, small_disk):
    data = copy_of(template[0], small_disk / "data")
    fill(small_disk)
    told = subprocess.run(
        [sys.executable, "-m", "houblon", "source", "add", "boutique", "--data", str(data)],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1 and json.loads(told.stderr)["errors"][0]["code"] == "disk_full"


def test_a_full_disk_accepts_nothing_falsely_and_goes_on_once_there_is_room(template, small_disk):
    data = copy_of(template[0], small_disk / "data")
    place = open_place(data, template[1])
    client = place.client()
    assert place.send(order("BEFORE"), "before").status_code == 200
    assert client.get("/readyz").status_code == 200
    fill(small_disk)
    answers = [place.send(order(f"FULL-{number}"), f"full-{number}") for number in range(300)]
    refused = [number for number, answer in enumerate(answers) if answer.status_code != 200]
    assert refused and {answers[number].status_code for number in refused} == {503}
    assert answers[refused[0]].headers["Retry-After"] and answers[refused[0]].mimetype == "application/problem+json"
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200
    tous = place.house.store.content(2).groups["tous"].document
    edit = Edit("group", "tous", {**tous, "settings": {**tous["settings"], "acceptance.minimum_items": 6}})
    with pytest.raises(StorageFault):
        publish(place.house.store, [edit], author="anne", note="", at=NOW)
    assert place.house.store.newest().number == 2
    (small_disk / "filler").unlink()
    assert client.get("/readyz").status_code == 200
    assert publish(place.house.store, [edit], author="anne", note="", at=NOW).number == 3
    again = [place.send(order(f"FULL-{number}"), f"full-{number}") for number in refused[:20]]
    assert {answer.status_code for answer in again} == {200}
    assert not any("Idempotent-Replay" in answer.headers for answer in again)
    told = {f"FULL-{number}" for number in range(300) if number not in refused} | {"BEFORE"}
    with place.house.services.ledger.reading() as connection:
        assert told <= set(connection.execute(select(orders.c.order_id)).scalars())
    assert check_installation(place.house).problems == ()
    place.house.close()


@pytest.fixture
def failing_sync(tmp_path):
    """The environment of a process whose syncs fail while a file exists, and that file."""
    shim, flag = tmp_path / "failing_sync.so", tmp_path / "disk-is-failing"
    compiler = shutil.which("cc") or shutil.which("gcc")
    made = compiler and subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(shim), str(SHIM), "-ldl"], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("no C compiler to make a disk fail with")
    # Beside what these tests are run under already.
    loaded = " ".join(filter(None, (str(shim), os.environ.get("LD_PRELOAD"))))
    return {**os.environ, "LD_PRELOAD": loaded, "HOUBLON_FAILS": str(flag)}, flag


def test_a_disk_that_can_t_sync_is_told_to_the_sender_and_what_was_told_is_kept(template, tmp_path, failing_sync):
    environment, flag = failing_sync
    data = copy_of(template[0], tmp_path / "data")
    place = open_place(data, template[1])
    place.house.close()
    with serving(data, environment) as server:
        assert send(server.address, place.secret, order("A"), "a")[0] == 200
        flag.touch()
        for number in range(5):
            status, answer = send(server.address, place.secret, order(f"B-{number}"), f"b-{number}")
            assert status == 503 and "outcome" not in answer
        with pytest.raises(urllib.error.HTTPError) as not_ready:
            urllib.request.urlopen(f"{server.address}/readyz", timeout=10)
        assert not_ready.value.code == 503
        flag.unlink()
        with urllib.request.urlopen(f"{server.address}/readyz", timeout=10) as ready:
            assert ready.status == 200
        for number in range(5):
            assert send(server.address, place.secret, order(f"B-{number}"), f"b-{number}")[0] == 200
    house = open_house(Settings.from_env({}, data))
    with house.services.ledger.reading() as connection:
        kept = sorted(connection.execute(select(orders.c.order_id)).scalars())
    assert kept == ["A", *(f"B-{number}" for number in range(5))]
    assert check_installation(house).problems == ()
    house.close()
