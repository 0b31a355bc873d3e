"""Kill -9 a writing process over and over, and look at what it leaves."""

import random
import subprocess
import sys
import time
from pathlib import Path

from houblon.rules.store.storage import CrashSafeStorage

ROOT = Path(__file__).resolve().parents[3]


def start_writer(folder: Path, name: str, *arguments: str, what: str = "rows") -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.rules.store.writer", what, str(folder), name, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_while_writing(folder: Path, kills: int, size: int, chance: random.Random) -> tuple[int, int]:
    """Kill `kills` writers at random instants: rows kept in the end, kills in the middle of a write.

    Raises AssertionError when a state is broken, half of one, or lacks a row whose write was
    answered. `size` is the length of a state in bytes, about.
    """
    answered: set[tuple[str, int]] = set()
    interrupted = 0
    for number in range(kills):
        name = f"kill-{number}"
        for left in folder.glob("*.writing"):
            left.unlink()
        with start_writer(folder, name, "1000000", str(size)) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
            time.sleep(chance.uniform(0, 0.06))
            if number % 2:
                _wait_for_a_write(folder, chance.uniform(0, 0.003))
            writer.kill()
            answered |= {(name, int(line)) for line in writer.stdout.read().split()}
        interrupted += any(folder.glob("*.writing"))
        kept = rows(folder)
        assert answered <= kept, f"{len(answered - kept)} answered writes are lost after kill {number + 1}"
        assert len(kept - answered) <= number + 1, "more rows than one unanswered write a kill"
    return len(rows(folder)), interrupted


def _wait_for_a_write(folder: Path, further: float) -> None:
    """Return `further` seconds after a temporary file is seen: in the middle of a write, often."""
    until = time.monotonic() + 5
    while not any(folder.glob("*.writing")) and time.monotonic() < until:
        pass
    time.sleep(further)


def rows(folder: Path) -> set[tuple[str, int]]:
    """The rows of the state in `folder`, which must be whole."""
    tables = CrashSafeStorage(folder / "rules.json").read()
    if tables is None:
        return set()
    found = [(row["name"], row["number"]) for row in tables["rows"].values()]
    assert [each["rows"] for each in tables["sums"].values()] == [len(found)], "half of a write is there"
    assert len(set(found)) == len(found)
    return set(found)
