"""A day or an instant as it is written, and nothing that only looks like one."""

from datetime import date, datetime

import pytest

from houblon.engine.core.moments import read_day, read_moment
from houblon.engine.core.problem import Invalid


def test_a_day_is_read_as_machines_write_it():
    assert read_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text", ["2023-02-29", "20240229", "2024-2-29", "2024-W09-4", "٢٠٢٤-٠٢-٢٩", "2024-02-29 ", "", None, 7]
)
def test_no_other_day_is_guessed(text):
    with pytest.raises(Invalid) as refused:
        read_day(text)
    assert [each.code for each in refused.value.problems] == ["date"]


def test_an_instant_has_its_zone():
    assert read_moment("2021-05-12T10:00:00-04:00") == datetime.fromisoformat("2021-05-12T14:00:00+00:00")
    for text in ("2021-05-12T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T00:00:00Z", "hier", None):
        with pytest.raises(Invalid) as refused:
            read_moment(text)
        assert [each.code for each in refused.value.problems] == ["datetime"]
