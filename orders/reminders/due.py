"""Which day of an invoice calls for a reminder now: pure, from days and what was done."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.policy.reminders import Step, steps_of

# Nobody is reminded at night: a server that comes back late reminds the next morning.
FROM, UNTIL = time(9), time(20)


class Past(msgspec.Struct, frozen=True):
    """What is past of an invoice's reminders: the newest of its days that called for one, and the day of the last mail."""

    step: date | None = None
    written_on: date | None = None


class Stop(msgspec.Struct, frozen=True):
    """From which day reminders were stopped, and on which they were started again; None while they are not."""

    since: date
    ended: date | None = None

    def covers(self, on: date) -> bool:
        """Whether the day passed in silence: the one on which they were started again does not."""
        return self.since <= on and (self.ended is None or on < self.ended)


NOTHING = Past()


def is_time(now: datetime, zone: ZoneInfo) -> bool:
    """Whether it is an hour at which buyers are written to."""
    return FROM <= now.astimezone(zone).time() < UNTIL


def last_moment(on: date, zone: ZoneInfo) -> datetime:
    """When that day's reminders are over: what was in force by then counted for them."""
    return datetime.combine(on, UNTIL, zone)


def step_due(
    due_on: date,
    issued_on: date,
    today: date,
    past: Past,
    days: Iterable[int],
    counts: Callable[[Step], bool],
) -> Step | None:
    """The newest day of an invoice that has come, where nothing was sent for it or a later one.

    Days that were missed are not made up for one by one: only the newest is looked at, and it must have counted
    (`counts`) on its own day, so that what is switched on today reminds of nothing that was past by then.
    """
    come = [each for each in steps_of(due_on, days) if issued_on < each.on <= today]
    if not come or past.written_on == today or (past.step is not None and come[-1].on <= past.step):
        return None
    return come[-1] if counts(come[-1]) else None


def steps_to_come(
    due_on: date,
    issued_on: date,
    today: date,
    until: date,
    past: Past,
    days: Iterable[int],
    counts: Callable[[Step], bool],
) -> Iterator[Step]:
    """The days of an invoice after today, up to one, that will call for a reminder as things stand."""
    for step in steps_of(due_on, days):
        if max(today, issued_on) < step.on <= until and (past.step is None or past.step < step.on) and counts(step):
            yield step


def days_late(due_on: date | None, today: date) -> int:
    """How many days late; 0 where it is not, or is due on no day."""
    return 0 if due_on is None else max(0, (today - due_on) // timedelta(days=1))
