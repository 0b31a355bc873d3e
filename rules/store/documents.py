"""Documents by version: every published state can be looked up, none is ever changed."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from tinydb import TinyDB, where
from tinydb.table import Table

from houblon.rules.model.content import Content, Row, Version, canonical
from houblon.rules.model.entry import Entry
from houblon.rules.model.moves import Move
from houblon.rules.model.proposal import Proposal
from houblon.rules.model.statements import Document
from houblon.rules.store.caches import TtlCache
from houblon.rules.store.durable import Sync
from houblon.rules.store.history import History, Lost, UnknownVersion
from houblon.rules.store.storage import CrashSafeStorage, Stamp

__all__ = ["FILE", "Store", "UnknownVersion", "Writer", "content_hash", "open_store"]

FILE = "rules.json"
# Entries that stay after the ledger has them: a backup copies the ledger first, and the rules after it.
ENTRIES_KEPT = 50

# The audit entry of a change, by the proposal before (None for a new one) and after it.
EntryOf = Callable[[Proposal | None, Proposal], Entry]


class Store:
    """The rules of one installation, in `folder`; several processes and threads may share it."""

    def __init__(self, folder: Path, sync: Sync = os.fsync):
        self.storage = CrashSafeStorage(Path(folder) / FILE, sync)
        # Read and replaced as one, so that readers need no lock.
        self._state: tuple[Stamp | None, History] = (None, History({}))
        # References of the entries that the ledger has, as far as this process knows.
        self.copied: frozenset[str] = frozenset()
        # `history()` for the stream of orders, with a look that serves many of them.
        self.recent = TtlCache(self.history)

    def versions(self) -> Sequence[Version]:
        """Every version, oldest first."""
        return self.history().versions

    def newest(self) -> Version:
        """The last version published. Raises UnknownVersion in a store with none."""
        return self.history().newest()

    def version(self, number: int) -> Version:
        """Raises UnknownVersion."""
        return self.history().version(number)

    def in_force(self, at: datetime) -> Version:
        """The version in force at `at`: the last one effective by then, the first one before any was."""
        return self.history().in_force(at)

    def content(self, number: int) -> Content:
        """What version `number` holds, parsed once. Raises UnknownVersion."""
        return self.history().content(number)

    def rows_of(self, kind: str, id: str) -> Sequence[Row]:
        """Every state that one document has had, oldest first; `document` is None where it was removed."""
        return tuple(self.history().rows.get((kind, id), ()))

    def history(self) -> History:
        """The state of this instant: what is read of it belongs together. Raises Damaged, StorageFault."""
        stamp, history = self._state
        now = self.storage.stamp
        if stamp is None or now != stamp:
            history = History(self.storage.read() or {}, history)
            self._state = (now, history)
        return history

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """A writer under the store's lock; all it adds is kept together, or nothing is."""
        try:
            with self.storage.transaction():
                yield Writer(self, self.copied)
        finally:
            self.recent.invalidate()


class Writer:
    """Adds rows, a version and proposals inside one transaction; `history` is what was there before."""

    def __init__(self, store: Store, copied: frozenset[str]):
        self._copied = copied
        self.history = store.history()
        # A database of this transaction only: TinyDB's tables count their next id per process.
        self._database = TinyDB(storage=lambda: store.storage)

    def publish(self, rows: Sequence[Row], version: Version, moves: Sequence[Move] = ()) -> None:
        """Add the changed documents' rows, the version that they make, and the memberships that it brings."""
        _table(self._database, "documents").insert_multiple(dict(row) for row in rows)
        _table(self._database, "versions").insert(msgspec.to_builtins(version))
        if moves:
            _table(self._database, "moves").insert({"version": version.number, "moves": msgspec.to_builtins(moves)})

    def keep(self, proposal: Proposal, entry_of: EntryOf | None = None) -> None:
        """Add the proposal, or put it in the place of its last state; with it, the audit entry of the change."""
        table = _table(self._database, "proposals")
        table.upsert(msgspec.to_builtins(proposal), where("id") == proposal.id)
        if entry_of is not None:
            self.note(entry_of(self.history.proposals.get(proposal.id), proposal))

    def note(self, entry: Entry) -> None:
        """Add an audit entry, which waits here until the ledger has it; it needs a reference of its own."""
        if entry.reference is None:
            raise ValueError(f"the entry of {entry.act} has no reference: it could be copied twice")
        table = _table(self._database, "audit")
        done = [row.doc_id for row in table.all() if row["reference"] in self._copied]
        table.remove(doc_ids=done[: max(0, len(done) - ENTRIES_KEPT)])
        table.insert(msgspec.to_builtins(entry))

    def proposal(self, id: str) -> Proposal:
        """The proposal as this transaction leaves it so far."""
        return msgspec.convert(_table(self._database, "proposals").get(where("id") == id), Proposal)

    def proposals(self) -> list[Proposal]:
        """Every proposal as this transaction leaves it so far."""
        return [msgspec.convert(dict(row), Proposal) for row in _table(self._database, "proposals").all()]

    def give_up(self, lost: Sequence[Lost]) -> None:
        """Add versions that are lost for good: their numbers are not given anew."""
        _table(self._database, "lost").insert_multiple(msgspec.to_builtins(each) for each in lost)


def _table(database: TinyDB, name: str) -> Table:
    # No query cache: it would answer from a state that another process has replaced.
    return database.table(name, cache_size=0)


def open_store(folder: Path) -> Store:
    """The store in `folder`. Raises Damaged when its file does not match its checksum."""
    store = Store(folder)
    store.versions()
    return store


def content_hash(documents: Mapping[str, Mapping[str, Document]]) -> str:
    """sha256 of all documents by kind and id, in one canonical writing."""
    return "sha256:" + hashlib.sha256(canonical(documents)).hexdigest()
