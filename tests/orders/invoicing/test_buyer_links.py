"""Until when a buyer's link is good, and that each number of it is another link."""

from datetime import date, datetime
from types import SimpleNamespace

import pytest

from houblon.orders.invoicing.buyer_links import last_day
from houblon.orders.invoicing.links import invoice_link, number_of, read_token
from tests.clock import MONTREAL, instant

SECRET = "un secret assez long pour en être un"


def invoice(paid_on=None, kind="invoice", made_at: datetime | None = None, issued_on="2021-05-12"):
    document = {"issued_on": issued_on}
    return SimpleNamespace(kind=kind, paid_on=paid_on, link_made_at=made_at, document=document)


@pytest.mark.parametrize(
    "row, credited_on, months, last",
    [
        (invoice(), None, 12, None),  # owed
        (invoice("2021-06-01"), None, 12, date(2022, 6, 1)),
        (invoice("2021-06-01"), None, 1, date(2021, 7, 1)),
        (invoice("2021-01-31"), None, 1, date(2021, 2, 28)),
        (invoice("2024-02-29"), None, 12, date(2025, 2, 28)),
        (invoice("2021-12-15"), None, 1, date(2022, 1, 15)),
        (invoice(), date(2021, 7, 2), 12, date(2022, 7, 2)),  # taken back
        (invoice("2021-06-01"), date(2021, 7, 2), 12, date(2022, 6, 1)),
        (invoice(kind="credit_note"), None, 12, date(2022, 5, 12)),
        # A link that was made later counts from its day, on the installation's clocks.
        (invoice("2021-06-01", made_at=instant("2023-03-31T22:17:41")), None, 12, date(2024, 3, 31)),
        (invoice("2021-06-01", made_at=instant("2021-05-20T10:00:00")), None, 12, date(2022, 6, 1)),
        (invoice(made_at=instant("2021-05-20T10:00:00")), None, 12, None),
    ],
)
def test_a_link_is_good_for_months_once_nothing_is_owed(row, credited_on, months, last):
    assert last_day(row, credited_on, months, MONTREAL) == last


def test_each_number_is_a_link_of_its_own_and_none_is_made_into_another():
    tokens = [invoice_link("", SECRET, 42, number).rpartition("/")[2] for number in range(3)]
    assert [(read_token(SECRET, token), number_of(token)) for token in tokens] == [(42, 0), (42, 1), (42, 2)]
    signed = tokens[1].partition("~")[2]
    for forged in (
        signed,
        f"2~{signed}",
        f"01~{signed}",
        f"0~{tokens[0]}",
        f"1~{tokens[0]}",
        f"~{tokens[0]}",
        f"²~{signed}",
    ):
        assert read_token(SECRET, forged) is None
    assert read_token("another secret", tokens[1]) is None
