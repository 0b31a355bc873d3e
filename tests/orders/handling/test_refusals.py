"""Refused calls, from many threads at once: each kept once, and one mail to the team."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.credentials.credentials import STANDARD, Sender, add_source
from houblon.orders.db.tables import orders, outbox
from houblon.orders.db.tables.refused import refused_calls
from houblon.orders.handling.order_writer import InProcessWriter
from houblon.orders.handling.refusals import keep_refused, retry, tell_of_refused
from houblon.orders.handling.signed_call import SignedCall, take
from tests.clock import NOW
from tests.orders.postgresql import url  # noqa: F401
from tests.orders.services import make_services, order_body, rows

SENDER = Sender("boutique", (), (), None)
FAULT = refuse("quantity", "/lines/0/quantity", "Un nombre entier est attendu.", "A whole number is expected.")


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request, tmp_path):
    made = make_services(tmp_path, url=request.getfixturevalue("url") if request.param == "postgresql" else None)
    made.ledger.write(lambda connection: add_source(connection, "boutique", lambda count: b"x" * count, NOW))
    yield made
    made.ledger.close()


def people(connection):
    return ["marie@houblon.example", "luc@houblon.example"]


def call(number):
    return SignedCall(SENDER, STANDARD, "", order_body(f"PO-{number}"), NOW, f"m-{number}")


def test_many_at_once_are_each_kept_once_and_told_in_one_mail_to_each(services):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: keep_refused(services, call(number % 6), FAULT, people), range(24)))
        told = list(pool.map(lambda _: tell_of_refused(services, people, NOW + timedelta(hours=1)), range(8)))
    assert sorted((row.order_id, row.count) for row in rows(services, refused_calls)) == [
        (f"PO-{number}", 4) for number in range(6)
    ]
    mails = rows(services, outbox)
    assert sum(told) <= 1 and len(mails) == 2 + 2 * sum(told)
    assert all(row.told_at is not None for row in rows(services, refused_calls)) == (sum(told) == 1)


def test_a_call_that_many_try_again_at_once_is_one_order(services):
    keep_refused(services, call(1), FAULT, people)
    (row,) = rows(services, refused_calls)
    with ThreadPoolExecutor(6) as pool:
        tried = list(pool.map(lambda _: retry(services, InProcessWriter(), row.key, NOW), range(6)))
    assert any(each and each.result for each in tried)
    assert all(each is None or each.result.order_id == "PO-1" for each in tried)
    assert (len(rows(services, orders)), rows(services, refused_calls)) == (1, [])


def test_nothing_is_half_kept_where_the_mail_can_t_be_written(services):
    def nobody(connection):
        raise RuntimeError("accounts can't be read")

    with pytest.raises(RuntimeError):
        keep_refused(services, call(1), FAULT, nobody)
    assert (rows(services, refused_calls), rows(services, outbox)) == ([], [])


def test_what_can_t_be_read_names_no_order(services):
    broken = SignedCall(SENDER, STANDARD, "", b"{", NOW, "m-1")
    with pytest.raises(Invalid) as raised:
        take(services, InProcessWriter(), broken)
    keep_refused(services, broken, raised.value, people)
    (row,) = rows(services, refused_calls)
    assert (row.order_id, row.buyer_id, row.errors[0]["code"]) == (None, None, "json")
