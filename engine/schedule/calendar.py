"""Delivery cycles: which day is the next delivery, what was passed over, and the cycle in words.

How far it goes: no delivery is sought after 2999. A cycle that minds holidays has none after 2100,
the last year whose holidays are known; nothing is guessed.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import msgspec
from holidays import country_holidays

from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import cycle_sentence
from houblon.engine.schedule.cycle import CutOff, Cycle, cycle_document, parse_cycle
from houblon.engine.schedule.recurrence import LAST_YEAR, RecurrenceSet, instant, recurrence
from houblon.engine.schedule.rrule import parse_rule

__all__ = [
    "CutOff",
    "Cycle",
    "Delivery",
    "coming",
    "cut_off_of",
    "cycle_document",
    "cycle_sentence",
    "deliveries",
    "holiday_text",
    "is_holiday",
    "local_day",
    "next_after",
    "next_delivery",
    "parse_cycle",
]

_DAY = timedelta(days=1)


class Delivery(msgspec.Struct, frozen=True):
    """A delivery day, and how it was found.

    `skipped` holds each day passed over on the way and why: `exdate` (taken out of the cycle),
    `holiday` (left out or put off), `cut_off` (the order came too late for it). `anchor` is the
    day from which the cycle counts. `put_off_from` is the holiday that it was put off from, `added`
    says that the day was added to the cycle by hand.
    """

    day: date
    skipped: tuple[tuple[date, str], ...]
    cycle_id: str
    anchor: date
    put_off_from: date | None = None
    added: bool = False


def next_delivery(cycle: Cycle, accepted_at: datetime, after: date | None = None) -> Delivery | None:
    """The first delivery after the acceptance day whose cut-off the acceptance met, None without.

    The acceptance day is `after` when given, else that of `accepted_at` (with a zone) in the
    cycle's zone. Accepted at the very time of the cut-off is in time.
    """
    found = _next(cycle, after if after is not None else local_day(accepted_at, cycle.timezone))
    skipped: tuple[tuple[date, str], ...] = ()
    while found is not None and _is_late(cycle, accepted_at, found.day):
        skipped += (*found.skipped, (found.day, "cut_off"))
        found = _next(cycle, found.day)
    return found and msgspec.structs.replace(found, skipped=skipped + found.skipped)


def next_after(cycle: Cycle, day: date) -> date | None:
    """The first delivery day strictly after `day`, whatever the cut-off; None when there is none."""
    found = _next(cycle, day)
    return None if found is None else found.day


def deliveries(cycle: Cycle, after: date, count: int) -> list[date]:
    """The next delivery days strictly after a day, at most `count`."""
    return [each.day for each in coming(cycle, after, count)]


def coming(cycle: Cycle, after: date, count: int) -> list[Delivery]:
    """The next deliveries strictly after a day, at most `count`, each with the days passed over before it."""
    found: list[Delivery] = []
    while len(found) < count and (each := _next(cycle, found[-1].day if found else after)) is not None:
        found.append(each)
    return found


def cut_off_of(cycle: Cycle, day: date) -> datetime | None:
    """The last moment, in the cycle's zone, at which an order for the delivery of `day` can be accepted."""
    if cycle.cut_off is None:
        return None
    last = datetime.combine(day - timedelta(cycle.cut_off.days_before), cycle.cut_off.time)
    return instant(last, ZoneInfo(cycle.timezone))


def local_day(moment: datetime, zone: str) -> date:
    """The day on the clocks of `zone`. Raises ValueError when `moment` has no zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is on no day")
    try:
        return moment.astimezone(ZoneInfo(zone)).date()
    except OverflowError:  # the first and last hours that a datetime can hold
        return moment.date()


@lru_cache(maxsize=1 << 15)
def is_holiday(day: date) -> bool:
    """Whether `day` is a public holiday of Québec, on the day itself or the one that observes it."""
    return day in _holidays(day.year)


@lru_cache(maxsize=512)
def holiday_text(day: date) -> Text | None:
    """The name of Québec's public holiday on `day`, None on another day."""
    if not is_holiday(day):
        return None
    found = {
        language: str(country_holidays("CA", subdiv="QC", years=day.year, language=language)[day])
        for language in ("fr", "en_CA")
    }
    return Text(found["fr"], found["en_CA"])


@lru_cache(maxsize=512)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(country_holidays("CA", subdiv="QC", years=year))


@cache
def _last_year_known() -> int:
    # Every country's calendar comes with it: only who minds holidays waits for that.
    from holidays.countries.canada import Canada

    return int(Canada.end_year)


# Orders of one day ask for the same delivery; the answer is remembered by cycle and day.
@lru_cache(maxsize=1 << 14)
def _next(cycle: Cycle, day: date) -> Delivery | None:
    skipped: list[tuple[date, str]] = []
    for planned, actual, why in _planned(cycle, day):
        if why is not None and (planned > day or actual is not None):
            skipped.append((planned, why))
        if actual is not None:
            put_off_from = planned if actual != planned else None
            return Delivery(actual, tuple(skipped), cycle.id, cycle.dtstart, put_off_from, planned in cycle.rdates)
    return None


def _planned(cycle: Cycle, day: date) -> Iterator[tuple[date, date | None, str | None]]:
    """Each day of the cycle's set that can matter after `day`: planned, actual, and why not as planned."""
    since = _first_that_may_come_after(cycle, day)
    if since is None:
        return
    for moment, excluded in _set_of(cycle).walk(datetime.combine(since, time())):
        planned = moment.date()
        if excluded:
            yield planned, None, "exdate"
        elif cycle.holidays == "ignore":
            yield planned, planned, None
        elif planned.year > _last_year_known():
            return
        elif is_holiday(planned):
            yield planned, _next_working(planned) if cycle.holidays == "next_day" else None, "holiday"
        else:
            yield planned, planned, None


def _first_that_may_come_after(cycle: Cycle, day: date) -> date | None:
    """The day after `day`; earlier when `day` ends a run of holidays, whose deliveries are put off."""
    if day.year > LAST_YEAR:
        return None
    if cycle.holidays == "next_day":
        while day > date.min and is_holiday(day):
            day -= _DAY
    return day + _DAY


def _next_working(day: date) -> date:
    while is_holiday(day):
        day += _DAY
    return day


@lru_cache(maxsize=512)
def _set_of(cycle: Cycle) -> RecurrenceSet:
    rule = recurrence(parse_rule(cycle.rrule), _midnight(cycle.dtstart))
    dates = tuple(sorted(map(_midnight, cycle.rdates)))
    return RecurrenceSet((rule,), dates, frozenset(map(_midnight, cycle.exdates)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _is_late(cycle: Cycle, accepted_at: datetime, delivery: date) -> bool:
    last = cut_off_of(cycle, delivery)
    # In UTC: two times of one zone would be compared by their clocks, blind to an hour that comes twice.
    return last is not None and accepted_at > last.astimezone(UTC)
