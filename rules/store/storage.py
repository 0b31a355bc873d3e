"""The crash-safe, locked TinyDB storage: a reader sees a whole state, a writer loses nothing.

A write, with the lock held from the read before it:
1. the file of now gets a second name, `….N`: the generation that is kept;
2. the next state is written beside it twice, as the file's and as the twin's, and synced;
3. the file is renamed over the last one and the folder synced: **from here the write counts**;
4. the twin is renamed over the last twin.
A power cut leaves one state or the other. Before 3, nothing happened. Between 3 and 4 the twin is one
behind; it is then not read, and `mend` writes it anew at the next start of a server.
"""

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock
from tinydb.storages import Storage

from houblon.rules.store.durable import (
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
    stage_file,
)
from houblon.rules.store.twin import read, read_twin, twin_bytes, twin_of

log = logging.getLogger("houblon.rules")

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
    """What a file holds: its stamp, its generation (from 1), its tables (None when it is new).

    `harm` is what is wrong with the file, where its twin was read in its place.
    """

    stamp: Stamp | None
    generation: int
    tables: Tables | None
    harm: str | None = None


class CrashSafeStorage(Storage):
    """TinyDB storage at `path`. Reads wait for nobody; writes happen inside `transaction()`.

    `sync` is how bytes are made to last; tests give one that fails.
    """

    def __init__(self, path: Path, sync: Sync = os.fsync):
        self.path = Path(path)
        self._sync = sync
        self._file_lock = FileLock(f"{path}.lock", timeout=LOCK_SECONDS, mode=0o600, thread_local=False)
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
            if state.harm is not None:
                log.warning("%s is damaged (%s): its twin was read in its place", self.path.name, state.harm)
        return None if state.tables is None else dict(state.tables)

    def harm(self) -> str | None:
        """What is wrong on the disk although nothing is lost: the file, or its twin. Raises Damaged, StorageFault."""
        state = self._load()
        if state.harm is not None:
            return f"{self.path.name} is damaged: {state.harm}; its twin is whole and is read in its place"
        if state.tables is not None and read(twin_of(self.path)) != read(self.path):
            return f"the twin of {self.path.name} is missing, damaged or old"
        return None

    def mend(self) -> str | None:
        """Make the file and its twin whole again from each other, and say what was wrong; None where nothing was.

        Nothing is ever lost by it. Raises Damaged, StorageFault.
        """
        if self.harm() is None:
            return None
        with self._one_writer, self._locked():
            found = self.harm()  # another process may have mended it meanwhile
            if found is not None:
                self._put_in_place(twin_bytes(self.path) or self.path.read_bytes())
        return found

    @property
    def generation(self) -> int:
        """Which generation the file of now is. Raises Damaged, StorageFault."""
        return self._load().generation

    def whole_bytes(self) -> bytes:
        """The file of now, as it was written: its twin's where it is damaged. Raises Damaged, StorageFault."""
        while True:
            state = self._load()
            content = twin_bytes(self.path) if state.harm is not None else read(self.path)
            # Another process may have written between the two.
            if content is not None and decode(content) is not None:
                return content

    def last_good(self) -> State:
        """What `restore_last_good` would bring back. Raises StorageFault when nothing is whole."""
        found = decode(self._last_good())
        assert found is not None
        return State(None, *found)

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
                self._state = self._whole()
                self._writer = threading.get_ident()
                try:
                    yield
                    if self._pending is not None:
                        self._commit(self._pending)
                finally:
                    self._writer = self._pending = None

    def restore_last_good(self) -> int:
        """Put the last good state, the twin's or a kept generation's, in place of a damaged file, which is kept as
        `….damaged`.

        Returns its number. Raises StorageFault when nothing is whole.
        """
        with self._one_writer, self._locked():
            content = self._last_good()
            self._put_in_place(content)
            found = decode(content)
            assert found is not None
            return found[0]

    def _last_good(self) -> bytes:
        twin = twin_bytes(self.path)
        if twin is not None:
            return twin
        generation = last_good_generation(self.path)
        if generation is None:
            raise StorageFault(f"no kept generation of {self.path.name} is whole; restore it from a backup.")
        return kept(self.path, generation).read_bytes()

    def _put_in_place(self, content: bytes) -> None:
        """Make the file and its twin hold `content`; a file that holds something else is kept as `….damaged`."""
        try:
            # Copied, not moved: a crash between two moves would leave no file, as if it were new.
            before = self._damaged_bytes()
            if before != content:
                if before is not None:
                    replace_file(self.path.with_name(f"{self.path.name}.damaged"), before, self._sync)
                replace_file(self.path, content, self._sync)
            replace_file(twin_of(self.path), content, self._sync)
        except OSError as refusal:
            raise self._refused("restored", refusal) from refusal

    def _damaged_bytes(self) -> bytes | None:
        """What the file holds, as far as it can be read at all."""
        try:
            return self.path.read_bytes()
        except OSError as refusal:
            if refusal.errno not in (errno.EIO, errno.ENOENT):
                raise
            return None

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
        if stamp is None and not generations(self.path) and not twin_of(self.path).exists():
            return State(None, 0, None)
        found, harm = None, "its content does not match its checksum"
        try:
            found = decode(self.path.read_bytes())
        except FileNotFoundError:
            raise Damaged(self.path.name, "the file is gone", self._way_back()) from None
        except OSError as refusal:
            if refusal.errno != errno.EIO:
                raise self._refused("read", refusal) from refusal
            harm = "the disk can't read it"
        if found is not None:
            return State(stamp, *found)
        twin = read_twin(self.path)
        if twin is None:
            raise Damaged(self.path.name, harm, self._way_back())
        return State(stamp, *twin, harm)

    def _whole(self) -> State:
        """What is there, put right first where only its twin was whole: a damaged file is no generation to keep."""
        state, twin = self._load(), twin_bytes(self.path)
        if state.harm is None or twin is None:
            return state
        self._put_in_place(twin)
        return self._load()

    def _way_back(self) -> int | None:
        """The generation that a restore would bring back."""
        twin = read_twin(self.path)
        return twin[0] if twin is not None else last_good_generation(self.path)

    def _commit(self, tables: Tables) -> None:
        last, content = self._state, encode(self._state.generation + 1, tables)
        twin: Path | None = None
        try:
            if last.stamp is not None:
                keep(self.path, last.generation)
            twin = stage_file(twin_of(self.path), content, self._sync)
            replace_file(self.path, content, self._sync)
        except OSError as refusal:
            if twin is not None:
                with contextlib.suppress(OSError):
                    twin.unlink()
            self._put_back(last)
            raise self._refused("written", refusal) from refusal
        try:
            os.replace(twin, twin_of(self.path))
        except OSError:
            log.exception("the twin of %s could not be written: what it copies is whole", self.path.name)
        forget_old(self.path)
        self._state = State(self.stamp, last.generation + 1, tables)

    def _put_back(self, last: State) -> None:
        """Undo a write of which the disk did not confirm that it will last."""
        with contextlib.suppress(OSError):
            if self.stamp == last.stamp:
                # Nothing came after it: kept, it would look as if its twin were one behind.
                kept(self.path, last.generation).unlink(missing_ok=True)
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
