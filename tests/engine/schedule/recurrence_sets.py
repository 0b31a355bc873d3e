"""Recorded recurrence sets as the engine takes them: from lines as iCalendar writes them (RFC 5545)."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from houblon.engine.schedule.recurrence import RecurrenceSet, as_local, instant, recurrence
from houblon.engine.schedule.rrule import parse_moment, parse_rule


def occurrences(lines, dtstart, tz=None, after=None):
    """The occurrences in order, later than `after` if given: days, or times in UTC, in `tz` or in no zone."""
    begin = parse_moment(dtstart)
    zone = getattr(begin, "tzinfo", None) or (ZoneInfo(tz) if tz else None)
    start = _local(begin, zone)
    found = {"RRULE": [], "RDATE": [], "EXDATE": []}
    for line in lines:
        head, _, value = line.partition(":")
        name, _, parameter = head.partition(";TZID=")
        if name == "RRULE":
            found[name].append(recurrence(parse_rule(value), start, zone))
        else:
            # Of a period, the start counts.
            moments = (parse_moment(item.partition("/")[0]) for item in value.split(","))
            found[name] += [_local(_in_zone(each, parameter), zone) for each in moments]
    parsed = RecurrenceSet(tuple(found["RRULE"]), tuple(sorted(found["RDATE"])), frozenset(found["EXDATE"]))
    since = _local(after, zone) if after is not None else datetime.min
    for local, excluded in parsed.walk(since):
        if not excluded and (after is None or local > since):
            yield (
                local
                if isinstance(begin, datetime) and zone is None
                else instant(local, zone)
                if zone
                else local.date()
            )


def _in_zone(moment, name):
    if name and isinstance(moment, datetime) and moment.tzinfo is None:
        return instant(moment, ZoneInfo(name)).astimezone(UTC)
    return moment


def _local(moment, zone):
    return as_local(moment, zone) if isinstance(moment, datetime) else datetime.combine(moment, time())
