"""Money, dates and waits as people read them, in their language and the producer's zone."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from houblon.engine.conditions.figures import NBSP, money_text, number_text
from houblon.engine.schedule.cadence import day_text

_BREAKS = re.compile(r"(?<=«) | (?=[»:;!?])")
_APOSTROPHES = re.compile(r"(?<=[A-Za-z])'(?=(?:s|t|re|ve|ll|d|m)\b)")


def typeset(said: str, language: str) -> str:
    """A sentence as it is printed: English with its apostrophes, French with the spaces that may not break.

    Those are the spaces inside its quotation marks and before its high marks. The sentences of the engine are
    plain ASCII where programs read them too.
    """
    return _APOSTROPHES.sub("’", said) if language == "en" else _BREAKS.sub(NBSP, said)


def money(amount: int, language: str) -> str:
    """Cents → « 1 234,50 $ » or “$1,234.50”."""
    return money_text(amount).in_(language)


def number(value: int, language: str) -> str:
    return number_text(value).in_(language)


def percent(value: str, language: str) -> str:
    """« 9,975 % » or “9.975%”, from a decimal string."""
    return f"{value}%" if language == "en" else f"{value.replace('.', ',')}{NBSP}%"


def day(value: date | str, language: str) -> str:
    """« 1er mai 2021 » or “May 1, 2021”."""
    return day_text(date.fromisoformat(value) if isinstance(value, str) else value).in_(language)


def moment(value: datetime, language: str, zone: ZoneInfo) -> str:
    """« 12 mai 2021 à 14 h 05 » or “May 12, 2021, 2:05 p.m.”"""
    local = value.astimezone(zone)
    if language == "en":
        hour, half = local.hour % 12 or 12, "a.m." if local.hour < 12 else "p.m."
        return f"{day(local.date(), 'en')}, {hour}:{local.minute:02d}{NBSP}{half}"
    return f"{day(local.date(), 'fr')} à {local.hour}{NBSP}h{NBSP}{local.minute:02d}"


def ago(value: datetime, now: datetime, language: str, zone: ZoneInfo) -> str:
    """How long ago, up to a day; after that, the day, with its year unless it is this one."""
    minutes = int((now - value).total_seconds() // 60)
    if minutes >= 24 * 60 or minutes < 0:
        return short_day(value.astimezone(zone).date(), now.astimezone(zone).date(), language)
    if minutes < 1:
        return "just now" if language == "en" else "à l’instant"
    amount, unit = (minutes, "min") if minutes < 60 else (minutes // 60, "h")
    return f"{amount}{NBSP}{unit} ago" if language == "en" else f"il y a {amount}{NBSP}{unit}"


def until(value: datetime, now: datetime, language: str, zone: ZoneInfo) -> str:
    """How long until, up to a day; after that, the moment."""
    seconds = int((value - now).total_seconds())
    if seconds >= 24 * 3600:
        return moment(value, language, zone) if language == "en" else f"le {moment(value, language, zone)}"
    if seconds < 60:
        return "in a moment" if language == "en" else "dans un instant"
    amount, unit = (seconds // 60, "min") if seconds < 3600 else (seconds // 3600, "h")
    return f"in {amount}{NBSP}{unit}" if language == "en" else f"dans {amount}{NBSP}{unit}"


def short_day(value: date, today: date, language: str) -> str:
    """« 12 mai » or “May 12”, with its year unless it is this one."""
    text = day(value, language)
    return text.removesuffix(f", {today.year}").removesuffix(f" {today.year}") if value.year == today.year else text


def file_name(id: str) -> str:
    """An id as part of a file's name, in any system."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in id)
