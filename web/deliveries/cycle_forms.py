"""A delivery cycle as a form: what a person ticks and types, and the cycle that it says.

A rule that the form can't show is shown as text. One that nobody touched is kept letter by letter,
so that a cycle opened and saved is the same cycle.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from werkzeug.datastructures import MultiDict

from houblon.engine.core.problem import Faults, Invalid, problem, refuse
from houblon.engine.core.texts import identity
from houblon.engine.schedule.cycle import Cycle, cycle_document
from houblon.engine.schedule.rrule import WEEKDAYS, Rule, parse_rule

WEEKLY, BY_WEEKDAY, BY_DAY, AS_TEXT = "weekly", "monthly_weekday", "monthly_day", "text"
NTHS = (1, 2, 3, 4, 5, -1)
LAST = "dernier"
Typed = Mapping[str, Any]
_BEYOND = ("bymonth", "byyearday", "byweekno", "byhour", "byminute", "bysecond")


class Rhythm(msgspec.Struct, frozen=True):
    """A recurrence that the form can show; `weekdays` are 0 (Monday) to 6, `month_days` -1 the last.

    No weekdays, or no month days: that of the start. `nths` say which of the month's weekdays.
    """

    kind: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    nths: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    until: date | None = None


def rhythm_of(text: str) -> Rhythm | None:
    """What an RRULE says, when the form can show all of it; None when it can't."""
    rule = parse_rule(text)
    if rule.count is not None or rule.wkst or any(getattr(rule, name) for name in _BEYOND):
        return None
    if rule.freq == "WEEKLY" and not rule.bymonthday and not rule.bysetpos and not any(nth for nth, _ in rule.byday):
        weekdays = tuple(sorted({weekday for _, weekday in rule.byday}))
        return Rhythm(WEEKLY, rule.interval, weekdays=weekdays, until=rule.until)
    if rule.freq == "MONTHLY" and not rule.byday and not rule.bysetpos and all(n >= -1 for n in rule.bymonthday):
        days = tuple(sorted(set(rule.bymonthday), key=_from_the_start))
        return Rhythm(BY_DAY, rule.interval, month_days=days, until=rule.until)
    if rule.freq == "MONTHLY" and rule.byday and not rule.bymonthday:
        return _by_weekday(rule)
    return None


def _from_the_start(day: int) -> tuple[bool, int]:
    return day < 0, day


def _by_weekday(rule: Rule) -> Rhythm | None:
    """« Le 2e jeudi », written either way that RFC 5545 has for it."""
    weekdays = {weekday for _, weekday in rule.byday}
    nths = {nth for nth, _ in rule.byday}
    if rule.bysetpos:
        if nths != {0}:
            return None
        nths = set(rule.bysetpos)
    if len(weekdays) != 1 or not nths <= set(NTHS):
        return None
    shown = tuple(nth for nth in NTHS if nth in nths)
    return Rhythm(BY_WEEKDAY, rule.interval, tuple(weekdays), shown, until=rule.until)


def written(rhythm: Rhythm) -> str:
    """The RRULE of a rhythm; `rhythm_of` reads it back."""
    parts = ["FREQ=WEEKLY" if rhythm.kind == WEEKLY else "FREQ=MONTHLY"]
    if rhythm.interval > 1:
        parts.append(f"INTERVAL={rhythm.interval}")
    if rhythm.kind == WEEKLY and rhythm.weekdays:
        parts.append("BYDAY=" + ",".join(WEEKDAYS[day] for day in rhythm.weekdays))
    if rhythm.kind == BY_WEEKDAY:
        parts.append("BYDAY=" + ",".join(f"{nth}{WEEKDAYS[rhythm.weekdays[0]]}" for nth in rhythm.nths))
    if rhythm.month_days:
        parts.append("BYMONTHDAY=" + ",".join(map(str, rhythm.month_days)))
    if rhythm.until:
        parts.append(f"UNTIL={rhythm.until.isoformat().replace('-', '')}")
    return ";".join(parts)


def typed_of(cycle: Cycle | None, start: date, zone: str) -> dict[str, Any]:
    """The form's fields as they show a cycle; None is a new one, from `start` in `zone`."""
    document: dict[str, Any] = cycle_document(cycle) if cycle else {"dtstart": start.isoformat(), "timezone": zone}
    rhythm = rhythm_of(document["rrule"]) if cycle else Rhythm(WEEKLY)
    shown = rhythm or Rhythm(AS_TEXT)
    cut_off = document.get("cut_off") or {}
    interval = str(shown.interval)
    return {
        "id": document.get("id", ""),
        "nom": document.get("name", ""),
        "rythme": shown.kind,
        "semaines": interval if shown.kind == WEEKLY else "1",
        "mois": interval if shown.kind in (BY_WEEKDAY, BY_DAY) else "1",
        "jours": [WEEKDAYS[day] for day in shown.weekdays] if shown.kind == WEEKLY else [],
        "rangs": [str(nth) for nth in shown.nths],
        "jour": WEEKDAYS[shown.weekdays[0]] if shown.kind == BY_WEEKDAY else "MO",
        "quantiemes": ", ".join(LAST if day == -1 else str(day) for day in shown.month_days),
        "jusquau": shown.until.isoformat() if shown.until else "",
        "rrule": document.get("rrule", ""),
        "debut": document["dtstart"],
        "saute": document.get("exdates", []),
        "ajoute": document.get("rdates", []),
        "deplace_de": "",
        "deplace_a": "",
        "feries": document.get("holidays", "ignore"),
        "limite_jours": str(cut_off.get("days_before", "")),
        "limite_heure": cut_off.get("time", ""),
        "fuseau": document["timezone"],
    }


_MANY = ("jours", "rangs", "saute", "ajoute")


def typed_in(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was submitted, with the buttons that skip, move or take back a date already obeyed."""
    names = typed_of(None, date.min, "")
    typed: dict[str, Any] = {
        name: form.getlist(name) if name in _MANY else form.get(name, "").strip() for name in names
    }
    for name in ("saute", "ajoute"):
        typed[name] = [day.strip() for day in typed[name] if day.strip()]
    if typed["deplace_de"] and typed["deplace_a"]:
        _skip(typed, typed["deplace_de"])
        _add(typed, typed["deplace_a"])
        typed["deplace_de"] = typed["deplace_a"] = ""
    if form.get("sauter"):
        _skip(typed, form["sauter"])
    if form.get("deplacer"):
        typed["deplace_de"] = form["deplacer"]
    return typed


def _skip(typed: dict[str, Any], day: str) -> None:
    """A day that was added is no longer; any other one is an exception."""
    if day in typed["ajoute"]:
        typed["ajoute"].remove(day)
    elif day not in typed["saute"]:
        typed["saute"].append(day)


def _add(typed: dict[str, Any], day: str) -> None:
    if day in typed["saute"]:
        typed["saute"].remove(day)
    elif day not in typed["ajoute"]:
        typed["ajoute"].append(day)


def document_of(typed: Typed, known: Cycle | None) -> dict[str, Any]:
    """The cycle's document that the form says; `known` is the cycle as it was.

    Raises Invalid for what is no document at all; `parse_cycle` tells what is wrong in one.
    """
    faults = Faults()
    rrule, cut_off = "", None
    with faults.gather("/rrule"):
        rrule = _rrule(typed, known)
    with faults.gather("/cut_off"):
        cut_off = _cut_off(typed)
    if bool(typed["deplace_de"]) != bool(typed["deplace_a"]):
        faults.add(
            "move",
            "/moved",
            "Pour déplacer une livraison, donnez son jour et le nouveau.",
            "To move a delivery, give its day and the new one.",
        )
    faults.raise_if_any()
    return {
        "id": known.id if known else typed["id"],
        "name": typed["nom"],
        "timezone": typed["fuseau"],
        "dtstart": typed["debut"],
        "rrule": rrule,
        "exdates": list(typed["saute"]),
        "rdates": list(typed["ajoute"]),
        "cut_off": cut_off,
        "holidays": typed["feries"],
    }


def _rrule(typed: Typed, known: Cycle | None) -> str:
    if typed["rythme"] == AS_TEXT:
        return str(typed["rrule"])
    rhythm = _rhythm(typed)
    if known is not None and rhythm_of(known.rrule) == rhythm:
        return known.rrule  # as whoever wrote it has written it
    return written(rhythm)


def _rhythm(typed: Typed) -> Rhythm:
    faults, kind, until = Faults(), typed["rythme"], None
    with faults.gather():
        until = _until(typed["jusquau"])
    interval = 1
    with faults.gather():
        interval = _interval(typed["semaines" if kind == WEEKLY else "mois"])
    weekdays: tuple[int, ...] = ()
    nths: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    if kind == WEEKLY:
        weekdays = tuple(number for number, day in enumerate(WEEKDAYS) if day in typed["jours"])
    elif kind == BY_WEEKDAY:
        weekdays = (WEEKDAYS.index(typed["jour"]),) if typed["jour"] in WEEKDAYS else (0,)
        nths = tuple(nth for nth in NTHS if str(nth) in typed["rangs"])
        if not nths:
            faults.add("nth", "", "Cochez au moins un rang, comme 2e.", "Tick at least one place, such as 2nd.")
    elif kind == BY_DAY:
        with faults.gather():
            month_days = _month_days(typed["quantiemes"])
    else:
        faults.add("rhythm", "", "Choisissez un rythme.", "Choose a rhythm.")
    faults.raise_if_any()
    return Rhythm(kind, interval, weekdays, nths, month_days, until)


def _interval(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not int(text):
        raise refuse("interval", "", "Un nombre entier, au moins 1.", "A whole number, at least 1.")
    return int(text)


def _until(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise refuse(
            "until", "", "La fin est une date comme 2026-12-31.", "The end is a date such as 2026-12-31."
        ) from None


def _month_days(text: str) -> tuple[int, ...]:
    """« 1, 15, dernier » → (1, 15, -1)."""
    words = [word for word in re.split(r"[\s,;]+", text.lower()) if word]
    days = {
        -1 if word in (LAST, "last", "-1") else int(word) if re.fullmatch(r"[0-9]{1,2}", word) else 0 for word in words
    }
    if not all(day == -1 or 1 <= day <= 31 for day in days):
        raise refuse(
            "month_days",
            "",
            "Des jours du mois de 1 à 31, ou « dernier », séparés par des virgules.",
            "Days of the month from 1 to 31, or “last”, separated by commas.",
        )
    return tuple(sorted(days, key=_from_the_start))


def _cut_off(typed: Typed) -> dict[str, Any] | None:
    days, clock = typed["limite_jours"], typed["limite_heure"]
    if not days and not clock:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", days) or not clock:
        raise refuse(
            "cut_off",
            "",
            "L’heure limite a un nombre de jours avant la livraison et une heure ; videz les deux s’il n’y en a pas.",
            "The cut-off has a number of days before the delivery and a time; empty both if there is none.",
        )
    return {"days_before": int(days), "time": clock}


def placed(invalid: Invalid) -> list[tuple[str, Any]]:
    """Each problem with the id of the field it is about."""
    return [(_FIELDS.get(each.pointer.split("/")[1] if each.pointer else "", "nom"), each) for each in invalid.problems]


_FIELDS = {
    "id": "id",
    "name": "nom",
    "timezone": "fuseau",
    "dtstart": "debut",
    "rrule": "rythme",
    "exdates": "saute",
    "rdates": "ajoute",
    "cut_off": "limite_jours",
    "holidays": "feries",
    "moved": "deplace_de",
}


def taken(id: str, ids: Iterable[str]) -> None:
    """Raises Invalid when a new cycle's id is one that is there."""
    if identity(id) in {identity(each) for each in ids}:
        raise Invalid(
            [
                problem(
                    "taken",
                    "/id",
                    f"Le distributeur « {id} » a déjà son cycle\u00a0: modifiez-le plutôt.",
                    f"The distributor “{id}” has a cycle already: edit that one.",
                )
            ]
        )
