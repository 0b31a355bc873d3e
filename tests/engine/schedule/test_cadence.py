"""Days and delivery cycles in words, as they are said here."""

from datetime import date

import pytest

from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import cycle_sentence, day_text, weekday_text
from tests.engine.schedule.test_calendar import cycle


@pytest.mark.parametrize(
    ("rrule", "fr", "en"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "les jeudis aux deux semaines", "every second Thursday"),
        ("FREQ=WEEKLY;BYDAY=TU", "tous les mardis", "every Tuesday"),
        ("FREQ=WEEKLY", "tous les jeudis", "every Thursday"),
        ("FREQ=WEEKLY;BYDAY=TH,TU", "tous les mardis et jeudis", "every Tuesday and Thursday"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=TH", "les jeudis aux trois semaines", "every three weeks on Thursday"),
        ("FREQ=MONTHLY;BYDAY=1MO", "le premier lundi du mois", "the first Monday of the month"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "le dernier lundi du mois", "the last Monday of the month"),
        (
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO,3MO",
            "le premier et le troisième lundi, aux deux mois",
            "the first and third Monday, every two months",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "le 1er et le 15 du mois", "the 1st and the 15th of the month"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "le dernier jour du mois", "the last day of the month"),
        ("FREQ=YEARLY", "le 6 mai de chaque année", "every May 6"),
        ("FREQ=DAILY", "tous les jours", "every day"),
        (
            "FREQ=WEEKLY;UNTIL=20210701",
            "tous les jeudis, jusqu’au 1er juillet 2021",
            "every Thursday, until July 1, 2021",
        ),
        ("FREQ=WEEKLY;COUNT=3", "tous les jeudis, 3 fois en tout", "every Thursday, 3 times in all"),
        ("FREQ=YEARLY;BYWEEKNO=20", "selon la règle FREQ=YEARLY;BYWEEKNO=20", "by the rule FREQ=YEARLY;BYWEEKNO=20"),
        ("FREQ=DAILY;INTERVAL=3", "aux trois jours", "every three days"),
        ("FREQ=DAILY;INTERVAL=11", "aux 11 jours", "every 11 days"),
        ("FREQ=DAILY;BYMONTH=7", "selon la règle FREQ=DAILY;BYMONTH=7", "by the rule FREQ=DAILY;BYMONTH=7"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "tous les jours", "every day"),
        ("FREQ=WEEKLY;BYMONTH=7", "selon la règle FREQ=WEEKLY;BYMONTH=7", "by the rule FREQ=WEEKLY;BYMONTH=7"),
        ("FREQ=WEEKLY;COUNT=1", "tous les jeudis, 1 fois en tout", "every Thursday, once in all"),
        ("FREQ=MONTHLY", "le 6 du mois", "the 6th of the month"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=1", "le 1er, aux 12 mois", "the 1st, every 12 months"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=11,31",
            "le 11 et le 31 du mois, quand il y en a un",
            "the 11th and the 31st of the month, when there is one",
        ),
        (
            "FREQ=MONTHLY;BYDAY=1MO,-2FR",
            "le premier lundi et l’avant-dernier vendredi du mois",
            "the first Monday and the second-to-last Friday of the month",
        ),
        (
            "FREQ=MONTHLY;BYDAY=5TH",
            "le cinquième jeudi du mois, quand il y en a un",
            "the fifth Thursday of the month, when there is one",
        ),
        ("FREQ=MONTHLY;BYDAY=TH", "selon la règle FREQ=MONTHLY;BYDAY=TH", "by the rule FREQ=MONTHLY;BYDAY=TH"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-2",
            "selon la règle FREQ=MONTHLY;BYMONTHDAY=-2",
            "by the rule FREQ=MONTHLY;BYMONTHDAY=-2",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
            "selon la règle FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
            "by the rule FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        ),
        ("FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1", "le 1er juillet de chaque année", "every July 1"),
        ("FREQ=YEARLY;INTERVAL=2", "selon la règle FREQ=YEARLY;INTERVAL=2", "by the rule FREQ=YEARLY;INTERVAL=2"),
        (
            "FREQ=YEARLY;BYMONTH=6,7;BYMONTHDAY=1",
            "selon la règle FREQ=YEARLY;BYMONTH=6,7;BYMONTHDAY=1",
            "by the rule FREQ=YEARLY;BYMONTH=6,7;BYMONTHDAY=1",
        ),
    ],
)
def test_a_cycle_is_told_in_words(rrule, fr, en):
    assert cycle_sentence(cycle(rrule)) == Text(fr, en)


def test_the_sentence_owns_up_to_exceptions_and_holidays():
    told = cycle_sentence(cycle(exdates=(date(2021, 5, 20),), rdates=(date(2021, 5, 19),), holidays="skip"))
    assert told.fr == "les jeudis aux deux semaines, sauf 1 date, plus 1 date, sauf les jours fériés"
    several = cycle(
        exdates=(date(2021, 5, 20), date(2021, 6, 3)),
        rdates=(date(2021, 5, 19), date(2021, 6, 2)),
        holidays="next_day",
    )
    assert cycle_sentence(several).en == (
        "every second Thursday, except 2 dates, plus 2 dates, moved to the next day that is no holiday if on one"
    )


def test_a_day_is_told_as_it_is_written_here():
    assert day_text(date(2021, 7, 1)) == Text("1er juillet 2021", "July 1, 2021")
    assert weekday_text(date(2021, 7, 2)) == Text("vendredi 2 juillet 2021", "Friday, July 2, 2021")
