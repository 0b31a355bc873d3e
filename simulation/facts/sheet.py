"""The sheet: many orders' facts in one Parquet file, laid out so that a query reads few and narrow columns.

Money and counts are whole numbers, NULL where the order does not say. What repeats is kept once, in
`Codes`, and stands in the file as its place there: retailers, the groups that orders claim, the
values of selects. Categories are bits of whole words, products lists of codes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from houblon.engine.conditions.targets.sql import COLUMN_TYPES
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.order import Facts

BITS = 62  # a word of categories: 64 bits with a sign, and room to add
SELECTS = tuple(name for name, fact in FACTS.items() if fact.kind is Kind.SELECT)
PLAIN = tuple(name for name, fact in FACTS.items() if fact.kind in (Kind.NUMERIC, Kind.BOOLEAN))
# What a file may leave out although every real order says it.
OMISSIBLE = frozenset({"line_count", "largest_line_value", "skus", "placed_hour"})


class Retailer(msgspec.Struct, frozen=True):
    """Who ordered, as the ledger or the file names them."""

    id: str
    name: str | None = None


class Claim(msgspec.Struct, frozen=True):
    """What settles a chain: the groups that the retailer is kept in, and those that the order adds.

    `moving` is the retailer where one of the two policies that are compared moves them.
    """

    kept: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    moving: str | None = None


class Codes(msgspec.Struct, frozen=True):
    """What codes of the sheet stand for, by their place.

    `wanting` are the facts that some order does not say; `narrow` the types of columns that take fewer bits than
    they might: those read faster, and compare many orders at once.
    """

    retailers: tuple[Retailer, ...]
    claims: tuple[Claim, ...]
    selects: dict[str, tuple[str, ...]]
    categories: tuple[str, ...]
    skus: tuple[str, ...]
    currencies: tuple[str, ...]
    wanting: tuple[str, ...] = ()
    narrow: dict[str, str] = {}
    # The codes of reasons that some order itself gives to hold it.
    barring: tuple[str, ...] = ()
    # Whether some buyer has a credit limit of their own, whatever their policy says.
    own_limits: bool = False

    @property
    def words(self) -> int:
        """How many words the categories take."""
        return max(1, -(-len(self.categories) // BITS))

    def bits(self, word: int) -> int:
        """How many categories a word holds."""
        return min(BITS, len(self.categories) - word * BITS)


class Sheet(msgspec.Struct, frozen=True):
    """A sheet on disk: its file, its codes, how many orders it holds, and the hash of what they say.

    `sample` are the facts of a few of them, from the first to the last, by buyers of no group.
    """

    path: str
    codes: Codes
    count: int
    hash: str
    sample: tuple[Facts, ...] = ()


def narrowest(extent: int) -> str:
    """The type of a column of whole numbers from -extent - 1 to extent."""
    return next((kind for kind, bits in _TYPES if extent < 1 << bits), "BIGINT")


_TYPES = (("TINYINT", 7), ("SMALLINT", 15), ("INTEGER", 31))


def word_columns(codes: Codes) -> list[str]:
    return [f"categories_{word}" for word in range(codes.words)]


def keep_sheet(sheet: Sheet) -> None:
    """Write the sheet's head beside its file, so that it can be opened again."""
    Path(sheet.path).with_suffix(".json").write_bytes(msgspec.json.encode(sheet, enc_hook=int))


def open_sheet(path: Path) -> Sheet:
    """The sheet that was kept at a path. Raises OSError, msgspec.ValidationError."""
    return msgspec.json.decode(
        path.with_suffix(".json").read_bytes(), type=Sheet, dec_hook=lambda kind, value: kind(value)
    )


def connect(folder: Path | None = None, memory: str = "160MB", threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A query engine of its own that reaches nothing but this machine's files."""
    connection = duckdb.connect()
    for setting in (
        f"memory_limit = '{memory}'",
        f"threads = {threads}",
        "preserve_insertion_order = false",
        "autoinstall_known_extensions = false",
        "TimeZone = 'UTC'",
    ):
        connection.execute(f"SET {setting}")
    if folder is not None:
        connection.execute(f"SET temp_directory = '{str(folder).replace(chr(39), chr(39) * 2)}'")
    return connection


# How a row comes in, line by line, before its categories are put into words.
STAGED = {
    "position": "BIGINT",
    "key": "BIGINT",
    "order_id": "VARCHAR",
    "retailer": "INTEGER",
    "claim": "INTEGER",
    "currency": "SMALLINT",
    "accepted_at": "BIGINT",
    "day": "DATE",
    "planned": "DATE",
    # Reasons that the order itself gives to hold it, as JSON; NULL for most.
    "barred": "VARCHAR",
    # Whether the credit limit is the buyer's own; whether an order of a file may be its buyer's first.
    "own_limit": "BOOLEAN",
    "first_here": "BOOLEAN",
    **{name: COLUMN_TYPES[FACTS[name].kind] for name in PLAIN},
    "note": "VARCHAR",
    "note_lower": "VARCHAR",
    **{name: "SMALLINT" if name != "distributor" else "INTEGER" for name in SELECTS},
    "categories": "INTEGER[]",
    "skus": "INTEGER[]",
}


def facts_reader(codes: Codes) -> tuple[list[str], Callable[[Sequence[Any], tuple[str, ...]], Facts]]:
    """The columns that make an order's facts, and what makes them of a row and its buyer's groups."""
    columns = [*PLAIN, "retailer", "note", *SELECTS, *word_columns(codes), "skus"]

    def read(row: Sequence[Any], groups: tuple[str, ...]) -> Facts:
        values = dict(zip(columns, row, strict=True))
        words = [values.pop(name) for name in word_columns(codes)]
        for name in SELECTS:
            code = values[name]
            values[name] = None if code is None else codes.selects[name][code]
        skus = values["skus"]
        values["skus"] = None if skus is None else tuple(codes.skus[code] for code in skus)
        values["buyer_id"] = codes.retailers[values.pop("retailer")].id
        return Facts(**values, buyer_groups=groups, categories=_names(words, codes))

    return columns, read


def _names(words: Sequence[int | None], codes: Codes) -> tuple[str, ...] | None:
    if words[0] is None:
        return None
    bits = [(word, bit) for word, value in enumerate(words) for bit in range(BITS) if (value or 0) >> bit & 1]
    return tuple(codes.categories[word * BITS + bit] for word, bit in bits)
