"""When a buyer is reminded of what they owe, and in which words: the settings' values, and the days that they mean."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP
from houblon.engine.core.problem import Faults, Text, refuse, step
from houblon.engine.core.texts import is_text

MOST_DAYS = 6
EARLIEST, LATEST = -60, 365
MAX_SUBJECT, MAX_BODY = 150, 2_000


class Step(msgspec.Struct, frozen=True, order=True):
    """A day on which an invoice is to be reminded of: so many days after it was due, before it where below zero."""

    on: date
    days: int


def read_reminders(value: Any) -> dict[str, list[int]]:
    """`{"days": […]}` in its one form: each day once, the earliest first. Raises Invalid."""
    if not isinstance(value, dict) or set(value) != {"days"} or not isinstance(value["days"], list):
        raise refuse(
            "type",
            "",
            'Une liste de jours comptés de l’échéance, comme {"days": [-3, 7, 21]}.',
            'A list of days counted from the due date, such as {"days": [-3, 7, 21]}.',
        )
    if len(value["days"]) > MOST_DAYS:
        raise refuse(
            "too_many",
            "/days",
            f"Pas plus de {MOST_DAYS} rappels pour une facture.",
            f"No more than {MOST_DAYS} reminders of an invoice.",
        )
    faults = Faults()
    for index, each in enumerate(value["days"]):
        if isinstance(each, bool) or not isinstance(each, int) or not EARLIEST <= each <= LATEST:
            faults.add(
                "range",
                step("/days", index),
                f"Un nombre entier de jours, de {-EARLIEST} avant l’échéance à {LATEST} après.",
                f"A whole number of days, from {-EARLIEST} before the due date to {LATEST} after it.",
            )
    faults.raise_if_any()
    days = sorted(set(value["days"]))
    if not days:
        raise refuse("required", "/days", "Donnez au moins un jour.", "Give at least one day.")
    return {"days": days}


def read_letter(value: Any) -> dict[str, dict[str, str]]:
    """`{"subject": {fr, en}, "body": {fr, en}}`, nothing of it empty. Raises Invalid."""
    if not isinstance(value, dict) or set(value) != {"subject", "body"}:
        raise refuse(
            "type", "", "Un objet et un texte : « subject », « body ».", 'A subject and a text: "subject", "body".'
        )
    faults, read = Faults(), {}
    for name, longest, lines in (("subject", MAX_SUBJECT, False), ("body", MAX_BODY, True)):
        with faults.gather(step("", name)):
            read[name] = _in_both(value[name], longest, lines)
    faults.raise_if_any()
    return read


def steps_of(due: date, days: Iterable[int]) -> list[Step]:
    """The days on which an invoice that is due then is to be reminded of, the earliest first."""
    return [Step(due + timedelta(days=each), each) for each in sorted(days)]


def days_sentence(days: Iterable[int]) -> Text:
    """« 3 jours avant l’échéance, 7 et 21 jours après »."""
    ordered = sorted(days)
    before, after = [-each for each in ordered if each < 0], [each for each in ordered if each > 0]
    parts = []
    if before:
        counted = _count(before)
        parts.append(Text(f"{counted.fr} avant l’échéance", f"{counted.en} before the due date"))
    if 0 in ordered:
        parts.append(Text("le jour de l’échéance", "on the due date"))
    if after:
        counted, of = _count(after), _NOTHING if before else _OF
        parts.append(Text(f"{counted.fr} après{of.fr}", f"{counted.en} after{of.en}"))
    return Text(", ".join(each.fr for each in parts), ", ".join(each.en for each in parts))


def step_sentence(days: int) -> Text:
    """« 7 jours après l’échéance »."""
    return days_sentence((days,))


def _count(days: list[int]) -> Text:
    fr, en = ("jour", "day") if days == [1] else ("jours", "days")
    said = [str(each) for each in days]
    return Text(f"{_and(said, 'et')}{NBSP}{fr}", f"{_and(said, 'and')} {en}")


def _and(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


# Said once: « 3 jours avant l’échéance, 7 jours après ».
_OF, _NOTHING = Text(" l’échéance", " the due date"), Text("", "")


def _in_both(value: Any, longest: int, lines: bool) -> dict[str, str]:
    faults = Faults()
    if not isinstance(value, Mapping) or set(value) != {"fr", "en"}:
        raise refuse(
            "type", "", "Un texte dans les deux langues : « fr » et « en ».", 'A text in both languages: "fr" and "en".'
        )
    for language, text in value.items():
        if not is_text(text, longest, lines=lines) or not text.strip():
            faults.add(
                "text",
                step("", language),
                f"Un texte lisible de 1 à {longest} caractères.",
                f"A readable text of 1 to {longest} characters.",
            )
    faults.raise_if_any()
    return {"fr": value["fr"].strip(), "en": value["en"].strip()}
