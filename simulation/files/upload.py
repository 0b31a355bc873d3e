"""An uploaded file, read once into a folder of its own and kept there only while it is needed.

The reading is done by a child process with little memory and little time; what the child can't stand is refused.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from houblon.engine.core.problem import Invalid, Problem
from houblon.orders.cell_values import Cell
from houblon.simulation.files.child import REFUSED, SECONDS, Found
from houblon.simulation.files.guard import MAX_BYTES, too_large, too_slow

_HEAD, _ROWS, _FILE = "upload.json", "rows.jsonl", "file"


class Upload(msgspec.Struct, frozen=True):
    """A file that was read: whose it is, since when, its name and hash, and what was found in it."""

    name: str
    by: str
    at: datetime
    hash: str
    found: Found

    @property
    def header(self) -> tuple[str, ...]:
        return self.found.header


def receive(chunks: Iterator[bytes], name: str, folder: Path, *, by: str, at: datetime) -> Upload:
    """Read a file into a new folder, which is gone again when the file is refused. Raises Invalid."""
    folder.mkdir(parents=True)
    try:
        digest = _store(chunks, folder / _FILE)
        found = _read(folder)
        upload = Upload(_shown(name), by, at, digest, found)
        (folder / _HEAD).write_bytes(msgspec.json.encode(upload))
        (folder / _FILE).unlink()
        return upload
    except BaseException:
        remove(folder)
        raise


def _store(chunks: Iterator[bytes], path: Path) -> str:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_BYTES:
                raise too_large()
            digest.update(chunk)
            file.write(chunk)
    return f"sha256:{digest.hexdigest()}"


def child(file: Path, folder: Path) -> list[str]:
    """The command that reads a file into a folder."""
    return [sys.executable, "-P", "-m", "houblon.simulation.files.child", str(file), str(folder)]


def _read(folder: Path) -> Found:
    command = child(folder / _FILE, folder)
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=2 * SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise too_slow() from None
    if done.returncode == REFUSED:
        raise Invalid(msgspec.json.decode(done.stdout, type=tuple[Problem, ...]))
    if done.returncode:  # out of memory or time: the child was ended where it stood
        raise too_slow()
    return msgspec.json.decode((folder / "head.json").read_bytes(), type=Found)


def open_upload(folder: Path) -> Upload | None:
    """The upload that a folder holds; None when it holds none, or no longer."""
    try:
        return msgspec.json.decode((folder / _HEAD).read_bytes(), type=Upload)
    except (OSError, UnicodeError, msgspec.MsgspecError, RecursionError):
        return None


def rows_of(folder: Path) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The rows under the header: their number in the file, their cells."""
    decoder = msgspec.json.Decoder(list[Any])
    with (folder / _ROWS).open("rb") as file:
        for line in file:
            number, *cells = decoder.decode(line)
            yield number, cells


def remove(folder: Path) -> None:
    """Take an upload away; nothing happens when it is gone already."""
    for name in (_FILE, _ROWS, "head.json", _HEAD):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir():
        folder.rmdir()


def _shown(name: str) -> str:
    """A file's own name as pages can show it."""
    plain = "".join(each for each in name.replace("\\", "/").rpartition("/")[2] if each.isprintable())
    return plain[:200] or "—"
