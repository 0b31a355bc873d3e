"""The occurrences of recurrence rules and sets (RFC 5545 § 3.8.5), from any moment on.

Every rule is read as a filter on the days of a block (a year, a month, a week), and the block that
holds a day is found by arithmetic. So a look-up costs the same next week and in five centuries, and
nothing walks from DTSTART. Only a rule with COUNT must be counted through, once. Nothing occurs after
2999, which bounds the search for what hardly ever comes.

Times inside are local and without zone; `instant` says when a local time is.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, tzinfo
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any

import msgspec

from houblon.engine.schedule.rrule import Rule

LAST_YEAR = 2999
# The Gregorian calendar, weekdays too, repeats every 400 years: 4,800 months, 20,871 weeks. When as
# many blocks in a row hold nothing, the rule holds nothing for ever ("30 February").
_BLOCKS_IN_400_YEARS = {"YEARLY": 400, "MONTHLY": 4_800, "WEEKLY": 20_871, "DAILY": 400}


class Recurrence(msgspec.Struct, frozen=True):
    """A rule with its start and the times of its days, sorted; all times are local. Made by `recurrence`."""

    rule: Rule
    start: datetime
    times: tuple[time, ...]
    until: datetime | None = None


class RecurrenceSet(msgspec.Struct, frozen=True):
    """Rules and single dates (sorted), less what EXDATE takes out."""

    rules: tuple[Recurrence, ...]
    dates: tuple[datetime, ...] = ()
    exdates: frozenset[datetime] = frozenset()

    def walk(self, moment: datetime) -> Iterator[tuple[datetime, bool]]:
        """Each occurrence at or after `moment`, once, in order, with whether it is taken out."""
        streams = [walk(each, moment) for each in self.rules]
        last = None
        for found in merge(*streams, iter(self.dates[bisect_left(self.dates, moment) :])):
            if found != last:
                yield found, found in self.exdates
            last = found


def recurrence(rule: Rule, start: datetime, zone: tzinfo | None = None) -> Recurrence:
    """`rule` from `start` (local, no zone), with what the rule leaves unsaid taken from the start.

    A day as UNTIL ends at its midnight; one in UTC is read in `zone`, or as it stands without one.
    """
    hours, minutes = rule.byhour or (start.hour,), rule.byminute or (start.minute,)
    times = {time(h, m, s) for h in hours for m in minutes for s in rule.bysecond or (start.second,)}
    filled: dict[str, tuple[Any, ...]] = {}
    if not (rule.byday or rule.bymonthday or rule.byyearday or rule.byweekno):
        if rule.freq == "WEEKLY":
            filled["byday"] = ((0, start.weekday()),)
        if rule.freq in ("MONTHLY", "YEARLY"):
            filled["bymonthday"] = (start.day,)
        if rule.freq == "YEARLY":
            filled["bymonth"] = rule.bymonth or (start.month,)
    filled_rule = msgspec.structs.replace(rule, **filled)
    return Recurrence(filled_rule, start, tuple(sorted(times)), _local_until(rule.until, zone))


def walk(each: Recurrence, moment: datetime) -> Iterator[datetime]:
    """The occurrences at or after `moment`, in order; ends where there are no more, or with 2999."""
    if each.rule.count is None:
        yield from _from_block(each, _block_of(each, moment.date()), moment)
    else:
        counted = _counted(each)
        yield from counted[bisect_left(counted, moment) :]


@lru_cache(maxsize=256)
def _counted(each: Recurrence) -> tuple[datetime, ...]:
    return tuple(islice(_from_block(each, 0, each.start), each.rule.count))


def _from_block(each: Recurrence, block: int, moment: datetime) -> Iterator[datetime]:
    barren, enough = 0, _BLOCKS_IN_400_YEARS[each.rule.freq]
    if each.rule.freq == "DAILY":
        enough *= each.rule.interval  # every phase of the interval meets every day of the 400 years
    while barren <= enough:
        first, _ = _span(each, block)
        if first.year > LAST_YEAR or (each.until is not None and first > each.until.date()):
            return
        found = _block(each, block)
        yield from found[bisect_left(found, moment) :]
        barren = 0 if found else barren + 1
        block += 1


@lru_cache(maxsize=1_024)
def _block(each: Recurrence, block: int) -> tuple[datetime, ...]:
    """What one block holds: its matching days at the rule's times, between start and end."""
    rule, (first, last) = each.rule, _span(each, block)
    if rule.freq == "DAILY":
        days = [day for day in _in_phase(each, first, last) if matches(rule, day)]
        found = [moment for day in days for moment in _by_position(each, [day])]
    else:
        found = _by_position(each, [day for day in _named_days(rule, first, last) if matches(rule, day)])
    return tuple(at for at in found if at >= each.start and (each.until is None or at <= each.until))


def _by_position(each: Recurrence, days: list[date]) -> list[datetime]:
    """The moments of one period, or those of its moments that BYSETPOS names."""
    moments = [datetime.combine(day, at) for day in days for at in each.times]
    if not each.rule.bysetpos:
        return moments
    named = {position - 1 if position > 0 else len(moments) + position for position in each.rule.bysetpos}
    return [moments[index] for index in sorted(named) if 0 <= index < len(moments)]


def _block_of(each: Recurrence, day: date) -> int:
    """The number of the block that holds `day`, or of the next one when the interval leaps over it."""
    rule, start = each.rule, each.start.date()
    if rule.freq == "WEEKLY":
        apart = (_week_start(day, rule.wkst) - _week_start(start, rule.wkst)) // 7
    elif rule.freq == "MONTHLY":
        apart = (day.year - start.year) * 12 + day.month - start.month
    else:
        apart = day.year - start.year
    return max(0, -(-apart // _stride(rule)))


def _stride(rule: Rule) -> int:
    # A block of a daily rule is a year whatever the interval; the interval picks days within it.
    return 1 if rule.freq == "DAILY" else rule.interval


def _span(each: Recurrence, block: int) -> tuple[date, date]:
    """The first and last day of a block; those past the last year are the calendar's last day."""
    rule, start = each.rule, each.start.date()
    steps = block * _stride(rule)
    if rule.freq == "WEEKLY":
        first = _week_start(start, rule.wkst) + 7 * steps
        return _on(first), _on(first + 6)
    if rule.freq == "MONTHLY":
        year, month = divmod(start.year * 12 + start.month - 1 + steps, 12)
        first_month = last_month = month + 1
    else:
        year, first_month, last_month = start.year + steps, 1, 12
    if year > LAST_YEAR:
        return date.max, date.max
    return date(year, first_month, 1), date(year, last_month, monthrange(year, last_month)[1])


def _on(ordinal: int) -> date:
    # A week may begin before the first day that a date can hold, or end after the last.
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def _week_start(day: date, wkst: int) -> int:
    return day.toordinal() - (day.weekday() - wkst) % 7


def _in_phase(each: Recurrence, first: date, last: date) -> Iterator[date]:
    """The days that a daily rule's interval steps on, with BYMONTH and BYMONTHDAY."""
    rule, start, interval = each.rule, each.start.date().toordinal(), each.rule.interval
    since = max(start, first.toordinal() + (start - first.toordinal()) % interval)
    for day in map(date.fromordinal, range(since, last.toordinal() + 1, interval)):
        if not rule.bymonth or day.month in rule.bymonth:
            from_end = day.day - monthrange(day.year, day.month)[1] - 1 if rule.bymonthday else 0
            if not rule.bymonthday or day.day in rule.bymonthday or from_end in rule.bymonthday:
                yield day


def _named_days(rule: Rule, first: date, last: date) -> Iterator[date]:
    """The days of BYMONTH and BYMONTHDAY from `first` to `last`, whole months passed over at once."""
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        if not rule.bymonth or month in rule.bymonth:
            length = monthrange(year, month)[1]
            named = {n if n > 0 else length + 1 + n for n in rule.bymonthday} or range(1, length + 1)
            for number in sorted(named):
                if 1 <= number <= length and first <= (day := date(year, month, number)) <= last:
                    yield day
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def matches(rule: Rule, day: date) -> bool:
    """Whether a day that passed BYMONTH and BYMONTHDAY also passes the other day filters."""
    if rule.byday and not any(_is_nth(rule, day, nth) for nth, weekday in rule.byday if weekday == day.weekday()):
        return False
    if rule.byyearday:
        number, length = day.timetuple().tm_yday, _year_length(day.year)
        if number not in rule.byyearday and number - length - 1 not in rule.byyearday:
            return False
    if rule.byweekno:
        week, weeks = _week_number(day, rule.wkst)
        return week in rule.byweekno or week - weeks - 1 in rule.byweekno
    return True


def _is_nth(rule: Rule, day: date, nth: int) -> bool:
    """Whether `day` is the nth of its weekday in the month, or in the year when that is the scope."""
    if nth == 0 or rule.freq in ("DAILY", "WEEKLY"):
        return True
    if rule.freq == "MONTHLY" or rule.bymonth:
        index, length = day.day - 1, monthrange(day.year, day.month)[1]
    else:
        index, length = day.timetuple().tm_yday - 1, _year_length(day.year)
    return nth == index // 7 + 1 if nth > 0 else -nth == (length - 1 - index) // 7 + 1


def _week_number(day: date, wkst: int) -> tuple[int, int]:
    """The week's number, and how many its year has; a week belongs to the year of its fourth day."""
    fourth = date.fromordinal(max(1, _week_start(day, wkst) + 3))
    number = fourth.timetuple().tm_yday
    week = (number - 1) // 7 + 1
    return week, week + (_year_length(fourth.year) - number) // 7


def _year_length(year: int) -> int:
    return date(year, 12, 31).timetuple().tm_yday


def _local_until(until: datetime | date | None, zone: tzinfo | None) -> datetime | None:
    if until is None or isinstance(until, datetime):
        return until and as_local(until, zone)
    return datetime.combine(until, time())


def as_local(moment: datetime, zone: tzinfo | None) -> datetime:
    """`moment` without its zone, on the clocks of `zone` where both are known."""
    if moment.tzinfo is not None and zone is not None:
        moment = moment.astimezone(zone)
    return moment.replace(tzinfo=None)


def instant(local: datetime, zone: tzinfo) -> datetime:
    """The instant of a local time, in `zone`, read as RFC 5545 § 3.3.5 says where clocks change.

    An hour that comes twice is its first coming; one that clocks leap over is read with the offset
    before the leap (02:30 on the day in March is 03:30 summer time). Both are Python's fold 0.
    """
    return local.replace(tzinfo=zone, fold=0)
