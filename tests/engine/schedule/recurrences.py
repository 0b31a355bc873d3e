"""Generated recurrence rules and their starts."""

from datetime import date

from hypothesis import strategies as st


def numbers(low, high, signed=False):
    one = st.integers(low, high)
    return st.lists(one | one.map(lambda n: -n) if signed else one, min_size=1, max_size=3, unique=True)


WEEKDAY = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


@st.composite
def rules(draw):
    """A rule that has occurrences (on one that has none, dateutil walks to the year 9999)."""
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": [freq], "INTERVAL": [draw(st.sampled_from([1, 2, 3, 5]))]}
    kind = draw(st.sampled_from(["plain", "byday", "nth", "monthday", "yearday", "weekno", "setpos"]))
    if kind in ("byday", "setpos") or (kind == "nth" and freq in ("DAILY", "WEEKLY")):
        parts["BYDAY"] = draw(st.lists(WEEKDAY, min_size=2, max_size=4, unique=True))
    elif kind == "nth":
        nth = st.tuples(st.sampled_from([1, 2, 3, 4, -1, -2, 5]), WEEKDAY).map(lambda pair: f"{pair[0]}{pair[1]}")
        parts["BYDAY"] = draw(st.lists(nth, min_size=1, max_size=3, unique=True))
    elif kind == "monthday":
        parts["BYMONTHDAY"] = draw(numbers(1, 28, signed=True))
    elif kind == "yearday":
        parts["BYYEARDAY"] = draw(numbers(1, 365, signed=True))
    elif kind == "weekno":
        # Not ±52: dateutil leaves out some of the days that such a week has in another year.
        parts["BYWEEKNO"] = draw(numbers(1, 51, signed=True))
    if kind == "setpos" and freq in ("MONTHLY", "YEARLY"):
        parts["BYSETPOS"] = draw(numbers(1, 8, signed=True))
    if kind in ("plain", "byday") and parts["INTERVAL"][0] in (1, 5) and draw(st.booleans()):
        parts["BYMONTH"] = draw(numbers(1, 12))
    parts["WKST"] = [draw(st.sampled_from(["MO", "SU", "WE"]))]
    return ";".join(f"{name}={','.join(map(str, values))}" for name, values in parts.items())


# To the 28th only: a start on the 31st makes dateutil walk from month to month for the next one.
STARTS = st.dates(date(1999, 1, 1), date(2024, 12, 28)).map(lambda day: day.replace(day=min(day.day, 28)))
