"""How a due date came about: what is stored tells every step."""

import json
from datetime import date, datetime, time

import msgspec
import pytest

from houblon.engine.core.problem import Text
from houblon.engine.policy.derivation import derivation_document, derivation_parts, parts_of, tell_derivation
from houblon.engine.policy.terms import Terms, due_date
from houblon.engine.schedule.calendar import CutOff, Cycle

NET_30 = Terms("net", 30)
ACCEPTED = datetime.fromisoformat("2021-05-12T10:00:00-04:00")
CYCLE = Cycle("transbroue", "Transbroue", "America/Toronto", date(2021, 5, 6), "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH")


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


def test_the_derivation_tells_the_delivery_that_was_planned():
    steps = derivation_document(due_date(NET_30, ACCEPTED, planned_delivery=date(2021, 5, 25), cycle=CYCLE))["steps"]
    assert [step["message"]["en"] for step in steps][1] == "Planned delivery on May 25, 2021."


def test_terms_without_a_due_date_say_so():
    due = due_date(Terms("other", label=Text("selon entente", "as agreed")), ACCEPTED)
    assert derivation_document(due)["steps"][-1] == {
        "step": "no_due_date",
        "date": None,
        "message": {"fr": "Pas de date d’échéance\u00a0: selon entente.", "en": "No due date: as agreed."},
    }
