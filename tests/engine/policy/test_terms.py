"""Payment terms, and the due-date sum."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.engine.core.problem import Invalid, Text
from houblon.engine.policy.terms import Terms, due_date, parse_terms, terms_document, terms_sentence
from houblon.engine.schedule.calendar import Cycle, parse_cycle
from tests.cases import load

NET_30 = Terms("net", 30)
ACCEPTED = datetime.fromisoformat("2021-05-12T10:00:00-04:00")
CYCLE = Cycle("transbroue", "Transbroue", "America/Toronto", date(2021, 5, 6), "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH")


# The sum


def test_the_worked_example_of_the_design():
    due = due_date(NET_30, ACCEPTED, cycle=CYCLE)
    assert (due.basis, due.delivery_date, due.due_date) == ("cycle", date(2021, 5, 20), date(2021, 6, 19))
    alone = due_date(NET_30, ACCEPTED)
    assert (alone.basis, alone.delivery_date, alone.due_date) == ("acceptance", None, date(2021, 6, 11))


def test_recorded_due_dates():
    for case in load("due_date_cases.json"):
        due = due_date(
            Terms("net", case["terms_days"]),
            datetime.fromisoformat(case["accepted"]).replace(hour=10, tzinfo=ZoneInfo("America/Toronto")),
            cycle=_recorded_cycle(case),
        )
        delivery = due.delivery_date and due.delivery_date.isoformat()
        assert delivery == case["next_delivery_strictly_after"], case
        assert due.due_date.isoformat() == case["due"], case
        assert due.basis == ("acceptance" if case["fallback"] else "cycle"), case


def _recorded_cycle(case):
    def dashed(day):
        return f"{day[:4]}-{day[4:6]}-{day[6:]}"

    return parse_cycle(
        {
            "id": "recorded",
            "name": "Recorded",
            "timezone": "America/Toronto",
            "dtstart": dashed(case["dtstart"]),
            "rrule": case["rrule"],
            "exdates": [dashed(day) for day in case["exdate"]],
            "rdates": [dashed(day) for day in case["rdate"]],
        }
    )


def test_the_order_s_own_delivery_comes_first_unless_it_is_over():
    planned = due_date(NET_30, ACCEPTED, planned_delivery=date(2021, 5, 14), cycle=CYCLE)
    assert (planned.basis, planned.due_date) == ("planned_delivery", date(2021, 6, 13))
    same_day = due_date(NET_30, ACCEPTED, planned_delivery=date(2021, 5, 12), cycle=CYCLE)
    assert (same_day.basis, same_day.due_date) == ("planned_delivery", date(2021, 6, 11))
    over = due_date(NET_30, ACCEPTED, planned_delivery=date(2021, 5, 11), cycle=CYCLE)
    assert (over.basis, over.planned_ignored) == ("cycle", date(2021, 5, 11))


def test_the_acceptance_day_is_that_of_the_installation():
    late_evening = datetime.fromisoformat("2021-05-13T03:30:00+00:00")
    assert due_date(NET_30, late_evening).accepted_on == date(2021, 5, 12)
    assert due_date(NET_30, late_evening, "Europe/Paris").accepted_on == date(2021, 5, 13)


def test_a_cycle_of_another_zone_counts_from_the_same_acceptance_day():
    # 01:00 on Thursday the 20th in Montréal is still the 19th in Vancouver.
    west = Cycle("ouest", "Ouest", "America/Vancouver", CYCLE.dtstart, CYCLE.rrule)
    due = due_date(NET_30, datetime.fromisoformat("2021-05-20T01:00:00-04:00"), cycle=west)
    assert (due.accepted_on, due.delivery_date) == (date(2021, 5, 20), date(2021, 6, 3))


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (Terms("net", 0), date(2021, 5, 20)),
        (Terms("on_receipt"), date(2021, 5, 20)),
        (Terms("end_of_month", 0), date(2021, 5, 31)),
        (Terms("end_of_month", 10), date(2021, 6, 10)),
        (Terms("other", label=Text("selon entente", "as agreed")), None),
    ],
)
def test_each_kind_of_terms_counts_from_the_base_date(terms, expected):
    assert due_date(terms, ACCEPTED, cycle=CYCLE).due_date == expected


def test_end_of_month_knows_a_leap_february():
    accepted = datetime.fromisoformat("2024-02-01T10:00:00-05:00")
    assert due_date(Terms("end_of_month", 1), accepted).due_date == date(2024, 3, 1)


def test_the_ends_of_the_calendar_do_not_break_the_sum():
    last = datetime.fromisoformat("9999-12-31T23:30:00-12:00")
    first = datetime.fromisoformat("0001-01-01T00:30:00+12:00")
    assert due_date(Terms("net", 365), last, cycle=CYCLE).due_date == date.max
    assert due_date(Terms("net", 0), first, cycle=CYCLE).due_date == date(2021, 5, 6)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        due_date(NET_30, datetime(2021, 5, 12))


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2998, 1, 1), timezones=st.just(ZoneInfo("America/Toronto"))),
    st.integers(0, 365),
    st.none() | st.dates(date(1900, 1, 1), date(2998, 1, 1)),
    st.sampled_from([None, CYCLE]),
)
def test_a_due_date_is_its_base_date_and_the_days(accepted_at, days, planned, cycle):
    due = due_date(Terms("net", days), accepted_at, planned_delivery=planned, cycle=cycle)
    assert (due.due_date - due.base_date).days == days
    assert due.base_date >= due.accepted_on
    assert due.base_date == (due.delivery_date or due.accepted_on)
    assert (due.basis == "acceptance") == (due.delivery_date is None)


# The document and the sentence


DOCUMENTS = [
    {"kind": "net", "days": 30},
    {"kind": "on_receipt"},
    {"kind": "end_of_month", "days": 10},
    {"kind": "other", "label": {"fr": "selon entente", "en": "as agreed"}},
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_document_of_terms_comes_back_as_it_was(document):
    assert terms_document(parse_terms(document)) == document


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        (None, [""]),
        ("net", [""]),
        ({}, ["/kind"]),
        ({"kind": ["net"]}, ["/kind"]),
        ({"kind": "weekly"}, ["/kind"]),
        ({"kind": "net"}, ["/days"]),
        ({"kind": "net", "days": 366}, ["/days"]),
        ({"kind": "net", "days": -1}, ["/days"]),
        ({"kind": "net", "days": True}, ["/days"]),
        ({"kind": "net", "days": 30.0}, ["/days"]),
        ({"kind": "net", "days": "30", "label": {}}, ["/label", "/days"]),
        ({"kind": "on_receipt", "days": 0}, ["/days"]),
        ({"kind": "other"}, ["/label"]),
        ({"kind": "other", "label": {"fr": " ", "en": "x" * 201}}, ["/label/fr", "/label/en"]),
    ],
)
def test_terms_that_make_no_sense_are_refused_where_they_are_wrong(document, pointers):
    with pytest.raises(Invalid) as refused:
        parse_terms(document)
    assert [each.pointer for each in refused.value.problems] == pointers


@pytest.mark.parametrize(
    ("terms", "basis", "fr", "en"),
    [
        (NET_30, None, "net 30 jours", "net 30 days"),
        (NET_30, "cycle", "30 jours après la livraison", "30 days after delivery"),
        (NET_30, "planned_delivery", "30 jours après la livraison", "30 days after delivery"),
        (NET_30, "acceptance", "30 jours après l’acceptation", "30 days after acceptance"),
        (Terms("net", 1), None, "net 1 jour", "net 1 day"),
        (Terms("on_receipt"), "cycle", "payable sur réception", "due on receipt"),
        (Terms("end_of_month", 0), None, "fin de mois", "end of month"),
        (Terms("end_of_month", 10), None, "10 jours après la fin du mois", "10 days after the end of the month"),
        (Terms("other", label=Text("selon entente", "as agreed")), None, "selon entente", "as agreed"),
    ],
)
def test_terms_are_told_in_words(terms, basis, fr, en):
    assert terms_sentence(terms, basis) == Text(fr, en)
