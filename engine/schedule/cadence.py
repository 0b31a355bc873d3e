"""Days and delivery cycles in words, French and English."""

from collections.abc import Sequence
from datetime import date

from houblon.engine.core.problem import Text
from houblon.engine.schedule.cycle import Cycle
from houblon.engine.schedule.rrule import Rule, parse_rule

_DAYS_FR = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_MONTHS_EN = "January February March April May June July August September October November December".split()
_NUMBERS_FR = ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")
_NUMBERS_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NTH = {
    1: Text("premier", "first"),
    2: Text("deuxième", "second"),
    3: Text("troisième", "third"),
    4: Text("quatrième", "fourth"),
    5: Text("cinquième", "fifth"),
    -1: Text("dernier", "last"),
    -2: Text("avant-dernier", "second-to-last"),
}
_BY = ("byday", "bymonth", "bymonthday", "byyearday", "byweekno", "bysetpos", "byhour", "byminute", "bysecond")


def day_text(day: date) -> Text:
    """« 1er juillet 2021 », “July 1, 2021”."""
    number = "1er" if day.day == 1 else str(day.day)
    return Text(
        f"{number} {_MONTHS_FR[day.month - 1]} {day.year}", f"{_MONTHS_EN[day.month - 1]} {day.day}, {day.year}"
    )


def weekday_text(day: date) -> Text:
    """« jeudi 1er juillet 2021 », “Thursday, July 1, 2021”."""
    said = day_text(day)
    return Text(f"{_DAYS_FR[day.weekday()]} {said.fr}", f"{_DAYS_EN[day.weekday()]}, {said.en}")


def cycle_sentence(cycle: Cycle) -> Text:
    """« les jeudis aux deux semaines, sauf les jours fériés »; names the rule when words fail."""
    parts = [_rule_phrase(cycle), *_dates_phrases(cycle)]
    if cycle.holidays == "skip":
        parts.append(Text("sauf les jours fériés", "except on holidays"))
    if cycle.holidays == "next_day":
        parts.append(
            Text(
                "remis au premier jour non férié si c’est un jour férié",
                "moved to the next day that is no holiday if on one",
            )
        )
    return Text(", ".join(part.fr for part in parts), ", ".join(part.en for part in parts))


def _rule_phrase(cycle: Cycle) -> Text:
    rule = parse_rule(cycle.rrule)
    rhythm = _RHYTHMS[rule.freq](rule, cycle.dtstart)
    if rhythm is None:
        return Text(f"selon la règle {cycle.rrule}", f"by the rule {cycle.rrule}")
    if rule.until is not None:
        last = day_text(rule.until)
        return Text(f"{rhythm.fr}, jusqu’au {last.fr}", f"{rhythm.en}, until {last.en}")
    if rule.count is not None:
        times = "once" if rule.count == 1 else f"{rule.count} times"
        return Text(f"{rhythm.fr}, {rule.count} fois en tout", f"{rhythm.en}, {times} in all")
    return rhythm


def _dates_phrases(cycle: Cycle) -> list[Text]:
    phrases = []
    if out := len(cycle.exdates):
        plural = "s" if out > 1 else ""
        phrases.append(Text(f"sauf {out} date{plural}", f"except {out} date{plural}"))
    if added := len(cycle.rdates):
        plural = "s" if added > 1 else ""
        phrases.append(Text(f"plus {added} date{plural}", f"plus {added} date{plural}"))
    return phrases


def _daily(rule: Rule, _start: date) -> Text | None:
    if _parts(rule):
        return None
    if rule.interval == 1:
        return Text("tous les jours", "every day")
    return Text(f"aux {_number(rule.interval).fr} jours", f"every {_number(rule.interval).en} days")


def _weekly(rule: Rule, start: date) -> Text | None:
    if _parts(rule) - {"byday"}:
        return None
    weekdays = sorted({weekday for _, weekday in rule.byday} or {start.weekday()})
    french = _listed([f"{_DAYS_FR[weekday]}s" for weekday in weekdays]).fr
    english = _listed([_DAYS_EN[weekday] for weekday in weekdays]).en
    number = _number(rule.interval)
    if rule.interval == 1:
        if len(weekdays) == 7:
            return Text("tous les jours", "every day")
        return Text(f"tous les {french}", f"every {english}")
    if rule.interval == 2 and len(weekdays) == 1:
        return Text(f"les {french} aux deux semaines", f"every second {english}")
    # "every third Thursday" would be read as the third one of the month
    return Text(f"les {french} aux {number.fr} semaines", f"every {number.en} weeks on {english}")


def _monthly(rule: Rule, start: date) -> Text | None:
    parts = _parts(rule)
    if not parts or parts == {"bymonthday"}:
        days = _month_days(rule.bymonthday or (start.day,))
    elif parts == {"byday"}:
        days = _nth_weekdays(list(rule.byday))
    elif parts == {"byday", "bysetpos"} and len(rule.byday) == 1 and rule.byday[0][0] == 0:
        days = _nth_weekdays([(nth, rule.byday[0][1]) for nth in rule.bysetpos])
    else:
        days = None
    if days is None or rule.interval == 1:
        return days and Text(days.fr.replace("@", " du mois"), days.en.replace("@", " of the month"))
    number = _number(rule.interval)
    return Text(days.fr.replace("@", f", aux {number.fr} mois"), days.en.replace("@", f", every {number.en} months"))


def _yearly(rule: Rule, start: date) -> Text | None:
    if rule.interval > 1 or _parts(rule) not in (set(), {"bymonth", "bymonthday"}):
        return None
    months, days = rule.bymonth or (start.month,), rule.bymonthday or (start.day,)
    if len(months) > 1 or len(days) > 1 or days[0] < 1:
        return None
    day = "1er" if days[0] == 1 else days[0]
    french, english = _MONTHS_FR[months[0] - 1], _MONTHS_EN[months[0] - 1]
    return Text(f"le {day} {french} de chaque année", f"every {english} {days[0]}")


_RHYTHMS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


# In the two functions below "@" stands where "of the month" goes.


def _nth_weekdays(days: Sequence[tuple[int, int]]) -> Text | None:
    if any(nth not in _NTH for nth, _ in days):
        return None
    if len({weekday for _, weekday in days}) == 1:
        weekday = days[0][1]
        french = _listed([_with_le(_NTH[nth].fr) for nth, _ in days]).fr
        english = _listed([_NTH[nth].en for nth, _ in days]).en
        phrase = Text(f"{french} {_DAYS_FR[weekday]}@", f"the {english} {_DAYS_EN[weekday]}@")
    else:
        phrase = Text(
            _listed([f"{_with_le(_NTH[nth].fr)} {_DAYS_FR[weekday]}" for nth, weekday in days]).fr + "@",
            _listed([f"the {_NTH[nth].en} {_DAYS_EN[weekday]}" for nth, weekday in days]).en + "@",
        )
    return _when_there_is(phrase, any(nth == 5 for nth, _ in days))


def _with_le(word: str) -> str:
    return f"l’{word}" if word[0] in "aeiou" else f"le {word}"


def _month_days(numbers: Sequence[int]) -> Text | None:
    if any(number < -1 for number in numbers):
        return None
    french = ["le dernier jour" if n == -1 else "le 1er" if n == 1 else f"le {n}" for n in numbers]
    english = ["the last day" if n == -1 else f"the {_ordinal(n)}" for n in numbers]
    return _when_there_is(Text(_listed(french).fr + "@", _listed(english).en + "@"), max(numbers) > 28)


def _when_there_is(phrase: Text, rare: bool) -> Text:
    return Text(f"{phrase.fr}, quand il y en a un", f"{phrase.en}, when there is one") if rare else phrase


def _parts(rule: Rule) -> set[str]:
    return {part for part in _BY if getattr(rule, part)}


def _number(number: int) -> Text:
    if number < len(_NUMBERS_FR):
        return Text(_NUMBERS_FR[number], _NUMBERS_EN[number])
    return Text(str(number), str(number))


def _ordinal(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number < 14 else suffix}"


def _listed(words: Sequence[str]) -> Text:
    *head, last = words
    if not head:
        return Text(last, last)
    return Text(f"{', '.join(head)} et {last}", f"{', '.join(head)} and {last}")
