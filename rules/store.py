"""Documents by version: every published state can be looked up, none is ever changed."""

import bisect
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from tinydb import TinyDB
from tinydb.table import Table

from rules.content import Content, Version, content_of
from rules.storage import CrashSafeStorage

FILE = "rules.json"
_REMEMBERED = 64
Row = Mapping[str, Any]


class UnknownVersion(LookupError):
    """There is no such version."""


class Store:
    """The rules of one installation, in `folder`; several processes may share it."""

    def __init__(self, folder: Path):
        self.storage = CrashSafeStorage(Path(folder) / FILE)
        self._lock = threading.RLock()
        self._stamp: object = ()
        self._index = _Index([], [])
        self._contents: OrderedDict[int, Content] = OrderedDict()

    def versions(self) -> Sequence[Version]:
        """Every version, oldest first."""
        return self._fresh().versions

    def newest(self) -> Version:
        """The last version published. Raises UnknownVersion in a store with none."""
        versions = self.versions()
        if not versions:
            raise UnknownVersion("nothing was published yet")
        return versions[-1]

    def version(self, number: int) -> Version:
        versions = self.versions()
        if not 1 <= number <= len(versions):
            raise UnknownVersion(f"there is no version {number}")
        return versions[number - 1]

    def in_force(self, at: datetime) -> Version:
        """The version in force at `at`: the last one effective by then, the first one before any was."""
        versions = self.versions() or [self.newest()]
        return next((each for each in reversed(versions) if each.effective_from <= at), versions[0])

    def content(self, number: int) -> Content:
        """What version `number` holds, parsed once. Raises UnknownVersion."""
        with self._lock:
            found = self._contents.get(number)
            if found is None:
                version = self.version(number)
                found = content_of(version, self._index.rows_at(number))
                self._contents[number] = found
                while len(self._contents) > _REMEMBERED:
                    self._contents.popitem(last=False)
            else:
                self._contents.move_to_end(number)
            return found

    def rows_of(self, kind: str, id: str) -> Sequence[Row]:
        """Every state that one document has had, oldest first."""
        return self._fresh().rows.get((kind, id), ())

    def rows_at(self, number: int) -> list[Row]:
        """The row of every document that version `number` holds."""
        return self._fresh().rows_at(number)

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """A writer under the store's lock; all it adds is kept together, or nothing is."""
        with self.storage.transaction():
            yield Writer(self)

    def _fresh(self) -> "_Index":
        with self._lock:
            stamp = self.storage.stamp
            if stamp != self._stamp:
                tables = self.storage.read() or {}
                self._index = _Index(
                    [_version_of(row) for row in tables.get("versions", {}).values()],
                    list(tables.get("documents", {}).values()),
                )
                self._stamp = stamp
            return self._index


class Writer:
    """Adds rows and a version inside one transaction."""

    def __init__(self, store: Store):
        self.store = store
        # A database of this transaction only: TinyDB's tables count their next id per process.
        self._database = TinyDB(storage=lambda: store.storage)

    def newest(self) -> Content | None:
        """The newest content, read under the lock."""
        versions = self.store.versions()
        return self.store.content(versions[-1].number) if versions else None

    def publish(self, rows: Sequence[Row], version: Version) -> None:
        """Add the changed documents' rows and the version that they make."""
        _table(self._database, "documents").insert_multiple(dict(row) for row in rows)
        _table(self._database, "versions").insert(_version_row(version))


def _table(database: TinyDB, name: str) -> Table:
    # No query cache: it would answer from a state that another process has replaced.
    return database.table(name, cache_size=0)


def open_store(folder: Path) -> Store:
    """The store in `folder`. Raises Damaged when its file does not match its checksum."""
    store = Store(folder)
    store.versions()
    return store


class _Index:
    """Versions and rows in memory: (kind, id) → rows by version, so a version is a look-up."""

    def __init__(self, versions: list[Version], rows: list[Row]):
        self.versions = sorted(versions, key=lambda version: version.number)
        self.rows: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            self.rows.setdefault((row["kind"], row["id"]), []).append(row)
        for states in self.rows.values():
            states.sort(key=_row_version)

    def rows_at(self, number: int) -> list[Row]:
        """The row of every document that `number` holds, in the order of kinds and ids."""
        found = []
        for key in sorted(self.rows):
            states = self.rows[key]
            position = bisect.bisect_right(states, number, key=_row_version)
            if position and states[position - 1]["document"] is not None:
                found.append(states[position - 1])
        return found


def _row_version(row: Row) -> int:
    return row["version"]


def _version_row(version: Version) -> dict[str, Any]:
    return msgspec.to_builtins(version)


def _version_of(row: Row) -> Version:
    return msgspec.convert(dict(row), Version)


def content_hash(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """sha256 of all documents by kind and id, in one canonical writing."""
    encoded = msgspec.json.encode(documents, order="deterministic")
    return "sha256:" + hashlib.sha256(encoded).hexdigest()
