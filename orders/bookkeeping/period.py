"""The days that are exported: whole days of the installation's zone."""

from datetime import date, timedelta

import msgspec

from houblon.engine.core.problem import refuse

_EARLIEST, _LATEST = date(1900, 1, 2), date(2200, 12, 31)


class Period(msgspec.Struct, frozen=True):
    """From `first` on, before `until`: periods that follow each other share no day and leave none out."""

    first: date
    until: date

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)

    def has(self, day: str) -> bool:
        """Whether a day, as it is written, is in it."""
        return self.first.isoformat() <= day < self.until.isoformat()


def following(day: date) -> date:
    """The day after another; the last one that there is has none, and is refused with the period."""
    return day if day == date.max else day + timedelta(days=1)


def last_month(today: date) -> Period:
    """The month before that of a day: what is asked for at the beginning of a month."""
    until = today.replace(day=1)
    return Period((until - timedelta(days=1)).replace(day=1), until)


def period_of(
    first: date | None, until: date | None, today: date, names: tuple[str, str] = ("since", "until")
) -> Period:
    """The period that is asked for: last month, where nothing is said; a side that is not said is that of the month
    of the other. Raises Invalid, at what `names` calls the two."""
    pointers = tuple(f"/{name}" for name in names)
    for day, pointer in zip((first, until), pointers, strict=True):
        if day is not None and not _EARLIEST <= day <= _LATEST:
            raise refuse("date", pointer, "Un jour de 1900 à 2200.", "A day from 1900 to 2200.")
    if first is None and until is None:
        return last_month(today)
    if first is None:
        assert until is not None
        first = (until - timedelta(days=1)).replace(day=1)
    if until is None:
        until = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    if first >= until:
        raise refuse("period", pointers[1], "La période finit avant de commencer.", "The period ends before it begins.")
    return Period(first, until)
