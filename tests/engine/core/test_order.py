"""An order's JSON: decoded as it is said, or not at all."""

import json

import msgspec
import pytest

from houblon.engine.core.order import decode_order, order_of

ORDER = {
    "id": "PO-1",
    "placed_at": "2021-05-12T09:30:00-04:00",
    "buyer": {"id": "b-1", "overdue_balance": "-5.00", "credit_limit": "100.00"},
    "lines": [{"sku": "IPA", "quantity": 24, "unit_price": "54.00", "discount": "6.00"}],
}


def test_bytes_and_documents_are_read_alike_and_money_is_cents():
    order = decode_order(json.dumps(ORDER).encode())
    assert order == order_of(ORDER)
    assert order.lines[0].value == 24 * 5400 - 600
    assert (order.buyer.overdue_balance, order.buyer.credit_limit, order.currency) == (-500, 10_000, None)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"lines": [{**ORDER["lines"][0], "unit_price": "-54.00"}]}, "$.lines[0].unit_price"),
        ({"lines": [{**ORDER["lines"][0], "discount": 6}]}, "$.lines[0].discount"),
        ({"buyer": {"id": "b-1", "overdue_balance": "5,00"}}, "$.buyer.overdue_balance"),
        ({"buyer": {"id": "b-1", "credit_limit": "-0.01"}}, "$.buyer.credit_limit"),
        ({"lines": []}, "$.lines"),
    ],
)
def test_an_amount_that_is_none_is_refused_where_it_stands(changed, where):
    for read in (order_of, lambda document: decode_order(json.dumps(document).encode())):
        with pytest.raises(msgspec.ValidationError) as refused:
            read({**ORDER, **changed})
        assert f"`{where}`" in str(refused.value)
