"""Who did what when, from where, with before and after: a chain in which no link can be changed unseen."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from houblon.orders.db.tables import audit
from houblon.orders.db.writer import T, Work
from houblon.rules.model.changes import Change, changes
from houblon.rules.model.content import Content, Version, canonical
from houblon.rules.model.entry import Entry
from houblon.rules.model.statements import ABSENT, pointer_of
from houblon.rules.store.documents import Store

START = "sha256:" + "0" * 64
# A version that changes more is told by its hash and a count: its rows are in the rules themselves.
MAX_CHANGES = 200
# The entry of an act, by what the act returned; None where nothing was done.
EntryOf = Callable[[T], Entry | None]
# The act that takes the two sides from entries about a person, and names each with its hash.
REDACTED = "retailer.erased"


class Verified(msgspec.Struct, frozen=True):
    """How many entries follow from the start, the hash of the last one, and the first that does not follow."""

    count: int
    head: str
    broken_at: int | None = None


def record(connection: Connection, entry: Entry) -> None:
    """Add the entry to the chain, unless its reference is there already."""
    if is_recorded(connection, entry):
        return
    last = connection.execute(select(audit.c.key, audit.c.hash).order_by(audit.c.key.desc()).limit(1)).one_or_none()
    key, previous = (last.key + 1, last.hash) if last else (1, START)
    values = {name: getattr(entry, name) for name in entry.__struct_fields__}
    connection.execute(insert(audit), {**values, "key": key, "previous": previous, "hash": _hash(key, previous, entry)})


def is_recorded(connection: Connection, entry: Entry) -> bool:
    """Whether the chain has the entry: by its reference, if it has one."""
    known = select(audit.c.key).where(audit.c.reference == entry.reference)
    return entry.reference is not None and connection.execute(known).first() is not None


def audited(work: Work[T], entry_of: EntryOf[T] | None) -> Work[T]:
    """The work with its entry, in one transaction: neither is ever there without the other."""

    def both(connection: Connection) -> T:
        done = work(connection)
        entry = entry_of(done) if entry_of else None
        if entry is not None:
            record(connection, entry)
        return done

    return both


def record_versions(connection: Connection, store: Store, source: str = "") -> list[Version]:
    """Add every published version that the log does not have yet: after a crash, those of before it too.

    Returns these, the oldest first.
    """
    versions = store.versions()
    missing = []
    for version in reversed(versions):
        known = select(audit.c.key).where(audit.c.reference == _reference(version))
        if connection.execute(known).first() is not None:
            break
        missing.append(version)
    missing.reverse()
    for version in missing:
        record(connection, _publication(store, version, source))
    return missing


def verify(connection: Connection, head: str | None = None) -> Verified:
    """Recompute the chain from its start; with `head`, a hash noted earlier, ask that it be in it.

    An entry whose two sides were taken is sound where a later one, sound itself, vouches for its hash. A log cut
    short is as sound as before it was cut: keep a head elsewhere to notice.
    """
    count, previous, seen = 0, START, head is None
    unread: dict[int, str] = {}
    for row in connection.execute(select(audit).order_by(audit.c.key)).yield_per(1_000):
        entry = Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__})
        is_whole = row.hash == _hash(row.key, previous, entry)
        if row.key != count + 1 or row.previous != previous or not (is_whole or entry.before is entry.after is None):
            return Verified(count, previous, count + 1)
        if not is_whole:
            unread[row.key] = row.hash
        elif entry.act == REDACTED:
            vouched = (entry.after or {}).get("redacted", {})
            unread = {key: hash for key, hash in unread.items() if vouched.get(str(key)) != hash}
        count, previous, seen = count + 1, row.hash, seen or row.hash == head
    if unread:
        return Verified(min(unread) - 1, previous, min(unread))
    return Verified(count, previous, None if seen else count + 1)


def entries(connection: Connection, before: int | None = None, limit: int = 50) -> Sequence[Row[Any]]:
    """The log's entries, the newest first."""
    query = select(audit).order_by(audit.c.key.desc()).limit(limit)
    return connection.execute(query if before is None else query.where(audit.c.key < before)).all()


def both_sides(found: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Changes as what was before and what is after, by pointer; what was not stated is left out."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for change in found[:MAX_CHANGES]:
        for side, value in zip(sides, (change.before, change.after), strict=True):
            if value is not ABSENT:
                side[pointer_of(change.kind, change.id, change.path)] = value
    return sides


def _publication(store: Store, version: Version, source: str) -> Entry:
    content = store.content(version.number)
    before, after = both_sides(_changes(store, content))
    return Entry(
        version.published_at,
        version.author,
        source,
        "policy.rolled_back_in_emergency" if version.emergency else "policy.published",
        f"v{version.number}",
        before,
        {**after, "hash": version.hash, **({"report": version.approved_report} if version.approved_report else {})},
        _reference(version),
    )


def _changes(store: Store, content: Content) -> tuple[Change, ...]:
    before = store.history().before(content.version.number)
    return () if before is None else changes(store.content(before), content)


def _reference(version: Version) -> str:
    return f"version:{version.number}:{version.hash}"


def _hash(key: int, previous: str, entry: Entry) -> str:
    return "sha256:" + hashlib.sha256(canonical(list(_hashed(key, previous, entry)))).hexdigest()


def _hashed(key: int, previous: str, entry: Entry) -> Iterator[Any]:
    yield from (key, previous, entry.at.astimezone(UTC).isoformat(), entry.who, entry.source, entry.act, entry.subject)
    yield from (entry.before, entry.after, entry.reference)
