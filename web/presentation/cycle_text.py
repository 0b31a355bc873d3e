"""What a cycle states, member by member, in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import cycle_sentence, day_text
from houblon.engine.schedule.cycle import Cycle

MEMBERS = {
    "name": Text("nom", "name"),
    "timezone": Text("fuseau horaire", "time zone"),
    "dtstart": Text("à partir du", "starting on"),
    "rrule": Text("rythme", "rhythm"),
    "exdates": Text("dates sautées", "dates left out"),
    "rdates": Text("jours ajoutés", "days added"),
    "cut_off": Text("heure limite", "cut-off"),
    "holidays": Text("jours fériés", "holidays"),
}
_HOLIDAYS = {
    "ignore": Text("on livre quand même", "delivered on"),
    "skip": Text("on ne livre pas", "no delivery"),
    "next_day": Text("remis au jour suivant", "put off to the next day"),
}
_NONE = Text("aucune", "none")
_BY_START = Text("selon le jour du début", "by the day of its start")
_NO_DAY = Text("aucun", "none")


def member_text(path: str, value: Any, document: Mapping[str, Any] | None = None) -> Text:
    """The value that a cycle states at `path`, as its `document` has it."""
    if path == "rrule":
        return _rhythm(value, (document or {}).get("dtstart"))
    if path == "dtstart":
        return day_text(date.fromisoformat(value))
    if path in ("exdates", "rdates"):
        days = [day_text(date.fromisoformat(day)) for day in value]
        nothing = _NONE if path == "exdates" else _NO_DAY
        return Text(", ".join(day.fr for day in days), ", ".join(day.en for day in days)) if days else nothing
    if path == "holidays":
        return _HOLIDAYS[value]
    if path == "cut_off":
        return _cut_off(value)
    return Text(value, value)


def _rhythm(rrule: str, start: str | None) -> Text:
    if start is None and "BY" not in rrule and "DAILY" not in rrule:  # it leaves the day to its start
        return _BY_START
    return cycle_sentence(Cycle("", "", "UTC", date.fromisoformat(start or "2001-01-01"), rrule))


def _cut_off(value: dict[str, Any] | None) -> Text:
    if value is None:
        return _NONE
    days = value["days_before"]
    hour, minute = value["time"].split(":")
    plural_fr, plural_en = "s" if days > 1 else "", "" if days == 1 else "s"
    return Text(
        f"{days} jour{plural_fr} avant, à {int(hour)}{NBSP}h{NBSP}{minute}",
        f"{days} day{plural_en} before, at {hour}:{minute}",
    )
