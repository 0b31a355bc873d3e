"""The course of a retailer's account: what they owed at each moment of the past, from all that ever changed it."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Instants are whole microseconds since 1970 UTC, as the ledger keeps them.
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Movement(NamedTuple):
    """From an instant on, so many cents more count as owed, due on a day; `due` is None of what has no such day."""

    at: int
    amount: int
    due: str | None


class Owed(NamedTuple):
    """What was owed at a moment, in cents: all of it, what of it was late, and the day on which the oldest was due."""

    outstanding: int = 0
    overdue: int = 0
    oldest: str | None = None


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=8_192)
def day_begins(day: str, zone: ZoneInfo, days: int = 0) -> int:
    """The last instant before a day begins in the zone, or before the one so many days later."""
    midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=days), datetime.min.time(), zone)
    return microseconds(midnight) - 1


class Course:
    """What one retailer owed, to be asked of any moment. An event counts after its instant: what was decided of an
    order was decided before what followed of it, in the same transaction."""

    def __init__(self, movements: Sequence[Movement], zone: ZoneInfo):
        # Each amount counts twice: as owed from its instant on, as late from the day after it was due.
        steps = [(each.at, each.amount, 0, "") for each in movements]
        steps += [
            (max(each.at, day_begins(each.due, zone, 1)), 0, each.amount, each.due)
            for each in movements
            if each.due is not None
        ]
        steps.sort(key=lambda step: step[0])
        self._times: list[int] = []
        self._owed: list[Owed] = []
        self._sweep(steps)

    def _sweep(self, steps: list[tuple[int, int, int, str]]) -> None:
        """One pass by time: sums so far, and which days are owed of, the oldest first."""
        outstanding = overdue = 0
        late, days = dict[str, int](), list[str]()
        for place, (at, more, more_late, due) in enumerate(steps):
            outstanding += more
            if more_late:
                overdue += more_late
                before = late.get(due, 0)
                late[due] = before + more_late
                if before == 0:
                    heappush(days, due)
            if place + 1 < len(steps) and steps[place + 1][0] == at:
                continue
            while days and late[days[0]] == 0:
                heappop(days)
            self._times.append(at)
            self._owed.append(Owed(outstanding, overdue, days[0] if days else None))

    def at(self, instant: int) -> Owed:
        place = bisect_left(self._times, instant)
        return self._owed[place - 1] if place else _NOTHING


class Courses:
    """The courses of many retailers, each made when it is first asked for."""

    def __init__(self, movements: dict[str, list[Movement]], zone: ZoneInfo):
        self._movements, self._zone = movements, zone
        self._made: dict[str, Course] = {}

    def at(self, retailer: str, instant: int) -> Owed:
        course = self._made.get(retailer)
        if course is None:
            movements = self._movements.pop(retailer, None)
            if movements is None:
                return _NOTHING
            course = self._made[retailer] = Course(movements, self._zone)
        return course.at(instant)


class Change(NamedTuple):
    """What changes of an invoice at an instant: so much is paid or credited, it is disputed or not, due another day."""

    at: int
    settled: int = 0
    disputed: bool | None = None
    due: str | None = None


def movements_of(total: int, due: str | None, changes: Iterable[Change]) -> Iterable[Movement]:
    """What is left of an invoice as movements; `changes` begin with its issue, by time."""
    counted, settled, disputed = 0, 0, False
    for at, more, is_disputed, other_day in changes:
        settled += more
        disputed = disputed if is_disputed is None else is_disputed
        if other_day is not None and other_day != due:
            if counted:
                yield Movement(at, -counted, due)
            counted, due = 0, other_day
        left = 0 if disputed else max(0, total - settled)
        if left != counted:
            yield Movement(at, left - counted, due)
            counted = left


_NOTHING = Owed()
