"""Recurrence sets as iCalendar writes them: RRULE, EXRULE, RDATE and EXDATE lines (RFC 5545)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.schedule.recurrence import RecurrenceSet, as_local, instant, recurrence
from houblon.engine.schedule.rrule import parse_moment, parse_rule


def occurrences(
    lines: Iterable[str], dtstart: str, tz: str | None = None, after: date | datetime | None = None
) -> Iterator[date | datetime]:
    """The occurrences of a recurrence set in order, only those later than `after` when given.

    `dtstart` is in the form of RFC 5545 and settles what comes out: days for a day, times in UTC
    for one with Z, times in the zone `tz` when given, else local times without zone. Raises Invalid
    with a pointer to the line. DTSTART itself is no occurrence unless a line gives it.
    """
    begin = _moment(dtstart)
    is_day = not isinstance(begin, datetime)
    zone = begin.tzinfo if isinstance(begin, datetime) else None
    zone = zone or (_zone(tz) if tz else None)
    parsed = parse_set(lines, _local(begin, zone), zone)
    since = _local(after, zone) if after is not None else datetime.min
    for local, excluded in parsed.walk(since):
        if not excluded and (after is None or local > since):
            yield local.date() if is_day else local if zone is None else instant(local, zone)


def parse_set(lines: Iterable[str], start: datetime, zone: tzinfo | None) -> RecurrenceSet:
    """The set that `lines` write, from `start` (local). Raises Invalid with every fault."""
    faults = Faults()
    found: dict[str, list] = {"RRULE": [], "EXRULE": [], "RDATE": [], "EXDATE": []}
    for number, line in enumerate(lines):
        with faults.gather(step("", number)):
            name, parameters, value = _split(line)
            if name in ("RRULE", "EXRULE"):
                found[name].append(recurrence(parse_rule(value), start, zone))
            else:
                found[name] += [_local(_dated(item, parameters), zone) for item in value.split(",")]
    faults.raise_if_any()
    dates, exdates = tuple(sorted(found["RDATE"])), frozenset(found["EXDATE"])
    return RecurrenceSet(tuple(found["RRULE"]), dates, tuple(found["EXRULE"]), exdates)


def _split(line: str) -> tuple[str, dict[str, str], str]:
    head, colon, value = line.partition(":")
    name, *parameters = head.split(";")
    if not colon or name.upper() not in ("RRULE", "EXRULE", "RDATE", "EXDATE"):
        raise refuse(
            "recurrence_line",
            "",
            f"« {line[:40]} » n’est pas une ligne RRULE, EXRULE, RDATE ou EXDATE.",
            f"“{line[:40]}” is not an RRULE, EXRULE, RDATE or EXDATE line.",
        )
    pairs = (each.partition("=") for each in parameters)
    return name.upper(), {key.upper(): given for key, _, given in pairs}, value


def _dated(item: str, parameters: dict[str, str]) -> date | datetime:
    moment = _moment(item.partition("/")[0])  # of a period, the start counts
    if isinstance(moment, datetime) and moment.tzinfo is None and "TZID" in parameters:
        return instant(moment, _zone(parameters["TZID"])).astimezone(UTC)
    return moment


def _moment(text: str) -> date | datetime:
    try:
        return parse_moment(text)
    except ValueError:
        raise refuse(
            "recurrence_date",
            "",
            f"« {text[:40]} » n’est pas une date comme 20210701 ou 20210701T090000.",
            f"“{text[:40]}” is not a date such as 20210701 or 20210701T090000.",
        ) from None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(
            "timezone",
            "",
            f"« {name[:40]} » n’est pas un fuseau de la base IANA, comme America/Toronto.",
            f"“{name[:40]}” is not a zone of the IANA database, such as America/Toronto.",
        ) from None


def _local(moment: date | datetime, zone: tzinfo | None) -> datetime:
    if isinstance(moment, datetime):
        return as_local(moment, zone)
    return datetime.combine(moment, time())
