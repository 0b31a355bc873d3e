"""Delivery cycles: the document, the next delivery, what is passed over, the sentence."""

from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rruleset, rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid, Text
from houblon.engine.schedule.calendar import (
    CutOff,
    Cycle,
    coming,
    cut_off_of,
    cycle_document,
    cycle_sentence,
    deliveries,
    holiday_text,
    is_holiday,
    next_after,
    next_delivery,
    parse_cycle,
)
from tests.effort import steps
from tests.engine.schedule.recurrences import STARTS, rules

MONTREAL = ZoneInfo("America/Toronto")
EVERY_SECOND_THURSDAY = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"
DOCUMENT = {
    "id": "transbroue",
    "name": "Transbroue",
    "timezone": "America/Toronto",
    "dtstart": "2021-05-06",
    "rrule": EVERY_SECOND_THURSDAY,
    "exdates": ["2021-05-20"],
    "rdates": ["2021-05-21"],
    "cut_off": {"days_before": 1, "time": "12:00"},
    "holidays": "skip",
}


def cycle(rrule=EVERY_SECOND_THURSDAY, dtstart=date(2021, 5, 6), **stated):
    return Cycle("transbroue", "Transbroue", "America/Toronto", dtstart, rrule, **stated)


def at(day, hour=10, minute=0, second=0):
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, second=second, tzinfo=MONTREAL)


def faults(**changed):
    with pytest.raises(Invalid) as refused:
        parse_cycle({**DOCUMENT, **changed})
    return [(each.code, each.pointer) for each in refused.value.problems]


# The document


def test_the_document_of_a_cycle_comes_back_as_it_was():
    assert cycle_document(parse_cycle(DOCUMENT)) == DOCUMENT


SHORT_DAYS = st.lists(st.dates(date(1900, 1, 1), date(2999, 12, 31)), max_size=4, unique=True).map(tuple)
CYCLES = st.builds(
    Cycle,
    id=st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True),
    name=st.sampled_from(["Transbroue", "Épicerie d’à côté", "日本"]),
    timezone=st.sampled_from(["America/Toronto", "America/St_Johns", "UTC", "America/Argentina/Salta"]),
    dtstart=st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    rrule=rules(),
    exdates=SHORT_DAYS,
    rdates=SHORT_DAYS,
    cut_off=st.none() | st.builds(CutOff, st.integers(0, 365), st.times().map(lambda t: time(t.hour, t.minute))),
    holidays=st.sampled_from(["ignore", "skip", "next_day"]),
)


@given(CYCLES)
def test_every_cycle_survives_its_document(made):
    assert parse_cycle(cycle_document(made)) == made


def test_what_a_document_leaves_out_has_its_default():
    document = {name: DOCUMENT[name] for name in ("id", "name", "timezone", "dtstart", "rrule")}
    assert parse_cycle(document) == cycle()


def test_every_fault_of_a_document_is_told_at_once():
    document = {
        "id": " x",
        "timezone": "Mars/Olympus",
        "dtstart": "2021-5-6",
        "rrule": "FREQ=HOURLY;BYMONTH=13;X=1",
        "exdates": ["2021-02-30", 3],
        "cut_off": {"days_before": -1, "time": "25:00"},
        "holidays": "sometimes",
        "colour": "red",
    }
    with pytest.raises(Invalid) as refused:
        parse_cycle(document)
    assert [(each.code, each.pointer) for each in refused.value.problems] == [
        ("unknown_member", "/colour"),
        ("text", "/id"),
        ("required", "/name"),
        ("timezone", "/timezone"),
        ("date", "/dtstart"),
        ("sub_daily", "/rrule"),
        ("rrule_value", "/rrule"),
        ("rrule_part", "/rrule"),
        ("date", "/exdates/0"),
        ("date", "/exdates/1"),
        ("days_before", "/cut_off/days_before"),
        ("time", "/cut_off/time"),
        ("holidays", "/holidays"),
    ]
    assert all(each.message.fr and each.message.en for each in refused.value.problems)


@pytest.mark.parametrize(
    ("rrule", "code"),
    [
        ("RRULE:FREQ=WEEKLY", "rrule_part"),
        ("FREQ=SECONDLY", "sub_daily"),
        ("FREQ=WEEKLY;INTERVAL=0", "rrule_value"),
        ("FREQ=WEEKLY;INTERVAL=9999999999", "rrule_value"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20210701", "rrule_count_until"),
        ("FREQ=WEEKLY;UNTIL=20210701T000000Z", "rrule_until"),
        ("FREQ=WEEKLY;BYDAY=2TH", "rrule_byday"),
        ("FREQ=WEEKLY;BYHOUR=9", "rrule_time"),
        ("FREQ=WEEKLY;FREQ=DAILY", "rrule_twice"),
        ("BYDAY=TH", "rrule_freq"),
        ("FREQ=MONTHLY;BYDAY=0MO", "rrule_value"),
        ("FREQ=MONTHLY;BYMONTHDAY=١", "rrule_value"),
        ("FREQ=FORTNIGHTLY", "rrule_value"),
        ("FREQ=WEEKLY;BYDAY=JE", "rrule_value"),
        ("FREQ=WEEKLY;WKST=LU", "rrule_value"),
        ("FREQ=WEEKLY;UNTIL=2021-07-01", "rrule_value"),
        ("FREQ=WEEKLY;UNTIL=20210230", "rrule_value"),
        ("FREQ=DAILY;" + "BYMONTHDAY=" + "1," * 300 + "1", "rrule"),
        ("", "rrule"),
        (["FREQ=DAILY"], "rrule"),
    ],
)
def test_a_rule_that_no_delivery_can_follow_is_refused(rrule, code):
    assert (code, "/rrule") in faults(rrule=rrule)


def test_absurd_documents_are_refused():
    assert faults(exdates=["2021-05-06"] * 1_001) == [("dates", "/exdates")]
    assert faults(dtstart="9999-12-31") == [("date", "/dtstart")]
    assert faults(cut_off={"days_before": True, "time": "12:00"}) == [("days_before", "/cut_off/days_before")]
    assert faults(id="trans\u202ebroue") == [("text", "/id")]
    assert faults(timezone=["America/Toronto"]) == [("timezone", "/timezone")]
    assert faults(cut_off="12:00") == [("cut_off", "/cut_off")]
    assert faults(cut_off={"days_before": 1}) == [("cut_off", "/cut_off")]
    for document in (None, [], "FREQ=DAILY", 3):
        with pytest.raises(Invalid):
            parse_cycle(document)


# The next delivery


def test_the_next_delivery_is_strictly_after_the_acceptance_day():
    assert next_delivery(cycle(), at("2021-05-12")).day == date(2021, 5, 20)
    assert next_delivery(cycle(), at("2021-05-20", hour=0)).day == date(2021, 6, 3)


def test_the_acceptance_day_is_that_of_the_cycle_s_zone():
    # 02:00 UTC on the 20th is still the 19th in Montréal.
    accepted = datetime.fromisoformat("2021-05-20T02:00:00+00:00")
    assert next_delivery(cycle(), accepted).day == date(2021, 5, 20)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        next_delivery(cycle(), datetime(2021, 5, 12))


def test_a_delivery_that_moved_is_found_on_its_new_day():
    moved = cycle(exdates=(date(2021, 5, 20),), rdates=(date(2021, 5, 19),))
    found = next_delivery(moved, at("2021-05-12"))
    assert found.day == date(2021, 5, 19)
    assert found.anchor == date(2021, 5, 6)
    assert next_delivery(moved, at("2021-05-19")).skipped == ((date(2021, 5, 20), "exdate"),)


def test_count_counts_the_days_that_are_taken_out():
    thrice = cycle("FREQ=WEEKLY;BYDAY=TH;COUNT=3", exdates=(date(2021, 5, 13),))
    assert deliveries(thrice, date(2021, 1, 1), 10) == [date(2021, 5, 6), date(2021, 5, 20)]


def test_a_cycle_that_has_ended_has_no_next_delivery():
    assert next_delivery(cycle(EVERY_SECOND_THURSDAY + ";UNTIL=20210603"), at("2021-06-03")) is None


def test_an_order_after_the_cut_off_goes_to_the_following_delivery():
    noon = cycle(cut_off=CutOff(1, time(12)))
    assert next_delivery(noon, at("2021-05-19", hour=12)).day == date(2021, 5, 20)
    late = next_delivery(noon, at("2021-05-19", hour=12, second=1))
    assert (late.day, late.skipped) == (date(2021, 6, 3), ((date(2021, 5, 20), "cut_off"),))


def test_a_cut_off_of_several_deliveries_passes_each():
    daily = cycle("FREQ=DAILY", cut_off=CutOff(3, time(12)))
    found = next_delivery(daily, at("2021-05-12", hour=13))
    assert found.day == date(2021, 5, 16)
    assert [why for _, why in found.skipped] == ["cut_off"] * 3


def test_a_cut_off_knows_which_of_two_equal_hours_an_order_came_in():
    # On 7 November 2021 the hour from 01:00 comes twice; the cut-off is its first 01:30.
    sundays = cycle("FREQ=WEEKLY;BYDAY=MO", cut_off=CutOff(1, time(1, 30)))
    first = at("2021-11-07", hour=1, minute=15)
    assert next_delivery(sundays, first).day == date(2021, 11, 8)
    assert next_delivery(sundays, first.replace(fold=1)).day == date(2021, 11, 15)


# Holidays: 24 June 2021, a Thursday, is one; 1 July, the Thursday after, too.


def test_holidays_are_delivered_on_skipped_or_put_off_by_choice():
    weekly = "FREQ=WEEKLY;BYDAY=TH"
    accepted = at("2021-06-18")
    assert is_holiday(date(2021, 6, 24))
    assert next_delivery(cycle(weekly), accepted).day == date(2021, 6, 24)
    skipped = next_delivery(cycle(weekly, holidays="skip"), accepted)
    assert (skipped.day, skipped.skipped) == (
        date(2021, 7, 8),
        ((date(2021, 6, 24), "holiday"), (date(2021, 7, 1), "holiday")),
    )
    put_off = next_delivery(cycle(weekly, holidays="next_day"), accepted)
    assert (put_off.day, put_off.skipped) == (date(2021, 6, 25), ((date(2021, 6, 24), "holiday"),))


def test_an_order_of_the_holiday_itself_still_gets_the_delivery_that_was_put_off():
    weekly = cycle("FREQ=WEEKLY;BYDAY=TH", holidays="next_day")
    assert next_delivery(weekly, at("2021-06-24")).day == date(2021, 6, 25)
    assert next_delivery(weekly, at("2021-06-25")).day == date(2021, 7, 2)


def test_a_delivery_put_off_to_a_delivery_day_is_one_delivery():
    both = cycle("FREQ=WEEKLY;BYDAY=TH,FR", holidays="next_day")
    assert deliveries(both, date(2021, 6, 18), 3) == [date(2021, 6, 25), date(2021, 7, 2), date(2021, 7, 8)]


def test_a_cycle_of_nothing_but_holidays_has_no_delivery():
    assert next_after(cycle("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25", holidays="skip"), date(2021, 5, 6)) is None


# Against a plain walk


@settings(max_examples=200, deadline=None)
@given(rules(), STARTS, st.lists(st.integers(0, 400), max_size=5), st.lists(st.integers(0, 400), max_size=5))
def test_deliveries_rise_strictly_and_agree_with_a_plain_walk(rrule, start, out, added):
    exdates = tuple({start + timedelta(days) for days in out})
    rdates = tuple({start + timedelta(days) for days in added})
    plain = rruleset()
    midnight = datetime.combine(start, time())
    plain.rrule(rrulestr(rrule, dtstart=midnight))
    for day in exdates:
        plain.exdate(datetime.combine(day, time()))
    for day in rdates:
        plain.rdate(datetime.combine(day, time()))
    found = deliveries(cycle(rrule, start, exdates=exdates, rdates=rdates), start, 30)
    assert found == [each.date() for each in islice(plain.xafter(midnight), 30)]
    assert all(earlier < later for earlier, later in zip(found, found[1:], strict=False))


def test_a_look_up_costs_the_same_next_week_and_in_five_centuries():
    old = cycle("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", date(1970, 1, 1))
    assert next_after(old, date(1970, 1, 2)) == date(1970, 1, 15)
    near, far = (steps(lambda day=day: next_after(old, day)) for day in (date(1999, 1, 2), date(2499, 1, 2)))
    assert far < 5 * near  # five hundred years have 13,000 deliveries
    for year in range(2000, 2900):
        assert next_after(old, date(year, 1, 1)).year in (year, year + 1)


def test_no_bound_and_no_delivery_do_not_hang():
    never = cycle("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    assert next_delivery(never, at("2021-05-12")) is None
    assert next_after(cycle("FREQ=DAILY"), date(9999, 12, 31)) is None
    assert next_after(cycle("FREQ=DAILY", holidays="next_day"), date(1, 1, 1)) == date(2021, 5, 6)


# In words


@given(CYCLES)
def test_every_cycle_has_a_sentence_in_both_languages(made):
    told = cycle_sentence(made)
    assert told.fr and told.en and "@" not in told.fr + told.en


def test_what_comes_is_told_with_what_was_passed_over_and_put_off():
    weekly = cycle(
        "FREQ=WEEKLY;BYDAY=TH",
        date(2021, 6, 3),
        exdates=(date(2021, 6, 10),),
        rdates=(date(2021, 6, 11),),
        holidays="next_day",
    )
    found = coming(weekly, date(2021, 6, 9), 4)
    assert [(each.day, each.added, each.put_off_from) for each in found] == [
        (date(2021, 6, 11), True, None),
        (date(2021, 6, 17), False, None),
        (date(2021, 6, 25), False, date(2021, 6, 24)),
        (date(2021, 7, 2), False, date(2021, 7, 1)),
    ]
    assert found[0].skipped == ((date(2021, 6, 10), "exdate"),)


def test_the_last_moment_for_a_delivery_is_on_the_cycle_s_clocks():
    late = cycle("FREQ=WEEKLY", date(2021, 3, 15), cut_off=CutOff(1, time(12)))
    assert cut_off_of(late, date(2021, 3, 15)).isoformat() == "2021-03-14T12:00:00-04:00"
    assert cut_off_of(late, date(2021, 3, 14)).isoformat() == "2021-03-13T12:00:00-05:00"


def test_a_holiday_has_its_name_in_both_languages():
    assert holiday_text(date(2021, 6, 24)) == Text("Fête nationale du Québec", "Saint Jean Baptiste Day")
    assert holiday_text(date(2021, 6, 23)) is None
