"""Recurrence rules and sets: against recorded cases, and against a plain dateutil walk."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice

from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.schedule.recurrence import LAST_YEAR
from houblon.engine.schedule.rrule import parse_moment
from tests.cases import load
from tests.effort import steps
from tests.engine.schedule.recurrence_sets import occurrences
from tests.engine.schedule.recurrences import STARTS, rules


def recorded():
    """But for EXRULE, which RFC 5545 took out of iCalendar, and which no cycle can hold."""
    return [case for case in load("recurrence_core.json") if not any("EXRULE" in line for line in case["lines"])]


def written(moment, like):
    form = "%Y%m%d" if len(like) == 8 else "%Y%m%dT%H%M%SZ" if like.endswith("Z") else "%Y%m%dT%H%M%S"
    return moment.strftime(form)


def test_recorded_recurrence_sets_have_their_instances():
    for case in recorded():
        found = occurrences(case["lines"], case["dtstart"], case["tz"])
        assert [written(each, case["dtstart"]) for each in found] == case["instances"], case["id"]


def test_the_occurrence_after_a_recorded_one_is_the_recorded_next():
    for case in recorded():
        like = case["dtstart"]
        for after, expected in case["after_next"]:
            found = next(occurrences(case["lines"], like, case["tz"], after=parse_moment(after)), None)
            assert (found and written(found, like)) == expected, case["id"]


def test_local_times_stay_put_while_clocks_change():
    for case in load("dst_montreal.json"):
        found = list(islice(occurrences([f"RRULE:{case['rrule']}"], case["dtstart"], case["tz"]), len(case["local"])))
        assert [f"{each:%Y-%m-%dT%H:%M}" for each in found] == case["local"], case["name"]
        assert [f"{each.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for each in found] == case["utc"], case["name"]


@settings(max_examples=300, deadline=None)
@given(rules(), STARTS, st.none() | st.integers(1, 30))
def test_the_first_occurrences_are_those_of_a_plain_walk(rule, start, count):
    text = rule if count is None else f"{rule};COUNT={count}"
    plain = rrulestr(text, dtstart=datetime(start.year, start.month, start.day))
    found = occurrences([f"RRULE:{text}"], f"{start:%Y%m%d}")
    # The house's calendar ends before dateutil's.
    assert list(islice(found, 40)) == [each.date() for each in islice(plain, 40) if each.year <= LAST_YEAR]


@settings(max_examples=300, deadline=None)
@given(rules(), STARTS, st.integers(0, 4_000))
def test_a_look_up_far_from_the_start_agrees_with_a_plain_walk(rule, start, days):
    midnight = datetime(start.year, start.month, start.day)
    expected = rrulestr(rule, dtstart=midnight).after(midnight + timedelta(days))
    found = next(occurrences([f"RRULE:{rule}"], f"{start:%Y%m%d}", after=start + timedelta(days)), None)
    assert found == (expected and expected.date())


def test_positions_in_a_week_count_from_its_first_day_even_when_the_start_is_later():
    # Thursday 6 May: the week's first delivery day, Monday, is over, so the first is the Monday after.
    lines = ["RRULE:FREQ=WEEKLY;BYDAY=MO,TH;BYSETPOS=1"]
    assert next(occurrences(lines, "20210506")) == date(2021, 5, 10)


def test_numbered_and_plain_weekdays_add_up():
    lines = ["RRULE:FREQ=MONTHLY;BYDAY=1MO,TH;COUNT=6"]
    assert [each.day for each in occurrences(lines, "20210501")] == [3, 6, 13, 20, 27, 3]


def test_weeks_of_the_year_are_those_of_iso_8601():
    decade = [date(2000, 1, 1) + timedelta(days) for days in range(3_653)]
    for week in (1, 2, 52, 53):
        found = set(occurrences([f"RRULE:FREQ=DAILY;BYWEEKNO={week};UNTIL=20091231"], "20000101"))
        assert found == {day for day in decade if day.isocalendar().week == week}


def test_a_week_counted_from_the_end_keeps_its_days_of_the_year_before():
    # Week 1 of 2002, the 52nd from the end, begins on Monday 31 December 2001.
    lines = ["RRULE:FREQ=DAILY;BYWEEKNO=-52"]
    assert list(islice(occurrences(lines, "20011201"), 2)) == [date(2001, 12, 31), date(2002, 1, 1)]


def test_dates_of_other_zones_are_taken_out_by_their_instant():
    lines = ["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20210507T130000Z", "EXDATE;TZID=Europe/Paris:20210508T150000"]
    found = list(occurrences(lines, "20210506T090000", "America/Toronto"))
    assert [each.day for each in found] == [6]


def test_rules_that_never_occur_say_so():
    for rule in ("YEARLY;BYMONTH=2;BYMONTHDAY=30", "DAILY;BYMONTH=2;BYMONTHDAY=30", "WEEKLY;BYDAY=MO;BYSETPOS=2"):
        assert list(occurrences([f"RRULE:FREQ={rule}"], "20210506")) == []


def test_a_year_in_which_nothing_occurs_costs_little():
    never = ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]
    assert steps(lambda: list(occurrences(never, "20210506"))) < 100 * (9_999 - 2021)
