"""Filling a sheet: orders one after the other, from the ledger or a file, into one Parquet file."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.account import Account, has_own_limit
from houblon.engine.core.order import Facts, Order, read_facts
from houblon.engine.decide.bars import contradictions
from houblon.engine.decide.installation import Installation
from houblon.simulation.facts.sheet import (
    BITS,
    OMISSIBLE,
    PLAIN,
    SELECTS,
    STAGED,
    Claim,
    Codes,
    Retailer,
    Sheet,
    connect,
    keep_sheet,
    narrowest,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Progress = Callable[[int], None]
Guard = Callable[[duckdb.DuckDBPyConnection], AbstractContextManager[object]]
_MAY_BE_WANTING = frozenset({name for name, fact in FACTS.items() if not fact.known} | OMISSIBLE)
_NUMERIC = tuple(name for name in PLAIN if FACTS[name].kind is Kind.NUMERIC)
_plain = attrgetter(*PLAIN)
_SAMPLE = 400
STEP = 500  # orders between two words of progress


class Taken(msgspec.Struct, frozen=True):
    """An order to be put in: when its acceptance would count, the groups its retailer is kept in.

    `key` is that of the ledger; `omitted` are facts that its source does not say, `province` that in which the buyer
    is kept, `account` what was known of what they owed, where the order's own word does not count. Of a file, the
    first order of a buyer is first among its own too: `is_first_here` says that this is to be looked at.
    """

    order: Order
    accepted_at: datetime
    kept: tuple[str, ...] = ()
    key: int | None = None
    omitted: frozenset[str] = frozenset()
    province: str | None = None
    account: Account | None = None
    is_first_here: bool = False


class _Coder(dict[Any, int]):
    """Each new value gets the next code."""

    def __missing__(self, value: Any) -> int:
        code = self[value] = len(self)
        return code


def fill_sheet(
    path: Path,
    taken: Iterable[Taken],
    zone: Any,
    progress: Progress = lambda count: None,
    guard: Guard = nullcontext,
    moving: Collection[str] = (),
    installation: Installation | None = None,
) -> Sheet:
    """Put the orders into a sheet at `path`; what `progress` raises stops it and leaves nothing behind.

    `moving` are the retailers whose groups are not the same in what will be compared; `installation` is where `zone`
    is that of, none given. `guard` is entered with the connection that writes the file, so that somebody may
    interrupt it.
    """
    staged, row_encoder = path.with_suffix(".jsonl"), _RowEncoder(installation or Installation(zone), moving)
    digest, count, encoder = hashlib.sha256(), 0, msgspec.json.Encoder(enc_hook=int)
    try:
        with staged.open("wb") as file:
            for each in taken:
                line = encoder.encode(row_encoder.row(each, count)) + b"\n"
                file.write(line)
                digest.update(line)
                count += 1
                if count % STEP == 0:
                    progress(count)
        progress(count)
        codes = row_encoder.codes()
        digest.update(encoder.encode(codes))
        _write_parquet(staged, path, codes, guard, row_encoder.looks_for_first)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        staged.unlink(missing_ok=True)
    sheet = Sheet(str(path), codes, count, f"sha256:{digest.hexdigest()}", tuple(row_encoder.sample.taken))
    keep_sheet(sheet)
    return sheet


class _Sample:
    """Every n-th order's facts, n as small as leaves at most _SAMPLE of them."""

    def __init__(self) -> None:
        self.taken: list[Facts] = []
        self.step = 1

    def offer(self, position: int, facts: Facts, omitted: frozenset[str]) -> None:
        if position % self.step:
            return
        self.taken.append(msgspec.structs.replace(facts, **dict.fromkeys(omitted)))
        if len(self.taken) > _SAMPLE:
            self.taken, self.step = self.taken[::2], 2 * self.step


class _RowEncoder:
    """Turns orders into rows, and remembers the codes it gave."""

    def __init__(self, installation: Installation, moving: Collection[str] = ()):
        self.installation, self.zone, self.moving = installation, installation.zone, moving
        self.barring: set[str] = set()
        self.retailers, self.claims, self.currencies = _Coder(), _Coder(), _Coder()
        self.selects = {name: _Coder() for name in SELECTS}
        self.categories, self.skus = _Coder(), _Coder()
        self.names: dict[str, str | None] = {}
        self.wanting: set[str] = set()
        self._not_wanting = tuple(_MAY_BE_WANTING)
        self.extent = dict.fromkeys(_NUMERIC, 0)
        self.sample = _Sample()
        self.has_own_limits = self.looks_for_first = False

    def row(self, taken: Taken, position: int) -> dict[str, Any]:
        order = taken.order
        facts = read_facts(order, (), self.zone, account=taken.account)
        buyer = order.buyer
        if buyer.name or buyer.id not in self.names:
            self.names[buyer.id] = buyer.name
        row: dict[str, Any] = {
            "position": position,
            "key": taken.key,
            "order_id": order.id,
            "retailer": self.retailers[buyer.id],
            "claim": self.claims[
                taken.kept, tuple(dict.fromkeys(buyer.groups or ())), buyer.id if buyer.id in self.moving else None
            ],
            "currency": None if order.currency is None else self.currencies[order.currency.upper()],
            "accepted_at": (taken.accepted_at - _EPOCH) // _MICROSECOND,
            "day": taken.accepted_at.astimezone(self.zone).date(),
            "planned": order.planned_delivery,
            "barred": self._barred(taken),
            "own_limit": has_own_limit(taken.account),
            "first_here": taken.is_first_here,
            "note": facts.note,
            "note_lower": facts.note.lower(),
        }
        row.update(zip(PLAIN, _plain(facts), strict=True))
        for name in SELECTS:
            value = getattr(facts, name)
            row[name] = None if value is None else self.selects[name][value]
        row["categories"] = _coded(facts.categories, self.categories)
        row["skus"] = _coded(facts.skus, self.skus)
        for name in taken.omitted:
            row[name] = None
        self._look_at(row)
        self.has_own_limits = self.has_own_limits or row["own_limit"]
        self.looks_for_first = self.looks_for_first or taken.is_first_here
        self.sample.offer(position, facts, taken.omitted)
        return row

    def _barred(self, taken: Taken) -> str | None:
        found = contradictions(taken.order, self.installation, taken.province)
        if not found:
            return None
        self.barring.update(reason.code for reason in found)
        return msgspec.json.encode(found).decode()

    def _look_at(self, row: dict[str, Any]) -> None:
        """Note what is wanting, and how far numbers reach from 0 (-1 as far as 0)."""
        wanting = [name for name in self._not_wanting if row[name] is None]
        if wanting:
            self.wanting.update(wanting)
            self._not_wanting = tuple(_MAY_BE_WANTING - self.wanting)
        for name in _NUMERIC:
            value = row[name]
            if value is not None and (size := value if value >= 0 else ~value) > self.extent[name]:
                self.extent[name] = size

    def codes(self) -> Codes:
        return Codes(
            tuple(Retailer(id, self.names[id]) for id in self.retailers),
            tuple(Claim(*claim) for claim in self.claims),
            {name: tuple(coder) for name, coder in self.selects.items()},
            tuple(self.categories),
            tuple(self.skus),
            tuple(self.currencies),
            tuple(sorted(self.wanting)),
            {name: narrowest(extent) for name, extent in (self.extent | self._last_codes()).items()},
            tuple(sorted(self.barring)),
            self.has_own_limits,
        )

    def _last_codes(self) -> dict[str, int]:
        coders = {"retailer": self.retailers, "claim": self.claims, "currency": self.currencies, **self.selects}
        return {name: len(coder) for name, coder in coders.items()}


def _coded(values: tuple[str, ...] | None, coder: _Coder) -> list[int] | None:
    # Lower-cased once, here: selects compare without regard to case, and no two engines lower alike.
    return None if values is None else sorted({coder[value.lower()] for value in values})


def _write_parquet(staged: Path, path: Path, codes: Codes, guard: Guard, looks_for_first: bool) -> None:
    kept = [
        f"{_FIRST_HERE if name == 'is_first_order' and looks_for_first else name}::{codes.narrow.get(name, kind)} AS {name}"
        for name, kind in STAGED.items()
        if name not in _NOT_KEPT
    ]
    words = [f"{_word(word)}::{_word_type(codes, word)} AS categories_{word}" for word in range(codes.words)]
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in STAGED.items())
    rows = f"read_json('{_quoted(staged)}', format = 'newline_delimited', columns = {{{types}}})"
    with connect(path.parent, memory="256MB") as connection, guard(connection):
        if staged.stat().st_size == 0:
            empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in STAGED.items())
            rows = f"(SELECT {empty} WHERE FALSE)"
        connection.execute(
            f"COPY (SELECT {', '.join([*kept, *words])} FROM {rows}) TO '{_quoted(path)}' (FORMAT parquet)"
        )


_NOT_KEPT = frozenset({"categories", "first_here"})
# An order that may be its buyer's first is it, where no other of theirs was placed before it.
_FIRST_HERE = (
    "CASE WHEN first_here AND position <> first_value(position) OVER (PARTITION BY retailer ORDER BY accepted_at, "
    "position) THEN FALSE ELSE is_first_order END"
)


def _word(word: int) -> str:
    """The bits of one word of categories; NULL stays NULL."""
    low, high = word * BITS, (word + 1) * BITS
    inside = f"list_filter(categories, lambda c: c >= {low} AND c < {high})"
    bits = f"list_sum(list_transform({inside}, lambda c: 1::BIGINT << (c - {low})))"
    return f"CASE WHEN categories IS NOT NULL THEN COALESCE({bits}, 0)::BIGINT END"


def _word_type(codes: Codes, word: int) -> str:
    return narrowest((1 << codes.bits(word)) - 1)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
