"""The crash-safe, locked TinyDB storage: a reader sees a whole state, a writer loses nothing.

A state is one file: a line that names its checksum and generation, then the JSON. A write goes to a
temporary file that is synced and renamed over the last one, so that a power cut leaves one state
or the other. The lock is held from the read to the write; earlier generations are kept beside.
"""

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock
from tinydb.storages import Storage

KEPT_GENERATIONS = 5
_HEADER = re.compile(rb'\{"houblon": 1, "generation": (\d{1,15}), "sha256": "([0-9a-f]{64})"\}\n')

Tables = dict[str, dict[str, Any]]


class StorageFault(Exception):
    """The store can't be read or written; the sentence says what to do, the last state is kept."""


class Damaged(StorageFault):
    """A file's content does not match its checksum; `generation` is the last good one, if any."""

    def __init__(self, name: str, generation: int | None):
        self.name, self.generation = name, generation
        way_out = "`houblon restore` brings back the last good one" if generation else "restore it from a backup"
        super().__init__(f"{name} is damaged: its content does not match its checksum; {way_out}.")


class CrashSafeStorage(Storage):
    """TinyDB storage at `path`. Reads are free; writes happen inside `transaction()`."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._thread = threading.RLock()
        self._stamp: tuple[int, ...] | None = None
        self._tables: Tables | None = None
        self._generation = 0
        self._pending: Tables | None = None
        self._writing = False

    def read(self) -> Tables | None:
        """The tables as they are now, or as the running transaction has them; None when new."""
        with self._thread:
            if self._pending is not None:
                return dict(self._pending)
            self._refresh()
            return None if self._tables is None else dict(self._tables)

    def write(self, data: Tables) -> None:
        with self._thread:
            if not self._writing:
                raise RuntimeError("the store is written inside a transaction only")
            self._pending = dict(data)

    @property
    def stamp(self) -> tuple[int, ...] | None:
        """Changes whenever the file does: freshness for the price of a stat."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock from the first read to the one write; an exception writes nothing.

        Raises StorageFault when the disk refuses; the last state stays as it was.
        """
        with self._thread, self._lock:
            self._writing = True
            try:
                yield
                if self._pending is not None:
                    self._commit(self._pending)
            finally:
                self._writing, self._pending = False, None

    def _refresh(self) -> None:
        stamp = self.stamp
        if stamp == self._stamp and stamp is not None:
            return
        if stamp is None:
            self._stamp, self._tables, self._generation = None, None, 0
            return
        found = _load(self.path)
        if found is None:
            raise Damaged(self.path.name, last_good_generation(self.path))
        self._generation, self._tables = found
        self._stamp = stamp

    def _commit(self, tables: Tables) -> None:
        self._refresh()
        body = msgspec.json.encode(tables)
        generation = self._generation + 1
        checksum = hashlib.sha256(body).hexdigest()
        header = b'{"houblon": 1, "generation": %d, "sha256": "%s"}\n' % (generation, checksum.encode())
        try:
            _replace(self.path, header + body, keep_as=self._generation or None)
        except OSError as refusal:
            raise StorageFault(
                f"{self.path.name} could not be written ({refusal.strerror}); nothing changed. "
                "Free some space or mend the disk, then try again."
            ) from refusal
        _forget_old(self.path)
        self._tables, self._generation, self._stamp = tables, generation, self.stamp


def _replace(path: Path, content: bytes, keep_as: int | None) -> None:
    temporary = path.with_name(f"{path.name}.writing")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep_as is not None:
            with contextlib.suppress(FileExistsError):
                os.link(path, _kept(path, keep_as))
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _load(path: Path) -> tuple[int, Tables] | None:
    """Generation and tables of a whole file; None when it is damaged."""
    content = path.read_bytes()
    header = _HEADER.match(content)
    if header is None:
        return None
    body = content[header.end() :]
    if hashlib.sha256(body).hexdigest().encode() != header[2]:
        return None
    return int(header[1]), msgspec.json.decode(body)


def _kept(path: Path, generation: int) -> Path:
    return path.with_name(f"{path.name}.{generation}")


def _generations(path: Path) -> list[int]:
    """Kept generations, newest first."""
    suffixes = (each.name[len(path.name) + 1 :] for each in path.parent.glob(f"{path.name}.*"))
    return sorted((int(suffix) for suffix in suffixes if suffix.isdecimal()), reverse=True)


def _forget_old(path: Path) -> None:
    for generation in _generations(path)[KEPT_GENERATIONS:]:
        with contextlib.suppress(OSError):
            _kept(path, generation).unlink()


def last_good_generation(path: Path) -> int | None:
    """The newest kept generation that is whole, None when there is none."""
    return next((each for each in _generations(path) if _load(_kept(path, each)) is not None), None)


def restore_last_good(path: Path) -> int:
    """Put the last good generation back in place of a damaged file, which is kept aside.

    Returns its number. Raises StorageFault when no generation is whole.
    """
    generation = last_good_generation(path)
    if generation is None:
        raise StorageFault(f"no kept generation of {path.name} is whole; restore it from a backup")
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, path.with_name(f"{path.name}.damaged"))
    _replace(path, _kept(path, generation).read_bytes(), keep_as=None)
    return generation
