"""The counters that invoices are numbered by: what comes next, and moving them on past numbers that are taken."""

import re
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.db.tables import counters

_COUNTER = re.compile(r"invoice/(.+)/(\d{4})")
_NUMBER = re.compile(r"(.{1,20})-(\d{4})-(\d{5,9})", re.ASCII)
ACT = "invoices.moved_on"


def counter_of(prefix: str, year: int) -> str:
    """The name of the counter that a prefix and a year are numbered by."""
    return f"invoice/{prefix}/{year}"


def number_text(series: str, sequence: int) -> str:
    """`MF-2026`, 48 → `MF-2026-00048`."""
    return f"{series}-{sequence:05d}"


class Series(msgspec.Struct, frozen=True):
    """The numbers of a prefix and a year, and the last one that was given out."""

    prefix: str
    year: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.prefix}-{self.year}"

    @property
    def next(self) -> str:
        return self.number(self.last + 1)

    def number(self, sequence: int) -> str:
        return number_text(self.name, sequence)


class Skipped(msgspec.Struct, frozen=True):
    """Numbers that no invoice of this ledger has, because somebody moved the counter past them."""

    series: str
    first: int
    last: int


def all_series(connection: Connection) -> tuple[Series, ...]:
    """Every series that there is, by prefix and year."""
    rows = connection.execute(select(counters.c.name, counters.c.value).order_by(counters.c.name))
    found = ((_COUNTER.fullmatch(name), value) for name, value in rows)
    return tuple(Series(match[1], int(match[2]), value) for match, value in found if match)


def taken_elsewhere(here: Sequence[Series], elsewhere: Sequence[Series]) -> tuple[Skipped, ...]:
    """The numbers that another ledger gave out and this one would give out again."""
    own = {each.name: each.last for each in here}
    return tuple(
        Skipped(each.name, own.get(each.name, 0) + 1, each.last)
        for each in elsewhere
        if each.last > own.get(each.name, 0)
    )


def move_on(connection: Connection, number: str, prefixes: Sequence[str]) -> Skipped | None:
    """Make `number`, such as `MF-2026-00048`, the next of its series; the numbers that this skips, if any.

    `prefixes` are those that the seller has. Raises Invalid where it is no number of a series, or was given out.
    """
    found = _NUMBER.fullmatch(number)
    series = all_series(connection)
    if found is None or found[1] not in {*prefixes, *(each.prefix for each in series)}:
        raise _refuse("number", f"« {number} » n’est pas un numéro de facture", f"“{number}” is no invoice number")
    prefix, year, sequence = found[1], int(found[2]), int(found[3])
    known = next((each for each in series if (each.prefix, each.year) == (prefix, year)), None)
    own = known or Series(prefix, year, 0)
    if sequence <= own.last:
        raise _refuse("number_taken", f"{number} est déjà émise", f"{number} was issued already")
    if sequence == own.last + 1:
        return None
    name = counter_of(prefix, year)
    if known is None:
        connection.execute(insert(counters).values(name=name, value=sequence - 1))
    else:
        connection.execute(update(counters).where(counters.c.name == name).values(value=sequence - 1))
    return Skipped(own.name, own.last + 1, sequence - 1)


def _refuse(code: str, fr: str, en: str) -> Invalid:
    return refuse(
        code,
        "/next_number",
        f"{fr} : écrivez le prochain en entier, comme F-2026-00048.",
        f"{en}: write the next one in full, such as F-2026-00048.",
    )
