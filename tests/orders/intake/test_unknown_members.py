"""Members of an order that nobody knows, wherever they stand."""

import json

import pytest

from houblon.orders.intake.decode import read_order_and_hash
from houblon.orders.intake.unknown_members import MOST, unknown_members

ORDER = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "comptoir-1"},
    "lines": [{"sku": "IPA", "quantity": 24, "unit_price": "27.00"}] * 2,
    "charges": [{"kind": "shipping", "amount": "12.00"}],
    "payment": {"state": "paid"},
    "stated_total": {"amount": "1308.00"},
}


def told(**members):
    return {each.pointer: each.message.en for each in unknown_members({**ORDER, **members})}


def test_what_is_known_is_not_told():
    assert told() == {} and told(note=None, distributor="transbroue") == {}


@pytest.mark.parametrize(
    ("member", "value", "pointer", "near"),
    [
        ("distribtor", "x", "/distribtor", "distributor"),
        ("Currency", "CAD", "/Currency", "currency"),
        ("buyer", {"id": "c", "provnce": "QC"}, "/buyer/provnce", "province"),
        ("lines", [{"discont": "1.00"}], "/lines/0/discont", "discount"),
        ("charges", [{"ammount": "1.00"}], "/charges/0/ammount", "amount"),
        ("payment", {"refrence": "x"}, "/payment/refrence", "reference"),
        ("stated_total", {"taxes_include": True}, "/stated_total/taxes_include", "taxes_included"),
    ],
)
def test_a_near_one_is_named(member, value, pointer, near):
    said = told(**{member: value})
    assert said.keys() == {pointer} and f"“{near}”" in said[pointer]


def test_one_that_is_near_to_nothing_is_told_alone_and_its_pointer_is_escaped():
    said = told(**{"x/y~z": 1})
    assert said.keys() == {"/x~1y~0z"} and "Did you mean" not in said["/x~1y~0z"]


def test_of_many_lines_a_member_is_told_once_and_of_many_members_so_many():
    assert told(lines=[{"gift": 1}] * 5_000).keys() == {"/lines/0/gift"}
    assert len(told(**{f"x{number}": 1 for number in range(1_000)})) == MOST


def test_they_are_found_where_an_order_is_read():
    order, _, warnings = read_order_and_hash(json.dumps({**ORDER, "distribtor": "x"}).encode())
    assert order.distributor is None and [each.pointer for each in warnings] == ["/distribtor"]
