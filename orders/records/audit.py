"""Who did what when, from where, with before and after: a chain in which no link can be changed unseen."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from houblon.orders.db.tables import audit
from houblon.rules.model.changes import Change, changes
from houblon.rules.model.content import Content, Version, canonical
from houblon.rules.model.statements import ABSENT, pointer_of
from houblon.rules.store.documents import Store

START = "sha256:" + "0" * 64
# A version that changes more is told by its hash and a count: its rows are in the rules themselves.
MAX_CHANGES = 200


class Act(msgspec.Struct, frozen=True):
    """One act: `who` did it, from `source` (an address, `shell`, or empty when nobody stood there).

    `act` is such as `proposal.approved`, `subject` what it was done to. The same `reference` is
    written once.
    """

    at: datetime
    who: str
    source: str
    act: str
    subject: str
    before: Any = None
    after: Any = None
    reference: str | None = None


class Verified(msgspec.Struct, frozen=True):
    """How many entries follow from the start, the hash of the last one, and the first that does not follow."""

    count: int
    head: str
    broken_at: int | None = None


def record(connection: Connection, act: Act) -> None:
    """Add the act to the chain, unless its reference is there already."""
    known = select(audit.c.key).where(audit.c.reference == act.reference)
    if act.reference is not None and connection.execute(known).first() is not None:
        return
    last = connection.execute(select(audit.c.key, audit.c.hash).order_by(audit.c.key.desc()).limit(1)).one_or_none()
    key, previous = (last.key + 1, last.hash) if last else (1, START)
    values = {name: getattr(act, name) for name in act.__struct_fields__}
    connection.execute(insert(audit), {**values, "key": key, "previous": previous, "hash": _hash(key, previous, act)})


def record_versions(connection: Connection, store: Store, source: str = "") -> None:
    """Add every published version that the log does not have yet: after a crash, those of before it too."""
    versions = store.versions()
    missing = []
    for version in reversed(versions):
        known = select(audit.c.key).where(audit.c.reference == _reference(version))
        if connection.execute(known).first() is not None:
            break
        missing.append(version)
    for version in reversed(missing):
        record(connection, _publication(store, version, source))


def verify(connection: Connection, head: str | None = None) -> Verified:
    """Recompute the chain from its start; with `head`, a hash noted earlier, ask that it be in it.

    A log cut short is as sound as before it was cut: keep a head elsewhere to notice.
    """
    count, previous, seen = 0, START, head is None
    for row in connection.execute(select(audit).order_by(audit.c.key)).yield_per(1_000):
        act = Act(**{name: getattr(row, name) for name in Act.__struct_fields__})
        if row.key != count + 1 or row.previous != previous or row.hash != _hash(row.key, previous, act):
            return Verified(count, previous, count + 1)
        count, previous, seen = count + 1, row.hash, seen or row.hash == head
    return Verified(count, previous, None if seen else count + 1)


def entries(connection: Connection, before: int | None = None, limit: int = 50) -> Sequence[Row[Any]]:
    """The log's entries, the newest first."""
    query = select(audit).order_by(audit.c.key.desc()).limit(limit)
    return connection.execute(query if before is None else query.where(audit.c.key < before)).all()


def told(found: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Changes as what was before and what is after, by pointer; what was not stated is left out."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for change in found[:MAX_CHANGES]:
        for side, value in zip(sides, (change.before, change.after), strict=True):
            if value is not ABSENT:
                side[pointer_of(change.kind, change.id, change.path)] = value
    return sides


def _publication(store: Store, version: Version, source: str) -> Act:
    content = store.content(version.number)
    before, after = told(_changes(store, content))
    return Act(
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


def _hash(key: int, previous: str, act: Act) -> str:
    return "sha256:" + hashlib.sha256(canonical(list(_hashed(key, previous, act)))).hexdigest()


def _hashed(key: int, previous: str, act: Act) -> Iterator[Any]:
    yield from (key, previous, act.at.astimezone(UTC).isoformat(), act.who, act.source, act.act, act.subject)
    yield from (act.before, act.after, act.reference)
