"""The storage: whole states only, nothing lost, damage named, the last good state brought back."""

import errno
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB

from houblon.rules.store.documents import open_store
from houblon.rules.store.durable import KEPT_GENERATIONS, generations, keep, last_good_generation, replace_file
from houblon.rules.store.storage import CrashSafeStorage, Damaged, StorageFault
from houblon.rules.store.twin import twin_of
from tests.rules.documents import published, tous
from tests.rules.store.kills import ROOT, kill_while_writing, rows, start_writer


def storage_in(folder: Path, **options: Any) -> CrashSafeStorage:
    return CrashSafeStorage(folder / "rules.json", **options)


def add(storage: CrashSafeStorage, **row: Any) -> None:
    with storage.transaction():
        TinyDB(storage=lambda: storage).table("rows", cache_size=0).insert(row)


def numbers(storage: CrashSafeStorage) -> list[int]:
    return [row["number"] for row in (storage.read() or {}).get("rows", {}).values()]


def filled(folder: Path, count: int) -> CrashSafeStorage:
    storage = storage_in(folder)
    for number in range(count):
        add(storage, number=number)
    return storage


class FailingDisk:
    """Syncs like the real one until its `at`-th sync (from 1), which it refuses as `error`."""

    def __init__(self, at: int, error: int):
        self.at, self.error, self.syncs = at, error, 0

    def __call__(self, handle: int) -> None:
        self.syncs += 1
        if self.syncs == self.at:
            raise OSError(self.error, os.strerror(self.error))
        os.fsync(handle)


def test_a_writer_killed_at_any_instant_leaves_a_whole_state_and_every_answered_write(tmp_path):
    kept, interrupted = kill_while_writing(tmp_path, kills=25, size=1_000_000, chance=random.Random(7))
    assert kept > 0
    assert interrupted > 0, "no kill fell into a write: the test shows nothing"


def test_two_processes_and_two_threads_writing_lose_nothing(tmp_path):
    writers = [start_writer(tmp_path, name, "40") for name in ("a", "b")]
    storage = storage_in(tmp_path)
    names = ("c", "d")

    def write(name: str) -> None:
        for number in range(20):
            with storage.transaction():
                database = TinyDB(storage=lambda: storage)
                table = database.table("rows", cache_size=0)
                table.insert({"name": name, "number": number})
                database.table("sums", cache_size=0).truncate()
                database.table("sums", cache_size=0).insert({"rows": len(table)})

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.communicate(timeout=60)
    wanted = {(name, number) for name in "ab" for number in range(40)}
    assert rows(tmp_path) == wanted | {(name, number) for name in "cd" for number in range(20)}


def test_a_reader_sees_what_another_process_wrote_without_being_told(tmp_path):
    storage = filled(tmp_path, 1)
    add(storage_in(tmp_path), number=7)
    assert numbers(storage) == [0, 7]


def test_readers_wait_for_no_writer_and_see_the_state_before_it(tmp_path):
    storage, seen = filled(tmp_path, 1), []
    with storage.transaction():
        TinyDB(storage=lambda: storage).table("rows", cache_size=0).insert({"number": 1})
        reader = threading.Thread(target=lambda: seen.append(numbers(storage)))
        reader.start()
        reader.join(timeout=5)
        assert seen == [[0]]
        assert numbers(storage) == [0, 1]
    assert numbers(storage) == [0, 1]


def test_an_exception_inside_a_transaction_writes_nothing(tmp_path):
    storage = filled(tmp_path, 1)
    with pytest.raises(ZeroDivisionError), storage.transaction():
        TinyDB(storage=lambda: storage).table("rows", cache_size=0).insert({"number": 1})
        1 / 0  # noqa: B018
    assert numbers(storage) == numbers(storage_in(tmp_path)) == [0]


def test_writing_outside_a_transaction_and_one_inside_another_are_refused(tmp_path):
    storage = filled(tmp_path, 1)
    with pytest.raises(RuntimeError):
        storage.write({})
    with storage.transaction(), pytest.raises(RuntimeError), storage.transaction():
        pass
    add(storage, number=1)
    assert numbers(storage) == [0, 1]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("sync", [1, 2, 3], ids=["the twin", "the file", "the folder"])
@pytest.mark.parametrize("before", [0, 2])
def test_a_disk_that_refuses_leaves_the_last_state_and_says_so(tmp_path, error, sync, before):
    filled(tmp_path, before)
    storage = storage_in(tmp_path, sync=FailingDisk(sync, error))
    assert numbers(storage) == list(range(before))
    with pytest.raises(StorageFault, match=rf"rules\.json could not be written \({os.strerror(error)}\); nothing"):
        add(storage, number=99)
    assert numbers(storage) == numbers(storage_in(tmp_path)) == list(range(before))
    add(storage, number=before)
    assert numbers(storage_in(tmp_path)) == list(range(before + 1))


def test_a_file_system_that_is_really_out_of_room_leaves_the_last_state(tmp_path):
    filled(tmp_path, 1)
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from houblon.rules.store.storage import CrashSafeStorage, StorageFault\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "storage = CrashSafeStorage(Path(sys.argv[1]) / 'rules.json')\n"
        "storage.read()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n"
        "    with storage.transaction():\n"
        "        storage.write({'rows': {'1': {'number': 'x' * 100_000}}})\n"
        "except StorageFault as fault:\n"
        "    print(fault)\n"
        "print(storage.read())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "could not be written (File too large); nothing changed" in done.stdout
    assert "{'rows': {'1': {'number': 0}}}" in done.stdout
    assert numbers(storage_in(tmp_path)) == [0]
    assert not list(tmp_path.glob("*.writing"))


DAMAGES = ["cut", "flipped", "emptied", "header"]


def harm(path: Path, damage: str) -> bytes:
    """Damage a file, and nothing that shares its bytes; what it holds now."""
    whole = bytearray(path.read_bytes())
    if damage == "flipped":
        whole[-3] ^= 1
    damaged = bytes({"cut": whole[:-5], "flipped": whole, "emptied": b"", "header": whole[1:]}[damage])
    path.unlink()
    path.write_bytes(damaged)
    return damaged


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_damaged_file_lost_is_read_from_its_twin_and_said(tmp_path, damage, caplog):
    filled(tmp_path, 3)
    path = tmp_path / "rules.json"
    damaged = harm(path, damage)
    storage = storage_in(tmp_path)
    assert [numbers(storage), numbers(storage)] == [[0, 1, 2]] * 2
    assert [each.levelname for each in caplog.records] == ["WARNING"], "said once, not at every look"
    assert "rules.json is damaged" in (storage.harm() or "") and path.read_bytes() == damaged
    assert "rules.json is damaged" in (storage.mend() or "")
    assert storage.mend() is storage.harm() is None
    assert (tmp_path / "rules.json.damaged").read_bytes() == damaged
    assert numbers(storage_in(tmp_path)) == [0, 1, 2]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_write_over_a_damaged_file_loses_nothing_and_keeps_only_whole_generations(tmp_path, damage):
    filled(tmp_path, 3)
    harm(tmp_path / "rules.json", damage)
    add(storage_in(tmp_path), number=3)
    assert numbers(storage_in(tmp_path)) == [0, 1, 2, 3] and storage_in(tmp_path).harm() is None
    assert last_good_generation(tmp_path / "rules.json") == 3


@pytest.mark.parametrize("damage", [*DAMAGES, "missing"])
def test_a_twin_that_is_not_whole_is_said_and_made_anew(tmp_path, damage):
    filled(tmp_path, 2)
    twin = twin_of(tmp_path / "rules.json")
    twin.unlink() if damage == "missing" else harm(twin, damage)
    storage = storage_in(tmp_path)
    assert numbers(storage) == [0, 1]
    assert "twin" in (storage.harm() or "") and "twin" in (storage.mend() or "") and storage.harm() is None
    assert twin.read_bytes() == (tmp_path / "rules.json").read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_twin_that_a_crash_left_one_behind_is_never_read(tmp_path, damage):
    filled(tmp_path, 2)
    path = tmp_path / "rules.json"
    behind = twin_of(path).read_bytes()
    add(storage_in(tmp_path), number=2)
    twin_of(path).write_bytes(behind)
    harm(path, damage)
    with pytest.raises(Damaged):
        storage_in(tmp_path).read()


def test_a_crash_before_the_write_counts_leaves_a_twin_that_is_read(tmp_path):
    """The generation has its second name already, the next state is not there yet."""
    storage = filled(tmp_path, 2)
    keep(storage.path, 2)
    path = storage.path
    path.write_bytes(path.read_bytes()[:-5])
    assert numbers(storage_in(tmp_path)) == [0, 1]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_when_it_is_opened_and_the_last_good_state_comes_back(tmp_path, damage):
    filled(tmp_path, 3)
    path = tmp_path / "rules.json"
    harm(twin_of(path), "cut")
    damaged = harm(path, damage)

    with pytest.raises(Damaged, match=r"rules\.json is damaged.*`houblon restore` brings generation 2 back") as found:
        storage_in(tmp_path).read()
    assert found.value.generation == 2
    with pytest.raises(Damaged):
        add(storage_in(tmp_path), number=99)

    assert storage_in(tmp_path).restore_last_good() == 2
    assert numbers(storage_in(tmp_path)) == [0, 1]
    assert (tmp_path / "rules.json.damaged").read_bytes() == damaged
    add(storage_in(tmp_path), number=2)
    assert numbers(storage_in(tmp_path)) == [0, 1, 2]


@pytest.mark.parametrize("count", [1, 3])
def test_a_lost_file_is_no_new_installation_and_its_twin_brings_all_of_it_back(tmp_path, count):
    filled(tmp_path, count)
    (tmp_path / "rules.json").unlink()
    with pytest.raises(Damaged, match=f"the file is gone.*brings generation {count} back"):
        storage_in(tmp_path).read()
    assert storage_in(tmp_path).restore_last_good() == count
    assert numbers(storage_in(tmp_path)) == list(range(count))


def test_a_damaged_generation_is_passed_over(tmp_path):
    filled(tmp_path, 4)
    for name in ("rules.json", "rules.json.twin"):
        (tmp_path / name).write_bytes(b"")
    third = tmp_path / "rules.json.3"
    third.unlink()
    third.write_bytes(b"?")
    (tmp_path / "rules.json.9").mkdir()
    assert storage_in(tmp_path).restore_last_good() == 2


def test_where_nothing_is_whole_restoring_says_to_use_a_backup(tmp_path):
    (tmp_path / "rules.json").write_bytes(b"not ours")
    with pytest.raises(Damaged, match="restore it from a backup"):
        storage_in(tmp_path).read()
    with pytest.raises(StorageFault, match="from a backup"):
        storage_in(tmp_path).restore_last_good()


def test_the_last_generations_are_kept_and_no_more(tmp_path):
    filled(tmp_path, KEPT_GENERATIONS + 4)
    last = KEPT_GENERATIONS + 4
    assert generations(tmp_path / "rules.json") == list(range(last - 1, last - 1 - KEPT_GENERATIONS, -1))


def test_a_disk_without_hard_links_keeps_copies(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    filled(tmp_path, 3)
    for name in ("rules.json", "rules.json.twin"):
        (tmp_path / name).write_bytes(b"")
    assert storage_in(tmp_path).restore_last_good() == 2


def test_a_writer_that_hangs_is_told_and_not_waited_for_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("houblon.rules.store.storage.LOCK_SECONDS", 0.2)
    waiting, holding = storage_in(tmp_path), storage_in(tmp_path)
    with holding.transaction(), pytest.raises(StorageFault, match="could not be locked"):
        add(waiting, number=1)
    add(waiting, number=1)
    assert numbers(waiting) == [1]


def test_what_is_taken_away_is_the_whole_state_whichever_of_the_two_files_is_damaged(tmp_path):
    whole = filled(tmp_path, 2).path.read_bytes()
    for damaged in ("rules.json", "rules.json.twin"):
        harm(tmp_path / damaged, "flipped")
        storage = storage_in(tmp_path)
        assert storage.whole_bytes() == whole and storage.generation == 2
        storage.mend()
    assert storage.last_good().generation == 2 and storage.last_good().tables == storage.read()
    for name in ("rules.json", "rules.json.twin"):
        harm(tmp_path / name, "cut")
    assert storage_in(tmp_path).last_good().generation == 1


def test_a_disk_that_refuses_what_is_brought_back_leaves_what_is_there(tmp_path):
    filled(tmp_path, 2)
    damaged = harm(tmp_path / "rules.json", "cut")
    with pytest.raises(StorageFault, match=r"rules\.json could not be restored \(No space left on device\)"):
        storage_in(tmp_path, sync=FailingDisk(1, errno.ENOSPC)).restore_last_good()
    assert (tmp_path / "rules.json").read_bytes() == damaged
    assert storage_in(tmp_path).restore_last_good() == 2


def test_a_folder_in_the_file_s_place_is_refused_and_left_there(tmp_path):
    filled(tmp_path, 2)
    path = tmp_path / "rules.json"
    path.unlink()
    path.mkdir()
    for work, what in ((CrashSafeStorage.read, "read"), (CrashSafeStorage.restore_last_good, "restored")):
        with pytest.raises(StorageFault, match=f"could not be {what} .Is a directory"):
            work(storage_in(tmp_path))
    with pytest.raises(IsADirectoryError):
        replace_file(path, b"whole")
    assert path.is_dir() and not list(tmp_path.glob("*.writing"))


UNREADABLE = Path("/proc/self/mem")  # its first page is nobody's: reading it is an input/output error


@pytest.mark.skipif(not UNREADABLE.exists(), reason="no file that can't be read, where /proc is not mounted")
def test_what_the_disk_can_t_read_is_read_from_the_twin_and_put_right(tmp_path):
    filled(tmp_path, 2)
    path = tmp_path / "rules.json"
    path.unlink()
    path.symlink_to(UNREADABLE)
    storage = storage_in(tmp_path)
    assert numbers(storage) == [0, 1] and "the disk can't read it" in (storage.harm() or "")
    add(storage, number=2)
    assert numbers(storage_in(tmp_path)) == [0, 1, 2] and storage.harm() is None and not path.is_symlink()


def test_a_twin_that_can_t_be_written_refuses_no_write_and_is_told(tmp_path, caplog):
    filled(tmp_path, 1)
    twin = twin_of(tmp_path / "rules.json")
    twin.unlink()
    twin.mkdir()
    storage = storage_in(tmp_path)
    add(storage, number=1)
    assert numbers(storage_in(tmp_path)) == [0, 1]
    assert ["the twin of rules.json could not be written" in each.message for each in caplog.records] == [True]
    assert "twin" in (storage.harm() or "")


def test_changing_what_was_read_changes_nothing_that_is_kept(tmp_path):
    storage = filled(tmp_path, 1)
    (storage.read() or {})["rows"]["1"]["number"] = 666
    add(storage, number=1)
    assert numbers(storage_in(tmp_path)) == [0, 1]


def test_publishing_threads_and_readers_never_lock_each_other_out(tmp_path):
    """Readers refresh while a writer holds the store, after another process published."""
    store = open_store(tmp_path)
    published(store, tous())
    other = start_writer(tmp_path, "a", "15", what="versions")
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            store.content(store.newest().number)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for thread in readers:
        thread.start()
    for number in range(15):
        published(store, tous(acceptance_minimum_items=number + 1))
    other.communicate(timeout=60)
    stop.set()
    for thread in readers:
        thread.join(timeout=20)
        assert not thread.is_alive(), "a reader and a writer wait for each other"
    assert [version.number for version in store.versions()] == list(range(1, 32))
    assert len(store.content(31).groups) == 16
