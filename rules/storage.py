"""The crash-safe, locked TinyDB storage: a reader sees a whole state, a writer loses nothing.

A write goes to a temporary file that is synced and renamed over the last one, so that a power cut
leaves one state or the other. The lock is held from the read to the write.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock
from tinydb.storages import Storage

from rules.durable import (
    Sync,
    Tables,
    decode,
    encode,
    forget_old,
    generations,
    keep,
    kept,
    last_good_generation,
    replace_file,
)

# Longer than any write: who still waits then is behind a process that hangs.
LOCK_SECONDS = 30

Stamp = tuple[int, int, int]


class StorageFault(Exception):
    """The store can't be read or written; the sentence says what to do, the last state is kept."""


class Damaged(StorageFault):
    """A file is not what was written; `generation` is the last good one, if any."""

    def __init__(self, name: str, what: str, generation: int | None):
        self.name, self.generation = name, generation
        way_out = f"`houblon restore` brings generation {generation} back" if generation else "restore it from a backup"
        super().__init__(f"{name} is damaged: {what}; {way_out}.")


class State(NamedTuple):
    """What a file holds: its stamp, its generation (from 1), its tables (None when it is new)."""

    stamp: Stamp | None
    generation: int
    tables: Tables | None


class CrashSafeStorage(Storage):
    """TinyDB storage at `path`. Reads wait for nobody; writes happen inside `transaction()`.

    `sync` is how bytes are made to last; tests give one that fails.
    """

    def __init__(self, path: Path, sync: Sync = os.fsync):
        self.path = Path(path)
        self._sync = sync
        self._file_lock = FileLock(f"{path}.lock", timeout=LOCK_SECONDS, thread_local=False)
        self._one_writer = threading.RLock()
        self._writer: int | None = None
        self._pending: Tables | None = None
        self._state = State(None, 0, None)

    def read(self) -> Tables | None:
        """The tables as they are now, or as this thread's transaction has them; None when new.

        Raises Damaged, StorageFault.
        """
        if self._pending is not None and self._writer == threading.get_ident():
            return dict(self._pending)
        state = self._state
        if state.stamp is None or state.stamp != self.stamp:
            self._state = state = self._load()
        return None if state.tables is None else dict(state.tables)

    def write(self, data: Tables) -> None:
        """What the transaction will keep when it ends."""
        if self._writer != threading.get_ident():
            raise RuntimeError("the store is written inside a transaction only")
        self._pending = dict(data)

    @property
    def stamp(self) -> Stamp | None:
        """Changes whenever the file does: freshness for the price of a stat."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock from the first read to the one write; an exception writes nothing.

        Raises Damaged; StorageFault when the disk refuses or another writer hangs: the last state
        stays as it was.
        """
        with self._one_writer:
            if self._writer is not None:
                raise RuntimeError("a transaction can't be opened inside another")
            with self._locked():
                # From the disk: nothing is written on top of what was not checked just now.
                self._state = self._load()
                self._writer = threading.get_ident()
                try:
                    yield
                    if self._pending is not None:
                        self._commit(self._pending)
                finally:
                    self._writer = self._pending = None

    def restore_last_good(self) -> int:
        """Put the last good generation in place of a damaged file, which is kept as `….damaged`.

        Returns its number. Raises StorageFault when no generation is whole.
        """
        with self._one_writer, self._locked():
            generation = last_good_generation(self.path)
            if generation is None:
                raise StorageFault(f"no kept generation of {self.path.name} is whole; restore it from a backup.")
            try:
                # Copied, not moved: a crash between two moves would leave no file, as if it were new.
                if self.path.exists():
                    replace_file(self.path.with_name(f"{self.path.name}.damaged"), self.path.read_bytes(), self._sync)
                replace_file(self.path, kept(self.path, generation).read_bytes(), self._sync)
            except OSError as refusal:
                raise self._refused("restored", refusal) from refusal
            return generation

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._file_lock.acquire()
        except OSError as refusal:
            raise self._refused("locked", refusal) from refusal
        try:
            yield
        finally:
            self._file_lock.release()

    def _load(self) -> State:
        stamp = self.stamp
        if stamp is None and not generations(self.path):
            return State(None, 0, None)
        try:
            found = decode(self.path.read_bytes())
        except FileNotFoundError:
            raise Damaged(self.path.name, "the file is gone", last_good_generation(self.path)) from None
        except OSError as refusal:
            raise self._refused("read", refusal) from refusal
        if found is None:
            what = "its content does not match its checksum"
            raise Damaged(self.path.name, what, last_good_generation(self.path))
        return State(stamp, *found)

    def _commit(self, tables: Tables) -> None:
        last = self._state
        try:
            if last.stamp is not None:
                keep(self.path, last.generation)
            replace_file(self.path, encode(last.generation + 1, tables), self._sync)
        except OSError as refusal:
            self._put_back(last)
            raise self._refused("written", refusal) from refusal
        forget_old(self.path)
        self._state = State(self.stamp, last.generation + 1, tables)

    def _put_back(self, last: State) -> None:
        """Undo a write of which the disk did not confirm that it will last."""
        with contextlib.suppress(OSError):
            if self.stamp == last.stamp:
                return
            if last.stamp is None:
                self.path.unlink()
            else:
                os.replace(kept(self.path, last.generation), self.path)

    def _refused(self, what: str, refusal: OSError) -> StorageFault:
        return StorageFault(
            f"{self.path.name} could not be {what} ({refusal.strerror or refusal}); nothing changed. "
            "Free some space or mend the disk, then try again."
        )
