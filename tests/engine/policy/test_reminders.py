"""Reminders: on which days, and how that is said."""

from datetime import date

import pytest

from houblon.engine.policy.reminders import Step, days_sentence, steps_of

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("days", "fr", "en"),
    [
        (
            (-3, 7, 21),
            f"3{NBSP}jours avant l’échéance, 7 et 21{NBSP}jours après",
            "3 days before the due date, 7 and 21 days after",
        ),
        ((1,), f"1{NBSP}jour après l’échéance", "1 day after the due date"),
        ((0,), "le jour de l’échéance", "on the due date"),
        (
            (0, 30, 7, 14),
            f"le jour de l’échéance, 7, 14 et 30{NBSP}jours après l’échéance",
            "on the due date, 7, 14 and 30 days after the due date",
        ),
        ((-1, -7), f"7 et 1{NBSP}jours avant l’échéance", "7 and 1 days before the due date"),
    ],
)
def test_days_are_said_in_a_sentence(days, fr, en):
    said = days_sentence(days)
    assert (said.fr, said.en) == (fr, en)


def test_steps_are_days_of_the_calendar_counted_from_the_due_date():
    assert steps_of(date(2024, 2, 28), (1, -3)) == [Step(date(2024, 2, 25), -3), Step(date(2024, 2, 29), 1)]
