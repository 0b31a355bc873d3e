"""A distributor's recurring delivery days: the value, and its document in and out."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.core.texts import composed, is_text
from houblon.engine.schedule.recurrence import LAST_YEAR
from houblon.engine.schedule.rrule import Rule, parse_rule

HOLIDAYS = ("ignore", "skip", "next_day")
MAX_TEXT = 200
MAX_RULE_LENGTH = 500
MAX_DATES = 1_000
MAX_DAYS_BEFORE = 365
FIRST_YEAR = 1900

_REQUIRED = ("id", "name", "timezone", "dtstart", "rrule")
_OPTIONAL: dict[str, Any] = {"exdates": [], "rdates": [], "cut_off": None, "holidays": "ignore"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
# Only names of the IANA database: what else a machine calls a zone differs from machine to machine.
_ZONE = re.compile(r"UTC|(?!posix/|right/)[A-Za-z_]{1,30}(/[A-Za-z0-9_+-]{1,30}){1,2}", re.ASCII)


class CutOff(msgspec.Struct, frozen=True):
    """An order for a delivery is accepted at the latest at `time`, `days_before` it, cycle's zone."""

    days_before: int
    time: time


class Cycle(msgspec.Struct, frozen=True):
    """Delivery days of one distributor: `rrule` from `dtstart`, less `exdates`, and `rdates`.

    A delivery that moves is its day in `exdates` and the other one in `rdates`. `holidays`, those
    of Québec, are delivered on (`ignore`), left out (`skip`), or put off to the next day that is
    none (`next_day`).
    """

    id: str
    name: str
    timezone: str
    dtstart: date
    rrule: str
    exdates: tuple[date, ...] = ()
    rdates: tuple[date, ...] = ()
    cut_off: CutOff | None = None
    holidays: str = "ignore"


def parse_cycle(document: object) -> Cycle:
    """The cycle that a JSON document states. Raises Invalid with every fault and its pointer."""
    if not isinstance(document, dict):
        raise refuse("type", "", "Un cycle est un objet JSON.", "A cycle is a JSON object.")
    faults = Faults()
    for name in document:
        if name not in _REQUIRED and name not in _OPTIONAL:
            shown = str(name)[:40]
            faults.add(
                "unknown_member",
                step("", name),
                f"Un cycle n’a pas de membre « {shown} ».",
                f"A cycle has no member “{shown}”.",
            )
    values = {}
    for name, read in _READERS.items():
        with faults.gather(step("", name)):
            if name in _REQUIRED and document.get(name) is None:
                raise refuse("required", "", f"Un cycle doit avoir « {name} ».", f"A cycle must have “{name}”.")
            values[name] = read(document.get(name, _OPTIONAL.get(name)))
    faults.raise_if_any()
    return Cycle(**values)


def cycle_document(cycle: Cycle) -> dict[str, Any]:
    """The cycle as plain JSON values, from which `parse_cycle` makes the same cycle."""
    cut_off = cycle.cut_off
    return {
        "id": cycle.id,
        "name": cycle.name,
        "timezone": cycle.timezone,
        "dtstart": cycle.dtstart.isoformat(),
        "rrule": cycle.rrule,
        "exdates": [day.isoformat() for day in cycle.exdates],
        "rdates": [day.isoformat() for day in cycle.rdates],
        "cut_off": cut_off and {"days_before": cut_off.days_before, "time": f"{cut_off.time:%H:%M}"},
        "holidays": cycle.holidays,
    }


def _text(value: object) -> str:
    # As it is typed, decomposed; the length is asked first.
    text = composed(value) if isinstance(value, str) and len(value) <= 5 * MAX_TEXT else ""
    if not text or text != text.strip() or not is_text(text, MAX_TEXT):
        raise refuse(
            "text",
            "",
            f"Attendu : un texte de 1 à {MAX_TEXT} caractères visibles, sans espace autour.",
            f"Expected a text of 1 to {MAX_TEXT} visible characters, without space around it.",
        )
    return text


def _id(value: object) -> str:
    """Without what shows as nothing, which would make two ids look like one."""
    text = _text(value)
    if not text.isprintable():
        raise refuse("text", "", "Un identifiant de caractères visibles.", "An id of visible characters.")
    return text


def _timezone(value: object) -> str:
    try:
        if isinstance(value, str) and _ZONE.fullmatch(value):
            ZoneInfo(value)
            return value
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise refuse(
        "timezone",
        "",
        "Attendu : un fuseau de la base IANA, comme America/Toronto.",
        "Expected a zone of the IANA database, such as America/Toronto.",
    )


def _day(value: object) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DATE.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise refuse(
            "date",
            "",
            f"Attendu : une date comme 2021-05-06, de {FIRST_YEAR} à {LAST_YEAR}.",
            f"Expected a date such as 2021-05-06, from {FIRST_YEAR} to {LAST_YEAR}.",
        )
    return day


def _days(value: object) -> tuple[date, ...]:
    if not isinstance(value, list) or len(value) > MAX_DATES:
        raise refuse(
            "dates",
            "",
            f"Attendu : une liste d’au plus {MAX_DATES} dates.",
            f"Expected a list of at most {MAX_DATES} dates.",
        )
    faults, days = Faults(), []
    for index, item in enumerate(value):
        with faults.gather(step("", index)):
            days.append(_day(item))
    faults.raise_if_any()
    return tuple(dict.fromkeys(days))


def _rrule(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_RULE_LENGTH:
        raise refuse(
            "rrule",
            "",
            f"Attendu : une règle RFC 5545 d’au plus {MAX_RULE_LENGTH} caractères, comme FREQ=WEEKLY;BYDAY=TH.",
            f"Expected an RFC 5545 rule of at most {MAX_RULE_LENGTH} characters, such as FREQ=WEEKLY;BYDAY=TH.",
        )
    _check_counts_days(parse_rule(value))
    return value.upper()


def _check_counts_days(rule: Rule) -> None:
    faults = Faults()
    if rule.byhour or rule.byminute or rule.bysecond:
        faults.add(
            "rrule_time",
            "",
            "Un cycle compte en jours : enlevez BYHOUR, BYMINUTE et BYSECOND.",
            "A cycle counts in days: take BYHOUR, BYMINUTE and BYSECOND out.",
        )
    # In which zone its time is meant, and so which day is the last, can only be guessed.
    if isinstance(rule.until, datetime):
        faults.add(
            "rrule_until",
            "",
            "UNTIL est le dernier jour, sans heure, comme UNTIL=20210701.",
            "UNTIL is the last day, without a time, such as UNTIL=20210701.",
        )
    if rule.freq in ("DAILY", "WEEKLY") and any(nth for nth, _ in rule.byday):
        faults.add(
            "rrule_byday",
            "",
            f"BYDAY n’a pas de numéro avec FREQ={rule.freq} ; écrivez TH, pas 2TH.",
            f"BYDAY has no number with FREQ={rule.freq}; write TH, not 2TH.",
        )
    faults.raise_if_any()


def _cut_off(value: object) -> CutOff | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"days_before", "time"}:
        raise refuse(
            "cut_off",
            "",
            'Attendu : null, ou {"days_before": 1, "time": "12:00"}.',
            'Expected null, or {"days_before": 1, "time": "12:00"}.',
        )
    faults = Faults()
    days, clock = value["days_before"], value["time"]
    if type(days) is not int or not 0 <= days <= MAX_DAYS_BEFORE:
        faults.add(
            "days_before",
            "/days_before",
            f"Attendu : un nombre entier de jours, de 0 à {MAX_DAYS_BEFORE}.",
            f"Expected a whole number of days, from 0 to {MAX_DAYS_BEFORE}.",
        )
    match = _TIME.fullmatch(clock) if isinstance(clock, str) else None
    if match is None:
        faults.add("time", "/time", "Attendu : une heure comme 12:00.", "Expected a time such as 12:00.")
    faults.raise_if_any()
    return CutOff(days, time.fromisoformat(clock))


def _holidays(value: object) -> str:
    if not isinstance(value, str) or value not in HOLIDAYS:
        expected = ", ".join(HOLIDAYS)
        raise refuse("holidays", "", f"Attendu : {expected}.", f"Expected one of {expected}.")
    return value


_READERS: dict[str, Callable[[object], Any]] = {
    "id": _id,
    "name": _text,
    "timezone": _timezone,
    "dtstart": _day,
    "rrule": _rrule,
    "exdates": _days,
    "rdates": _days,
    "cut_off": _cut_off,
    "holidays": _holidays,
}
