"""What a file says by a reading: how many orders, for how much, over which days, the first of them, and its faults."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from houblon.simulation.facts.fill import Taken
from houblon.simulation.files.orders import Fault, Orders
from houblon.simulation.files.reading import Reading
from houblon.simulation.files.rows import Names
from houblon.simulation.files.upload import Upload

LOOKED_AT = 5_000  # rows that a page waits for
FIRST = 8
_OMITTED = ("line_count", "largest_line_value", "skus", "placed_hour")


class Seen(msgspec.Struct, frozen=True):
    """One order as it is understood."""

    id: str
    retailer: str
    is_known: bool
    groups: tuple[str, ...]
    day: date
    items: int
    lines: int | None
    cents: int


class Preview(msgspec.Struct, frozen=True):
    """What was understood of the first `rows` of `total` rows; `unsaid` are facts that some order lacks."""

    rows: int
    total: int
    orders: int
    cents: int
    first: Sequence[Seen]
    since: date | None
    until: date | None
    retailers: int
    known: int
    unsaid: tuple[str, ...]
    faulty: int
    faults: Sequence[Fault]

    @property
    def is_whole(self) -> bool:
        return self.rows >= self.total


def read_preview(upload: Upload, folder: Path, reading: Reading, names: Names, most: int | None = None) -> Preview:
    """Read the file's first rows by the reading."""
    orders = Orders(upload, folder, reading, names, most_rows=LOOKED_AT if most is None else most)
    ids = {*names.retailers.values(), *names.kept}
    first: list[Seen] = []
    buyers: set[str] = set()
    unsaid: set[str] = set()
    days: list[date] = []
    cents = 0
    for taken in orders:
        buyers.add(taken.order.buyer.id)
        unsaid |= taken.omitted
        day = taken.order.placed_at.astimezone(names.zone).date()
        days = [min([day, *days]), max([day, *days])]
        value = sum(line.value for line in taken.order.lines)
        cents += value
        if len(first) < FIRST:
            first.append(_seen(taken, day, value, taken.order.buyer.id in ids))
    return Preview(
        orders.rows,
        upload.found.rows,
        orders.count,
        cents,
        first,
        days[0] if days else None,
        days[-1] if days else None,
        len(buyers),
        len(buyers & ids),
        tuple(fact for fact in _OMITTED if fact in unsaid),
        orders.faulty,
        orders.faults,
    )


def _seen(taken: Taken, day: date, cents: int, is_known: bool) -> Seen:
    order, omitted = taken.order, taken.omitted
    return Seen(
        order.id,
        order.buyer.name or order.buyer.id,
        is_known,
        tuple(dict.fromkeys((*taken.kept, *(order.buyer.groups or ())))),
        day,
        sum(line.quantity for line in order.lines),
        None if "line_count" in omitted else len(order.lines),
        cents,
    )
