"""Payment terms, and the due-date sum with its derivation."""

import json
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import CutOff, Cycle, parse_cycle
from engine.problem import Invalid, Text
from engine.terms import (
    Terms,
    derivation_document,
    derivation_parts,
    due_date,
    parse_terms,
    parts_of,
    tell_derivation,
    terms_document,
    terms_sentence,
)
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


# The derivation


def test_the_derivation_can_be_stored_and_tells_every_step():
    late = msgspec.structs.replace(CYCLE, exdates=(date(2021, 5, 20),))
    due = due_date(Terms("end_of_month", 10), ACCEPTED, planned_delivery=date(2021, 5, 1), cycle=late)
    document = json.loads(json.dumps(derivation_document(due)))
    steps = [(step["step"], step["date"]) for step in document.pop("steps")]
    assert steps == [
        ("accepted", "2021-05-12"),
        ("planned_ignored", "2021-05-01"),
        ("exdate", "2021-05-20"),
        ("delivery", "2021-06-03"),
        ("month_end", "2021-06-30"),
        ("due", "2021-07-10"),
    ]
    assert document == {
        "basis": "cycle",
        "accepted_on": "2021-05-12",
        "planned_ignored": "2021-05-01",
        "cycle_id": "transbroue",
        "cycle_anchor": "2021-05-06",
        "cut_off": None,
        "skipped": [{"date": "2021-05-20", "why": "exdate"}],
        "put_off_from": None,
        "added": False,
        "delivery_date": "2021-06-03",
        "base_date": "2021-06-03",
        "terms": {"kind": "end_of_month", "days": 10},
        "terms_text": {"fr": "10 jours après la fin du mois", "en": "10 days after the end of the month"},
        "due_date": "2021-07-10",
    }


@pytest.mark.parametrize("with_cycle", [True, False])
@pytest.mark.parametrize(
    "terms", [NET_30, Terms("end_of_month", 10), Terms("on_receipt"), Terms("other", label=Text("troc", "barter"))]
)
def test_what_is_stored_tells_the_same_steps_again(terms, with_cycle):
    odd = {"cut_off": CutOff(9, time(9, 30)), "exdates": (date(2021, 5, 20),), "rdates": (date(2021, 5, 28),)}
    cycle = msgspec.structs.replace(CYCLE, **odd) if with_cycle else None
    due = due_date(terms, ACCEPTED, planned_delivery=date(2021, 5, 1), cycle=cycle)
    stored = json.loads(json.dumps(derivation_parts(due)))
    assert tell_derivation(stored) == derivation_document(due) and "steps" not in stored
    # What was stored with its sentences keeps them.
    assert tell_derivation(derivation_document(due)) is derivation_document(due)
    assert parts_of(derivation_document(due)) == derivation_parts(due)


def test_the_derivation_says_why_the_acceptance_day_counts():
    ended = Cycle("x", "X", "America/Toronto", date(2020, 1, 2), "FREQ=WEEKLY;COUNT=1")
    dues = [due_date(NET_30, ACCEPTED, cycle=cycle) for cycle in (None, ended)]
    told = [derivation_document(due)["steps"][1]["message"] for due in dues]
    assert told[0]["fr"] == "Pas de livraison connue\u00a0: on compte du 12 mai 2021."
    assert told[1]["en"] == "The cycle has no delivery left: counted from May 12, 2021."


def told_of(cycle, at=ACCEPTED):
    """The steps of a due date as English sentences."""
    return [step["message"]["en"] for step in derivation_document(due_date(NET_30, at, cycle=cycle))["steps"]]


def test_the_derivation_tells_the_cut_off_that_was_missed():
    late = msgspec.structs.replace(CYCLE, dtstart=date(2021, 5, 13), cut_off=CutOff(1, time(9, 30)))
    assert told_of(late)[1:3] == [
        "No delivery on May 13, 2021: cut-off passed, May 12, 2021 at 09:30.",
        "Next delivery of the cycle: May 27, 2021.",
    ]
    assert derivation_document(due_date(NET_30, ACCEPTED, cycle=late))["cut_off"] == {"days_before": 1, "time": "09:30"}


def test_the_derivation_tells_a_delivery_that_was_moved_by_hand_and_one_that_a_holiday_moved():
    moved = msgspec.structs.replace(CYCLE, exdates=(date(2021, 5, 20),), rdates=(date(2021, 5, 21),))
    assert told_of(moved)[1:3] == [
        "No delivery on May 20, 2021: date taken out of the cycle.",
        "Delivery added to the cycle: May 21, 2021.",
    ]
    patriots = Cycle("x", "X", "America/Toronto", date(2021, 5, 24), "FREQ=WEEKLY", holidays="next_day")
    assert told_of(patriots)[1:3] == [
        "No delivery on May 24, 2021: holiday, the delivery is put off.",
        "Next delivery of the cycle: May 25, 2021.",
    ]


def test_terms_without_a_due_date_say_so():
    due = due_date(Terms("other", label=Text("selon entente", "as agreed")), ACCEPTED)
    assert derivation_document(due)["steps"][-1] == {
        "step": "no_due_date",
        "date": None,
        "message": {"fr": "Pas de date d’échéance\u00a0: selon entente.", "en": "No due date: as agreed."},
    }


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
