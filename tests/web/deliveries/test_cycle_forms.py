"""A cycle as a form: opened and saved it is the same cycle; what is ticked is what recurs."""

from datetime import date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from houblon.engine.core.problem import Invalid
from houblon.engine.schedule.calendar import deliveries
from houblon.engine.schedule.cycle import CutOff, Cycle, cycle_document, parse_cycle
from houblon.web.deliveries.cycle_forms import NTHS, Rhythm, document_of, rhythm_of, typed_in, typed_of, written
from tests.engine.schedule.recurrences import STARTS, rules

ZONE = "America/Toronto"
START = date(2021, 5, 6)


def submitted(typed, **changed):
    """The fields as a browser sends them."""
    form = MultiDict()
    for name, value in {**typed, **changed}.items():
        form.setlist(name, value if isinstance(value, list) else [value])
    return form


def saved(cycle, **changed):
    form = submitted(typed_of(cycle, START, ZONE), **changed)
    return document_of(typed_in(form), cycle)


def made(**changed):
    """A new cycle's document."""
    return saved(None, id="t", nom="T", **changed)


def cycle(rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", start=START, **stated):
    return Cycle("t", "T", ZONE, start, rrule, **stated)


DATES = st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=4, unique=True).map(tuple)
ENDS = st.sampled_from(["", ";UNTIL=20300101", ";COUNT=12"])


@settings(max_examples=150, deadline=None)
@given(
    rules(),
    ENDS,
    STARTS,
    DATES,
    DATES,
    st.none() | st.builds(CutOff, st.integers(0, 365), st.times().map(lambda t: t.replace(second=0, microsecond=0))),
    st.sampled_from(["ignore", "skip", "next_day"]),
)
def test_a_cycle_opened_and_saved_is_the_same_whatever_its_rule(rule, end, start, exdates, rdates, cut_off, holidays):
    stated = cycle(rule + end, start, exdates=exdates, rdates=rdates, cut_off=cut_off, holidays=holidays)
    assert saved(stated) == cycle_document(stated)


RHYTHMS = st.one_of(
    st.builds(
        lambda interval, days, until: Rhythm("weekly", interval, weekdays=tuple(sorted(days)), until=until),
        st.integers(1, 60),
        st.sets(st.integers(0, 6)),
        st.none() | st.dates(),
    ),
    st.builds(
        lambda interval, day, nths: Rhythm("monthly_weekday", interval, (day,), tuple(n for n in NTHS if n in nths)),
        st.integers(1, 12),
        st.integers(0, 6),
        st.sets(st.sampled_from(NTHS), min_size=1),
    ),
    st.builds(
        lambda interval, days: Rhythm(
            "monthly_day", interval, month_days=tuple(sorted(days, key=lambda d: (d < 0, d)))
        ),
        st.integers(1, 12),
        st.sets(st.sampled_from([-1, *range(1, 32)]), max_size=4),
    ),
)


@given(RHYTHMS)
def test_what_the_form_writes_it_reads_back(rhythm):
    assert rhythm_of(written(rhythm)) == rhythm


@settings(max_examples=100, deadline=None)
@given(rules(), STARTS)
def test_a_rule_that_the_form_shows_recurs_on_the_same_days_when_written_anew(rule, start):
    rhythm = rhythm_of(rule)
    if rhythm is not None:
        day = start - timedelta(1)
        assert deliveries(cycle(rule, start), day, 12) == deliveries(cycle(written(rhythm), start), day, 12)


@pytest.mark.parametrize(
    ("typed", "rrule"),
    [
        ({"rythme": "weekly"}, "FREQ=WEEKLY"),
        ({"rythme": "weekly", "semaines": "2", "jours": ["TU", "TH"]}, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"),
        ({"rythme": "monthly_weekday", "rangs": ["2"], "jour": "TH"}, "FREQ=MONTHLY;BYDAY=2TH"),
        (
            {"rythme": "monthly_weekday", "mois": "2", "rangs": ["-1", "1"], "jour": "MO"},
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO,-1MO",
        ),
        ({"rythme": "monthly_day", "quantiemes": "15; 1 dernier"}, "FREQ=MONTHLY;BYMONTHDAY=1,15,-1"),
        ({"rythme": "weekly", "jusquau": "2021-12-31"}, "FREQ=WEEKLY;UNTIL=20211231"),
        ({"rythme": "text", "rrule": "FREQ=YEARLY;BYMONTH=6"}, "FREQ=YEARLY;BYMONTH=6"),
    ],
)
def test_what_is_ticked_is_the_rule(typed, rrule):
    assert parse_cycle(made(**typed)).rrule == rrule


@pytest.mark.parametrize(
    "rrule", ["FREQ=MONTHLY;BYDAY=TH;BYSETPOS=2", "FREQ=MONTHLY;BYDAY=2TH", "BYDAY=2TH;FREQ=MONTHLY"]
)
def test_two_writings_of_one_rhythm_show_alike_and_stay_as_written(rrule):
    assert rhythm_of(rrule) == Rhythm("monthly_weekday", 1, (3,), (2,))
    assert saved(cycle(rrule), nom="Autre nom")["rrule"] == rrule


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=WEEKLY;COUNT=3",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,SU",
        "FREQ=DAILY;INTERVAL=10",
        "FREQ=MONTHLY;BYDAY=1MO,2TU",
        "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=YEARLY;BYWEEKNO=20",
    ],
)
def test_a_rule_that_the_form_can_t_show_is_edited_as_text(rrule):
    assert rhythm_of(rrule) is None
    typed = typed_of(cycle(rrule), START, ZONE)
    assert (typed["rythme"], typed["rrule"]) == ("text", rrule)


def test_a_delivery_that_moves_is_skipped_and_added_and_moves_back():
    moved = saved(cycle(), deplace_de="2021-05-20", deplace_a="2021-05-21")
    assert (moved["exdates"], moved["rdates"]) == (["2021-05-20"], ["2021-05-21"])
    back = saved(parse_cycle(moved), deplace_de="2021-05-21", deplace_a="2021-05-20")
    assert back == cycle_document(cycle())


def test_a_button_skips_a_delivery_or_takes_an_added_one_back():
    assert saved(cycle(), sauter="2021-05-20")["exdates"] == ["2021-05-20"]
    added = cycle(rdates=(date(2021, 5, 22),))
    assert saved(added, sauter="2021-05-22")["rdates"] == []
    typed = typed_in(submitted(typed_of(cycle(), START, ZONE), deplacer="2021-05-20"))
    assert typed["deplace_de"] == "2021-05-20"


@pytest.mark.parametrize(
    ("typed", "pointers"),
    [
        ({"semaines": "0"}, ["/rrule"]),
        ({"semaines": "deux", "jusquau": "bientôt"}, ["/rrule", "/rrule"]),
        ({"rythme": "monthly_weekday", "rangs": []}, ["/rrule"]),
        ({"rythme": "monthly_day", "quantiemes": "32"}, ["/rrule"]),
        ({"rythme": "monthly_day", "quantiemes": "²"}, ["/rrule"]),
        ({"rythme": "lunaire"}, ["/rrule"]),
        ({"limite_jours": "1"}, ["/cut_off"]),
        ({"deplace_de": "2021-05-20"}, ["/moved"]),
    ],
)
def test_what_can_t_be_read_is_told_by_its_field(typed, pointers):
    with pytest.raises(Invalid) as refused:
        made(**typed)
    assert [each.pointer for each in refused.value.problems] == pointers


def test_a_new_cycle_starts_weekly_on_the_day_it_is_made():
    document = parse_cycle(made())
    assert msgspec.structs.asdict(document) | {"id": "t"} == msgspec.structs.asdict(cycle("FREQ=WEEKLY"))
    assert datetime.fromisoformat(made()["dtstart"]).date() == START
