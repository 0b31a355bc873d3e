"""Recurrence rules (RFC 5545 § 3.3.10) as values; the strict reader of their text."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec

from houblon.engine.core.problem import Faults, refuse

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_INTERVAL = 1_000
MAX_COUNT = 10_000

# name: (lowest, highest, may it count from the end with a minus)
_LISTS = {
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYSETPOS": (1, 366, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
}
_NAMES = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_LISTS)
_NUMBER = re.compile(r"[+-]?\d{1,5}", re.ASCII)
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII)


class Rule(msgspec.Struct, frozen=True):
    """One RRULE. Weekdays are 0 (Monday) to 6; `byday` holds (n, weekday), n 0 for every one.

    `until` is a day, a local time without zone, or a time in UTC, as it was written.
    """

    freq: str
    interval: int = 1
    count: int | None = None
    until: datetime | date | None = None
    wkst: int = 0
    byday: tuple[tuple[int, int], ...] = ()
    bymonth: tuple[int, ...] = ()
    bymonthday: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    bysetpos: tuple[int, ...] = ()
    byhour: tuple[int, ...] = ()
    byminute: tuple[int, ...] = ()
    bysecond: tuple[int, ...] = ()


def parse_rule(text: str) -> Rule:
    """The rule that `text` (without "RRULE:") writes. Raises Invalid with every fault of it."""
    faults = Faults()
    parts: dict[str, object] = {}
    for name, value in _split(text, faults):
        with faults.gather():
            parts[name.lower()] = _read_part(name, value)
    _check_together(parts, text, faults)
    faults.raise_if_any()
    return Rule(**parts)  # type: ignore[arg-type]


def parse_moment(text: str) -> datetime | date:
    """`20210701`, `20210701T090000` or `20210701T090000Z`. Raises ValueError."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("a date is written 20210701, a time 20210701T090000 or 20210701T090000Z")
    *numbers, zulu = match.groups()
    if numbers[3] is None:
        return date(*map(int, numbers[:3]))
    return datetime(*map(int, numbers), tzinfo=UTC if zulu else None)  # type: ignore[misc, arg-type]


def _split(text: str, faults: Faults) -> Iterator[tuple[str, str]]:
    seen = set()
    for part in text.upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in _NAMES:
            faults.add(
                "rrule_part",
                "",
                f"« {part[:40]} » n’est pas une partie de règle RFC 5545, comme FREQ=WEEKLY.",
                f"“{part[:40]}” is not a part of an RFC 5545 rule, such as FREQ=WEEKLY.",
            )
        elif name in seen:
            faults.add("rrule_twice", "", f"{name} est donné deux fois.", f"{name} is given twice.")
        else:
            seen.add(name)
            yield name, value


def _read_part(name: str, value: str) -> object:
    if name == "FREQ":
        return _frequency(value)
    if name == "BYDAY":
        return tuple(_weekday(item) for item in value.split(","))
    if name == "WKST":
        return _one_of(WEEKDAYS, name, value)
    if name == "UNTIL":
        return _until(value)
    if name in _LISTS:
        return tuple(_number(name, item, *_LISTS[name]) for item in value.split(","))
    return _number(name, value, 1, MAX_COUNT if name == "COUNT" else MAX_INTERVAL, False)


def _frequency(value: str) -> str:
    if value in ("HOURLY", "MINUTELY", "SECONDLY"):
        raise refuse(
            "sub_daily",
            "",
            f"FREQ={value} revient plusieurs fois par jour ; un cycle compte en jours, semaines, mois ou années.",
            f"FREQ={value} recurs within a day; a cycle counts in days, weeks, months or years.",
        )
    return FREQUENCIES[_one_of(FREQUENCIES, "FREQ", value)]


def _one_of(words: tuple[str, ...], name: str, value: str) -> int:
    if value not in words:
        raise _bad_value(name, value, ", ".join(words))
    return words.index(value)


def _weekday(item: str) -> tuple[int, int]:
    match = _BYDAY.fullmatch(item)
    nth = int(match[1] or 0) if match else 0
    if match is None or abs(nth) > 53 or (match[1] is not None and nth == 0):
        raise _bad_value("BYDAY", item, "MO, 1MO, -1FR")
    return nth, WEEKDAYS.index(match[2])


def _until(value: str) -> datetime | date:
    try:
        return parse_moment(value)
    except ValueError:
        raise _bad_value("UNTIL", value, "20210701") from None


def _number(name: str, item: str, lowest: int, highest: int, from_end: bool) -> int:
    number = int(item) if _NUMBER.fullmatch(item) else None
    if number is not None and (lowest <= number <= highest or (from_end and -highest <= number <= -lowest)):
        return number
    expected = f"{lowest}…{highest}" + (f", -{highest}…-{lowest}" if from_end else "")
    raise _bad_value(name, item, expected)


def _bad_value(name: str, value: str, expected: str) -> Exception:
    return refuse(
        "rrule_value",
        "",
        f"{name} ne peut pas valoir « {value[:40]} » ; attendu : {expected}.",
        f"{name} can't be “{value[:40]}”; expected: {expected}.",
    )


def _check_together(parts: dict[str, object], text: str, faults: Faults) -> None:
    if "freq" not in parts and "FREQ=" not in text.upper():
        faults.add(
            "rrule_freq",
            "",
            "La règle doit dire sa fréquence, comme FREQ=WEEKLY.",
            "The rule must state its frequency, such as FREQ=WEEKLY.",
        )
    if "count" in parts and "until" in parts:
        faults.add(
            "rrule_count_until",
            "",
            "COUNT et UNTIL ne vont pas ensemble ; gardez l’un des deux.",
            "COUNT and UNTIL don't go together; keep one of them.",
        )
